#include "bridge/core/secret.h"

#include "bridge/core/buf.h"
#include "bridge/core/clock.h"
#include "bridge/core/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>

static char folder[] = "/tmp/duedav-secret-XXXXXX";

static void path_in_folder(char path[64], const char *name)
{
    snprintf(path, 64, "%s/%s", folder, name);
}

static void write_file(const char *path, const char *bytes, size_t n, mode_t mode)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    fclose(file);
    assert_int_equal(chmod(path, mode), 0);
}

static void secret_is_a_copy(void **state)
{
    struct secret secret = { 0 };

    (void)state;
    secret_set(&secret, S("token"));
    assert_string_equal(secret.p, "token");
    secret_set(&secret, str_skip((struct str){ secret.p, secret.n }, 2));
    assert_string_equal(secret.p, "ken");
    secret_done(&secret);
    assert_null(secret.p);
    secret_done(&secret);
}

static void equality_needs_equal_length(void **state)
{
    (void)state;
    assert_true(secret_eq(S("abc"), S("abc")));
    assert_false(secret_eq(S("abc"), S("abd")));
    assert_false(secret_eq(S("abc"), S("ab")));
    assert_true(secret_eq(S(""), str_from(NULL)));
}

static void hash_is_blake2b_256(void **state)
{
    /* BLAKE2b-256 of nothing, as b2sum -l 256 prints it */
    static const unsigned char empty[4] = { 0x0e, 0x57, 0x51, 0xc0 };
    unsigned char a[SECRET_HASH_BYTES], b[SECRET_HASH_BYTES];

    (void)state;
    secret_hash(S(""), S(""), a);
    assert_memory_equal(a, empty, sizeof(empty));
    secret_hash(S("x"), S("key one"), a);
    secret_hash(S("x"), S("key two"), b);
    assert_memory_not_equal(a, b, sizeof(a));
    secret_hash(S("x"), S("key one"), b);
    assert_memory_equal(a, b, sizeof(a));
}

static void sealed_text_opens_only_whole_and_under_its_key(void **state)
{
    struct secret_key key = { { 1 } };
    struct secret_key other = { { 2 } };
    CLEANUP(buf_done) struct buf sealed;
    CLEANUP(buf_done) struct buf again;
    CLEANUP(secret_done) struct secret plain = { 0 };
    struct err err;

    (void)state;
    buf_init(&sealed, 1000);
    buf_init(&again, 1000);
    secret_seal(&key, S("refresh token"), &sealed);
    secret_seal(&key, S("refresh token"), &again);
    assert_false(str_eq(buf_str(&sealed), buf_str(&again)));
    assert_true(secret_open(&key, buf_str(&sealed), &plain, &err));
    assert_string_equal(plain.p, "refresh token");
    assert_false(secret_open(&other, buf_str(&sealed), &plain, &err));
    assert_int_equal(err.kind, ERR_INVALID);
    for (size_t n = 0; n < sealed.n; n++) {
        assert_false(secret_open(&key, str_first(buf_str(&sealed), n), &plain, &err));
    }
    sealed.p[sealed.n - 1] ^= 1;
    assert_false(secret_open(&key, buf_str(&sealed), &plain, &err));
    assert_string_equal(plain.p, "refresh token"); /* failures left it alone */
}

static void nothing_can_be_sealed_too(void **state)
{
    struct secret_key key = { { 1 } };
    CLEANUP(buf_done) struct buf sealed;
    CLEANUP(secret_done) struct secret plain = { 0 };
    struct err err;

    (void)state;
    buf_init(&sealed, 1000);
    secret_seal(&key, S(""), &sealed);
    assert_true(secret_open(&key, buf_str(&sealed), &plain, &err));
    assert_int_equal(plain.n, 0);
}

static void key_file_is_made_once(void **state)
{
    struct secret_key first, second;
    struct stat status;
    struct err err;
    char path[64];

    (void)state;
    path_in_folder(path, "key");
    assert_false(secret_key_load(path, false, &first, &err));
    assert_int_equal(err.kind, ERR_INTERNAL);
    assert_true(secret_key_load(path, true, &first, &err));
    assert_true(secret_key_load(path, true, &second, &err));
    assert_memory_equal(&first, &second, sizeof(first));
    assert_true(secret_key_load(path, false, &second, &err));
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(status.st_nlink, 1); /* the file beside is gone */
    unlink(path);
}

