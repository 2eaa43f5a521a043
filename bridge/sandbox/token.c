#include "bridge/sandbox/token.h"

#include "bridge/core/secret.h"

#include <string.h>

/* nonce 2, position 4, floor 4, epoch 1, day 2, signature 3; all but the nonce are masked. */
#define TOKEN_BYTES     16
#define SIGNED_BYTES    13
#define SIGNATURE_BYTES 3
#define LIFE_DAYS       30

static const char hex[] = "0123456789abcdef";
static const char base64url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void put(unsigned char *at, int64_t value, int n)
{
    for (int i = 0; i < n; i++) {
        at[i] = (unsigned char)(value >> 8 * (n - 1 - i));
    }
}

static int64_t get(const unsigned char *at, int n)
{
    int64_t value = 0;

    for (int i = 0; i < n; i++) {
        value = value << 8 | at[i];
    }
    return value;
}

static void sign(const struct sbx_token_owner *owner, bool is_skip, const unsigned char *bytes,
    unsigned char out[SECRET_HASH_BYTES])
{
    unsigned char text[SIGNED_BYTES + 17];

    memcpy(text, bytes, SIGNED_BYTES);
    put(text + SIGNED_BYTES, owner->user, 8);
    put(text + SIGNED_BYTES + 8, owner->folder, 8);
    text[SIGNED_BYTES + 16] = is_skip;
    secret_hash((struct str){ (const char *)text, sizeof(text) }, owner->key, out);
}

static void mask(const struct sbx_token_owner *owner, unsigned char *bytes)
{
    unsigned char stream[SECRET_HASH_BYTES];

    secret_hash((struct str){ (const char *)bytes, 2 }, owner->key, stream);
    for (int i = 2; i < TOKEN_BYTES; i++) {
        bytes[i] ^= stream[i];
    }
}

struct str sbx_token_write(
    const struct sbx_token_owner *owner, const struct sbx_token *token, struct arena *arena)
{
    unsigned char bytes[TOKEN_BYTES + 2] = { 0 };
    unsigned char signature[SECRET_HASH_BYTES];
    char *out = (char *)arena_alloc(arena, 2 * TOKEN_BYTES + 1);
    size_t n = 0;

    secret_random(bytes, 2);
    put(bytes + 2, token->position, 4);
    put(bytes + 6, token->floor, 4);
    put(bytes + 10, owner->epoch, 1);
    put(bytes + 11, owner->today, 2);
    sign(owner, token->is_skip, bytes, signature);
    memcpy(bytes + SIGNED_BYTES, signature, SIGNATURE_BYTES);
    mask(owner, bytes);
    if (owner->folder != 0) {
        for (size_t i = 0; i < TOKEN_BYTES; i++) {
            out[n++] = hex[bytes[i] >> 4];
            out[n++] = hex[bytes[i] & 15];
        }
        return (struct str){ out, n };
    }
    for (size_t i = 0; i < TOKEN_BYTES; i += 3) {
        int64_t group = get(bytes + i, 3);

        for (int shift = 18; shift >= 0; shift -= 6) {
            out[n++] = base64url[group >> shift & 63];
        }
    }
    return (struct str){ out, 22 }; /* the last two hold no bits */
}

static int digit(char c, const char *alphabet)
{
    const char *at = c != '\0' ? strchr(alphabet, c) : NULL;

    return at != NULL ? (int)(at - alphabet) : -1;
}

/* bits: 4 for hex, 6 for base64url. */
static bool decode(struct str text, const char *alphabet, int bits, unsigned char *out)
{
    uint32_t pending = 0;
    int have = 0;
    size_t n = 0;

    for (size_t i = 0; i < text.n; i++) {
        int value = digit(text.p[i], alphabet);

        if (value < 0) {
            return false;
        }
        pending = (pending << bits | (uint32_t)value) & 0xffff;
        have += bits;
        if (have >= 8) {
            have -= 8;
            if (n == TOKEN_BYTES) {
                return false;
            }
            out[n++] = (unsigned char)(pending >> have);
        }
    }
    return n == TOKEN_BYTES;
}

enum sbx_token_state sbx_token_read(
    const struct sbx_token_owner *owner, struct str text, bool is_skip, struct sbx_token *out)
{
    unsigned char bytes[TOKEN_BYTES];
    unsigned char signature[SECRET_HASH_BYTES];
    int64_t age = 0;

    if (!decode(text, owner->folder != 0 ? hex : base64url, owner->folder != 0 ? 4 : 6, bytes)) {
        return SBX_TOKEN_WRONG;
    }
    mask(owner, bytes);
    sign(owner, is_skip, bytes, signature);
    if (memcmp(signature, bytes + SIGNED_BYTES, SIGNATURE_BYTES) != 0) {
        return SBX_TOKEN_WRONG;
    }
    age = owner->today - get(bytes + 11, 2);
    if (get(bytes + 10, 1) != (owner->epoch & 0xff) || age > LIFE_DAYS) {
        return SBX_TOKEN_EXPIRED;
    }
    *out = (struct sbx_token){
        .is_skip = is_skip,
        .position = get(bytes + 2, 4),
        .floor = get(bytes + 6, 4),
    };
    return SBX_TOKEN_GOOD;
}
