#pragma once
/** How texts are compared in filters (RFC 4790, RFC 5051). Pure. */
#include "bridge/core/arena.h"

enum collation {
    COLLATION_ASCII,   /**< i;ascii-casemap, the default of RFC 4791 */
    COLLATION_OCTET,   /**< i;octet */
    COLLATION_UNICODE, /**< i;unicode-casemap */
    COLLATION_COUNT,
};

/** As in supported-collation-set. */
struct str collation_name(enum collation collation);
/** An absent name or "default" is the default; false if it is none that we know. */
bool collation_parse(struct str name, enum collation *out);
/** The form in which texts that are equal under the collation have equal bytes. */
struct str collation_fold(enum collation collation, struct str text, struct arena *arena);

/** A character that is written otherwise under i;unicode-casemap; made by casemap.py. */
struct casemap_row {
    uint32_t code;
    uint32_t at : 24; /**< in casemap_text */
    uint32_t bytes : 8;
};
#define CASEMAP_CODES 0x110000
extern const struct casemap_row casemap_rows[]; /**< ascending */
extern const size_t casemap_row_count;
/** Where the rows of each 256 codes begin, and behind the last. */
extern const uint16_t casemap_pages[(CASEMAP_CODES >> 8) + 1];
extern const char casemap_text[];
