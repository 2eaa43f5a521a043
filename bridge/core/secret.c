#include "bridge/core/secret.h"

#include "bridge/core/buf.h"
#include "bridge/core/clock.h"
#include "bridge/core/mem.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static_assert(SECRET_KEY_BYTES == crypto_secretbox_KEYBYTES, "key size of secretbox");
static_assert(SECRET_HASH_BYTES <= crypto_generichash_BYTES_MAX, "hash size of BLAKE2b");

static atomic_bool is_seeded;
static _Atomic uint64_t seed_value;
static _Atomic uint64_t seed_counter;

static unsigned char hash_key[crypto_shorthash_KEYBYTES];
static pthread_once_t hash_key_once = PTHREAD_ONCE_INIT;

void secret_start(void)
{
    if (sodium_init() < 0) {
        fprintf(stderr, "duedav: libsodium does not start\n");
        abort();
    }
}

void secret_set(struct secret *secret, struct str value)
{
    struct secret copy = { mem_copy_text(value.p, value.n), value.n };

    secret_done(secret); /* after the copy: value may be a view of it */
    *secret = copy;
}

void secret_done(struct secret *secret)
{
    if (secret->p != NULL) {
        sodium_memzero(secret->p, secret->n);
        mem_free(secret->p);
    }
    *secret = (struct secret){ 0 };
}

bool secret_eq(struct str a, struct str b)
{
    return a.n == b.n && (a.n == 0 || sodium_memcmp(a.p, b.p, a.n) == 0);
}

void secret_random(void *out, size_t n)
{
    unsigned char seed[randombytes_SEEDBYTES] = { 0 };
    uint64_t words[2];

    if (!atomic_load(&is_seeded)) {
        randombytes_buf(out, n);
        return;
    }
    words[0] = atomic_load(&seed_value);
    words[1] = atomic_fetch_add(&seed_counter, 1);
    memcpy(seed, words, sizeof(words));
    randombytes_buf_deterministic(out, n, seed);
}

void secret_random_id(char out[SECRET_ID_TEXT])
{
    static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
    unsigned char bytes[16];
    unsigned bits = 0;
    unsigned count = 0;
    size_t n = 0;

    secret_random(bytes, sizeof(bytes));
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bits = (bits << 8 | bytes[i]) & 0xfff; /* at most 4 bits wait, then 8 come */
        for (count += 8; count >= 5; count -= 5) {
            out[n++] = digits[bits >> (count - 5) & 31];
        }
    }
    out[n++] = digits[bits << (5 - count) & 31];
    assert(n == SECRET_ID_TEXT - 1);
    out[n] = '\0';
}

uint32_t secret_random_below(uint32_t bound)
{
    uint32_t skip = (0U - bound) % bound; /* so many values would make the low ones likelier */
    uint32_t value;

    assert(bound > 0);
    do {
        secret_random(&value, sizeof(value));
    } while (value < skip);
    return value % bound;
}

uint32_t secret_jitter_below(uint32_t bound)
{
    static uint32_t share; /* of 2^32; steps of the golden ratio spread evenly, however many */

    if (!clock_is_held()) {
        return secret_random_below(bound);
    }
    share += 2654435769U;
    return (uint32_t)((uint64_t)bound * share >> 32);
}

void secret_seed(uint64_t seed)
{
    atomic_store(&seed_value, seed);
    atomic_store(&seed_counter, 0);
    atomic_store(&is_seeded, true);
}

void secret_hash(struct str s, struct str key, unsigned char out[SECRET_HASH_BYTES])
{
    assert(key.n <= crypto_generichash_KEYBYTES_MAX);
    crypto_generichash(out, SECRET_HASH_BYTES, (const unsigned char *)s.p, s.n,
        key.n > 0 ? (const unsigned char *)key.p : NULL, key.n);
}

static void make_hash_key(void)
{
    secret_start();
    secret_random(hash_key, sizeof(hash_key));
}

uint64_t str_hash(struct str s)
{
    unsigned char bytes[crypto_shorthash_BYTES];
    uint64_t hash;

    pthread_once(&hash_key_once, make_hash_key);
    crypto_shorthash(bytes, (const unsigned char *)s.p, s.n, hash_key);
    memcpy(&hash, bytes, sizeof(hash));
    return hash;
}

/* Everything into a new file of mode 0600, down to the disk. */
static bool write_key_file(const char *path, const struct secret_key *key, struct err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool is_written;
    int saved;

    if (fd < 0) {
        return err_set_code(err, ERR_INTERNAL, errno, "%s: %s", path, strerror(errno));
    }
    errno = EIO; /* for a short write */
    is_written = write(fd, key->bytes, SECRET_KEY_BYTES) == SECRET_KEY_BYTES && fsync(fd) == 0;
    saved = errno;
    close(fd);
    if (!is_written) {
        return err_set_code(err, ERR_INTERNAL, saved, "%s: %s", path, strerror(saved));
    }
    return true;
}