static void bad_key_files_are_refused(void **state)
{
    static const char bytes[33] = "0123456789abcdef0123456789abcdef";
    static const struct {
        size_t n;
        mode_t mode;
    } cases[] = { { 31, 0600 }, { 33, 0600 }, { 0, 0600 }, { 32, 0604 }, { 32, 0640 } };
    struct secret_key key;
    struct err err;
    char path[64];

    (void)state;
    path_in_folder(path, "bad");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        write_file(path, bytes, cases[i].n, cases[i].mode);
        assert_false(secret_key_load(path, true, &key, &err));
        assert_int_equal(err.kind, ERR_INVALID);
        unlink(path);
    }
    write_file(path, bytes, 32, 0400);
    assert_true(secret_key_load(path, true, &key, &err));
    assert_memory_equal(key.bytes, bytes, 32);
    unlink(path);
    assert_false(secret_key_load("/nonexistent/folder/key", true, &key, &err));
    assert_int_equal(err.kind, ERR_INTERNAL);
}

static void random_below_stays_below(void **state)
{
    int counts[7] = { 0 };

    (void)state;
    assert_int_equal(secret_random_below(1), 0);
    for (int i = 0; i < 7000; i++) {
        uint32_t value = secret_random_below(7);

        assert_true(value < 7);
        counts[value]++;
    }
    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        assert_true(counts[i] > 700 && counts[i] < 1300); /* some ten standard deviations */
    }
    assert_true(secret_random_below(UINT32_MAX) < UINT32_MAX);
}

static void random_below_prefers_no_value(void **state)
{
    const uint32_t bound =
        3U << 30; /* a plain remainder would hit the lowest third half the time */
    int low = 0;

    (void)state;
    for (int i = 0; i < 3000; i++) {
        low += secret_random_below(bound) < bound / 3;
    }
    assert_true(low > 800 && low < 1200);
}

/* Each tenth of the bound has its share, and the numbers are those of the last run. */
static void jitter_is_no_chance_while_the_clock_is_held(void **state)
{
    unsigned tenths[10] = { 0 };

    (void)state;
    clock_hold(0);
    assert_int_equal(secret_jitter_below(1000), 618);
    assert_int_equal(secret_jitter_below(1000), 236);
    for (int i = 0; i < 1000; i++) {
        tenths[secret_jitter_below(1000) / 100]++;
    }
    for (size_t i = 0; i < ARRAY_LEN(tenths); i++) {
        assert_in_range(tenths[i], 95, 105);
    }
}

static void ids_are_26_letters_of_base32(void **state)
{
    char id[SECRET_ID_TEXT], other[SECRET_ID_TEXT];

    (void)state;
    secret_random_id(id);
    secret_random_id(other);
    assert_int_equal(strlen(id), 26);
    assert_int_equal(strspn(id, "abcdefghijklmnopqrstuvwxyz234567"), 26);
    assert_string_not_equal(id, other);
}

/* Last: the seed stays. */
static void seed_makes_everything_repeat(void **state)
{
    char id[2][SECRET_ID_TEXT], next[SECRET_ID_TEXT];
    unsigned char long_run[2][1000];

    (void)state;
    for (int i = 0; i < 2; i++) {
        secret_seed(42);
        secret_random_id(id[i]);
        secret_random(long_run[i], sizeof(long_run[i]));
    }
    assert_string_equal(id[0], id[1]);
    assert_memory_equal(long_run[0], long_run[1], sizeof(long_run[0]));
    secret_random_id(next);
    assert_string_not_equal(id[0], next);
    secret_seed(43);
    secret_random_id(next);
    assert_string_not_equal(id[0], next);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secret_is_a_copy),
        cmocka_unit_test(equality_needs_equal_length),
        cmocka_unit_test(hash_is_blake2b_256),
        cmocka_unit_test(sealed_text_opens_only_whole_and_under_its_key),
        cmocka_unit_test(nothing_can_be_sealed_too),
        cmocka_unit_test(key_file_is_made_once),
        cmocka_unit_test(bad_key_files_are_refused),
        cmocka_unit_test(random_below_stays_below),
        cmocka_unit_test(random_below_prefers_no_value),
        cmocka_unit_test(jitter_is_no_chance_while_the_clock_is_held),
        cmocka_unit_test(ids_are_26_letters_of_base32),
        cmocka_unit_test(seed_makes_everything_repeat),
    };

    int failed;

    secret_start();
    if (mkdtemp(folder) == NULL) {
        return 1;
    }
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(folder);
    return failed;
}
