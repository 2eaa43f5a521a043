#include "bridge/core/table.h"

#include "bridge/core/mem.h"

#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>

#define COUNT 5000

struct item {
    char key[16];
    bool is_seen;
};

static struct item items[COUNT];

static struct str key_of(const struct item *item)
{
    return str_from(item->key);
}

static void fill(struct table *table)
{
    table_init(table);
    for (int i = 0; i < COUNT; i++) {
        snprintf(items[i].key, sizeof(items[i].key), "key-%d", i);
        items[i].is_seen = false;
        assert_null(table_put(table, key_of(&items[i]), &items[i]));
    }
}

static void what_was_put_is_found(void **state)
{
    struct table table;

    (void)state;
    fill(&table);
    assert_int_equal(table.count, COUNT);
    for (int i = 0; i < COUNT; i++) {
        char key[16];

        snprintf(key, sizeof(key), "key-%d", i);
        assert_ptr_equal(table_find(&table, str_from(key)), &items[i]);
    }
    assert_null(table_find(&table, S("key-")));
    assert_null(table_remove(&table, S("key-")));
    table_done(&table);
    assert_null(table_find(&table, S("key-1")));
    assert_null(table_remove(&table, S("key-1")));
}

static void put_replaces_value_and_key(void **state)
{
    struct table table;
    char *old_key = mem_copy_text("k", 1);
    int old_value, new_value;

    (void)state;
    table_init(&table);
    assert_null(table_put(&table, str_from(old_key), &old_value));
    assert_ptr_equal(table_put(&table, S("k"), &new_value), &old_value);
    mem_free(old_key); /* the table must not look at it any more */
    assert_ptr_equal(table_find(&table, S("k")), &new_value);
    assert_int_equal(table.count, 1);
    table_done(&table);
}

static void empty_key_and_nul_bytes_are_keys(void **state)
{
    struct table table;
    int a, b, c;

    (void)state;
    table_init(&table);
    table_put(&table, S(""), &a);
    table_put(&table, S("x\0y"), &b);
    table_put(&table, S("x\0z"), &c);
    assert_ptr_equal(table_find(&table, str_from(NULL)), &a);
    assert_ptr_equal(table_find(&table, S("x\0y")), &b);
    assert_ptr_equal(table_find(&table, S("x\0z")), &c);
    table_done(&table);
}

static void walk_meets_each_once_and_may_remove(void **state)
{
    struct table table;
    struct item *item;
    size_t cursor = 0;
    size_t met = 0;

    (void)state;
    fill(&table);
    while ((item = (struct item *)table_next(&table, &cursor)) != NULL) {
        assert_false(item->is_seen);
        item->is_seen = true;
        met++;
        if (met % 2 == 0) {
            assert_ptr_equal(table_remove(&table, key_of(item)), item);
        }
    }
    assert_int_equal(met, COUNT);
    assert_int_equal(table.count, COUNT / 2);
    assert_null(table_next(&table, &cursor));
    table_done(&table);
}

static void coming_and_going_does_not_grow_it(void **state)
{
    struct table table;
    size_t most = 0;

    (void)state;
    table_init(&table);
    for (int i = 0; i < 20 * COUNT; i++) {
        struct item *item = &items[i % COUNT];

        snprintf(item->key, sizeof(item->key), "n%d", i);
        table_put(&table, key_of(item), item);
        if (i >= 8) {
            char old[16];

            snprintf(old, sizeof(old), "n%d", i - 8);
            assert_non_null(table_remove(&table, str_from(old)));
        }
        most = table.capacity > most ? table.capacity : most;
    }
    assert_int_equal(table.count, 8);
    assert_true(most <= 64);
    table_done(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_put_is_found),
        cmocka_unit_test(put_replaces_value_and_key),
        cmocka_unit_test(empty_key_and_nul_bytes_are_keys),
        cmocka_unit_test(walk_meets_each_once_and_may_remove),
        cmocka_unit_test(coming_and_going_does_not_grow_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
