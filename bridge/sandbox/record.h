#pragma once
/** The requests that came in, the latest 16384 of them, for tests to look at. */
#include "bridge/core/arena.h"
#include "http/server.h"

struct cJSON;
struct sbx_records;

/** Empty members match everything. */
struct sbx_record_match {
    struct str method;
    struct str path; /**< part of path and query, decoded, without regard to case */
    struct str user;
    int64_t status;  /**< 0: any */
    int64_t after;   /**< only those with a higher number */
    bool is_arrived; /**< also those without an answer yet */
};

struct sbx_records *sbx_records_new(void);
void sbx_records_free(struct sbx_records **records);
void sbx_records_clear(struct sbx_records *records);
/** target: decoded, lower case. Returns the record's number, from 1 on; numbers go on after clear.
 */
int64_t sbx_records_add(struct sbx_records *records, const struct http_request *request,
    struct str target, struct str user);
/** status 0: the connection was cut instead. */
void sbx_records_answer(struct sbx_records *records, int64_t number, int status);
size_t sbx_records_count(const struct sbx_records *records, const struct sbx_record_match *match);
/** An array of objects; the caller frees. */
struct cJSON *sbx_records_write(
    const struct sbx_records *records, const struct sbx_record_match *match);
