#pragma once
/**
 * A store in a folder of its own, for tests: its query functions can be called straight away on
 * `db` (no loop, no worker; each statement commits on its own).
 */
#include "bridge/core/buf.h"
#include "bridge/core/mem.h"
#include "bridge/store/store.h"
#include "bridge/store/store_internal.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>

struct scratch {
    char folder[64];
    char path[96];      /**< of the store */
    struct store_db db; /**< open if scratch_set_up made it */
    struct arena *arena;
    int64_t user, account, collection; /**< made by scratch_populate */
};

/** For cmocka: *state is a struct scratch; an empty folder, nothing open. */
int scratch_set_up_folder(void **state);
/** The same with db open. */
int scratch_set_up(void **state);
/** The same with a user, an account and a collection. */
int scratch_set_up_populated(void **state);
int scratch_tear_down(void **state);

void scratch_open(struct scratch *scratch);
void scratch_close(struct scratch *scratch);

/** Rows with every field set, told apart by `number`. */
struct store_account sample_account(int64_t user, int number);
struct store_collection sample_collection(int64_t account, int number);
struct store_resource sample_resource(int64_t account, int64_t collection, int number);
int64_t add_user(struct store_db *db, const char *name);
int64_t add_account(struct store_db *db, int64_t user, int number);
int64_t add_collection(struct store_db *db, int64_t account, int number);
int64_t add_resource(struct store_db *db, int64_t account, int64_t collection, int number);

/** The content of a file, or of nothing if it does not exist; free with mem_free. */
char *read_file(const char *path, size_t *n_out);
void write_file(const char *path, const void *bytes, size_t n);

/** A call that must succeed, or fail with a kind; `err` is a local. */
#define OK(call)                                 \
    do {                                         \
        if (!(call)) {                           \
            fail_msg("%s: %s", #call, err.text); \
        }                                        \
    } while (0)
#define FAILS(wanted, call)                                                   \
    do {                                                                      \
        err = (struct err){ 0 };                                              \
        assert_false(call);                                                   \
        if (err.kind != (wanted)) {                                           \
            fail_msg("%s: %s and not %s: %s", #call, err_kind_name(err.kind), \
                err_kind_name(wanted), err.text);                             \
        }                                                                     \
    } while (0)
#define assert_str(view, text)                                                  \
    do {                                                                        \
        struct str seen_ = (view);                                              \
        if (!str_eq(seen_, str_from(text))) {                                   \
            fail_msg("%s is '%.*s' and not '%s'", #view, STR_ARG(seen_), text); \
        }                                                                       \
    } while (0)
#define assert_same(a, b)  assert_true(str_eq(a, b))
#define TEST(name, set_up) cmocka_unit_test_setup_teardown(name, set_up, scratch_tear_down)
