#pragma once
/**
 * A view of bytes that somebody else owns. It need not end in NUL and may hold any byte.
 * All functions are pure; none allocates.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct str {
    const char *p;
    size_t n;
};

/** A view of a string literal, also in static tables. */
#define STR(literal)                   \
    {                                  \
        (literal), sizeof(literal) - 1 \
    }
/** The same as an expression. */
#define S(literal) ((struct str)STR(literal))
/** For printf: "%.*s", STR_ARG(view). */
#define STR_ARG(s) (int)(s).n, (s).p

/** A view of a NUL-terminated string; of nothing for NULL. */
struct str str_from(const char *text);
bool str_eq(struct str a, struct str b);
/** Equal without regard to the case of A-Z. */
bool str_eq_nocase(struct str a, struct str b);
/** Byte order, shorter first on a tie: <0, 0, >0. */
int str_compare(struct str a, struct str b);
bool str_has_prefix(struct str s, struct str prefix);
bool str_has_prefix_nocase(struct str s, struct str prefix);
bool str_has_suffix(struct str s, struct str suffix);
/** Position of needle in s, or SIZE_MAX. */
size_t str_find(struct str s, struct str needle);
size_t str_find_char(struct str s, char c);
/** s from byte `from` on (nothing if beyond the end). */
struct str str_skip(struct str s, size_t from);
/** The first n bytes, or all of s if it is shorter. */
struct str str_first(struct str s, size_t n);
/** Without spaces and tabs at both ends. */
struct str str_trim(struct str s);
/**
 * Split off what comes before the first `separator`: *head_out gets it, *rest goes behind the
 * separator. At the end of the text the remainder is the last head. False when nothing is left
 * (rest->p == NULL).
 */
bool str_next(struct str *rest, char separator, struct str *head_out);
/** Decimal, digits only (one leading '-' for i64); false on anything else or on overflow. */
bool str_to_u64(struct str s, uint64_t *out);
bool str_to_i64(struct str s, int64_t *out);
/** Is s valid UTF-8 (RFC 3629: no surrogates, no overlong forms, at most U+10FFFF)? */
bool str_is_utf8(struct str s);
/** Keyed hash (SipHash, one random key per process), for tables of outside strings. */
uint64_t str_hash(struct str s);