/* The new name must survive a power cut as well as the bytes do. */
static void sync_folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash == NULL ? mem_copy_text(".", 1)
                                 : mem_copy_text(path, slash == path ? 1 : (size_t)(slash - path));
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
    mem_free(folder);
}

/*
 * Written beside and linked into place: the file is there with all its bytes or not at all, and of
 * two processes that start together one wins. "Somebody was faster" counts as done.
 */
static bool create_key_file(const char *path, struct err *err)
{
    struct secret_key key;
    struct buf beside;
    char id[SECRET_ID_TEXT];
    bool is_done;

    randombytes_buf(key.bytes, sizeof(key.bytes)); /* never seeded: it may outlive a test */
    secret_random_id(id);
    buf_init(&beside, 4096);
    buf_printf(&beside, "%s.%s", path, id);
    is_done = buf_ok(&beside, err) && write_key_file(beside.p, &key, err);
    if (is_done && link(beside.p, path) < 0 && errno != EEXIST) {
        is_done = err_set_code(err, ERR_INTERNAL, errno, "%s: %s", path, strerror(errno));
    }
    if (beside.p != NULL) {
        unlink(beside.p);
    }
    sync_folder_of(path);
    sodium_memzero(&key, sizeof(key));
    buf_done(&beside);
    return is_done;
}

static bool read_key_file(int fd, const char *path, struct secret_key *key_out, struct err *err)
{
    struct stat status;
    struct secret_key key;

    if (fstat(fd, &status) < 0) {
        return err_set_code(err, ERR_INTERNAL, errno, "%s: %s", path, strerror(errno));
    }
    if (!S_ISREG(status.st_mode) || status.st_size != SECRET_KEY_BYTES) {
        return err_set(
            err, ERR_INVALID, "%s: not a key file (%d bytes are one)", path, SECRET_KEY_BYTES);
    }
    if ((status.st_mode & 077) != 0) {
        return err_set(err, ERR_INVALID, "%s: others can read this key (mode %03o, wanted: 600)",
            path, status.st_mode & 0777);
    }
    errno = EIO; /* for a short read */
    if (read(fd, key.bytes, SECRET_KEY_BYTES) != SECRET_KEY_BYTES) {
        return err_set_code(err, ERR_INTERNAL, errno, "%s: %s", path, strerror(errno));
    }
    *key_out = key;
    sodium_memzero(&key, sizeof(key));
    return true;
}

bool secret_key_load(const char *path, bool create, struct secret_key *key_out, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool is_read;

    if (fd < 0 && errno == ENOENT && create) {
        if (!create_key_file(path, err)) {
            return false;
        }
        fd = open(path, O_RDONLY | O_CLOEXEC);
    }
    if (fd < 0) {
        return err_set_code(err, ERR_INTERNAL, errno, "%s: %s", path, strerror(errno));
    }
    is_read = read_key_file(fd, path, key_out, err);
    close(fd);
    return is_read;
}

void secret_seal(const struct secret_key *key, struct str plain, struct buf *out)
{
    unsigned char nonce[crypto_secretbox_NONCEBYTES];
    size_t n = plain.n + crypto_secretbox_MACBYTES;
    unsigned char *box = (unsigned char *)mem_alloc(n);

    randombytes_buf(nonce, sizeof(nonce)); /* never seeded: it must not repeat under one key */
    crypto_secretbox_easy(box, (const unsigned char *)plain.p, plain.n, nonce, key->bytes);
    buf_put(out, (struct str){ (const char *)nonce, sizeof(nonce) });
    buf_put(out, (struct str){ (const char *)box, n });
    mem_free(box);
}

bool secret_open(
    const struct secret_key *key, struct str sealed, struct secret *plain_out, struct err *err)
{
    const size_t overhead = crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES;
    struct str box = str_skip(sealed, crypto_secretbox_NONCEBYTES);
    struct secret plain;

    if (sealed.n < overhead) {
        return err_set(err, ERR_INVALID, "sealed text of %zu bytes is too short", sealed.n);
    }
    plain.n = sealed.n - overhead;
    plain.p = (char *)mem_alloc(plain.n + 1);
    if (crypto_secretbox_open_easy((unsigned char *)plain.p, (const unsigned char *)box.p, box.n,
            (const unsigned char *)sealed.p, key->bytes) != 0) {
        secret_done(&plain);
        return err_set(err, ERR_INVALID, "not sealed under this key");
    }
    secret_done(plain_out);
    *plain_out = plain;
    return true;
}
