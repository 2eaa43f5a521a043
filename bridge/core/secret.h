#pragma once
/**
 * Secrets and randomness, over libsodium. A struct secret is wiped when freed and never printed.
 */
#include "bridge/core/err.h"
#include "bridge/core/str.h"

struct secret {
    char *p; /**< NUL-terminated; NULL when empty */
    size_t n;
};

/** Call once at start. Ends the process if libsodium can't start. */
void secret_start(void);
/** A wiped-on-free copy. */
void secret_set(struct secret *secret, struct str value);
/** Wipes and frees; fine on zeros. */
void secret_done(struct secret *secret);
/** Constant time for equal lengths. */
bool secret_eq(struct str a, struct str b);

/** Fill with random bytes. Tests may seed it: secret_seed. */
void secret_random(void *out, size_t n);
/** 128 random bits as 26 characters of [a-z2-7] (RFC 4648 base32, lower case), NUL-terminated. */
#define SECRET_ID_TEXT 27
void secret_random_id(char out[SECRET_ID_TEXT]);
/** Random number below bound (> 0). */
uint32_t secret_random_below(uint32_t bound);
/** The same, for a delay: while a test holds the clock (core/clock.h) the same numbers in each run
 * of the program, so that what a test sees is not left to chance. Loop thread only. */
uint32_t secret_jitter_below(uint32_t bound);
/** Make all of the above deterministic, for tests. */
void secret_seed(uint64_t seed);

/** BLAKE2b-256 of s under key (key may be empty; at most 64 bytes). */
#define SECRET_HASH_BYTES 32
void secret_hash(struct str s, struct str key, unsigned char out[SECRET_HASH_BYTES]);

/** Encryption at rest (secretbox, random nonce in front). */
#define SECRET_KEY_BYTES 32
struct secret_key {
    unsigned char bytes[SECRET_KEY_BYTES];
};
/**
 * Read the key file, or make it (mode 0600) when it does not exist and `create` is set.
 * fails: ERR_INVALID wrong size or readable by others; ERR_INTERNAL cannot read or write
 */
MUST_CHECK bool secret_key_load(
    const char *path, bool create, struct secret_key *key_out, struct err *err);
struct buf;
/** Appends nonce and box to out. */
void secret_seal(const struct secret_key *key, struct str plain, struct buf *out);
/** fails: ERR_INVALID not sealed under this key */
MUST_CHECK bool secret_open(
    const struct secret_key *key, struct str sealed, struct secret *plain_out, struct err *err);
