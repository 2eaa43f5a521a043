#pragma once
/**
 * JSON in, through cJSON with bounds of our own, and JSON out, straight into a buffer. Members are
 * looked up with regard to case (`id` is not `Id`); of doubled members the first counts.
 */
#include "bridge/core/arena.h"
#include "bridge/core/buf.h"
#include "bridge/core/err.h"

struct cJSON;

#define JSON_DEPTH 32 /**< objects and arrays inside each other */

/**
 * One JSON value; the caller frees it with json_free. Half a surrogate pair reads as U+FFFD.
 * fails: ERR_UPSTREAM: not UTF-8, not JSON, deeper than JSON_DEPTH, or a NUL in it in any spelling
 */
MUST_CHECK bool json_parse(struct str text, struct cJSON **json_out, struct err *err);
/** Fine on NULL; leaves NULL behind. */
void json_free(struct cJSON **json);

/** The text of a string value; an empty view for anything else. Borrowed from the value. */
struct str json_text(const struct cJSON *value);
/** The text of a string member; an empty view with p == NULL if it is absent or no string. */
struct str json_member_text(const struct cJSON *object, const char *name);
/**
 * A whole number from min to max. Absent and null leave *out alone.
 * fails: ERR_UPSTREAM: not such a number
 */
MUST_CHECK bool json_member_int(const struct cJSON *object, const char *name, int32_t min,
    int32_t max, int32_t *out, struct err *err);

/** A writer into a buffer that the caller owns. Commas are its business. */
struct json_out {
    struct buf *buf;
    bool needs_comma;
};
void json_out_init(struct json_out *out, struct buf *buf);
/** '{' or '['. */
void json_out_open(struct json_out *out, char bracket);
void json_out_close(struct json_out *out, char bracket);
/** A member's name; its value follows. */
void json_out_name(struct json_out *out, const char *name);
void json_out_text(struct json_out *out, struct str text);
void json_out_int(struct json_out *out, int64_t number);
void json_out_bool(struct json_out *out, bool value);
void json_out_null(struct json_out *out);
/** A whole member with a string value. */
void json_out_member(struct json_out *out, const char *name, struct str text);
/** The same with a value in base64. */
void json_out_bytes(struct json_out *out, const char *name, struct str bytes);
