#include "tests/unit/store/scratch.h"

static struct store_due *list(struct scratch *scratch, int64_t until_s, int64_t most, size_t wanted)
{
    struct store_due *rows;
    struct err err;
    size_t count;

    OK(store_due_list(
        &scratch->db, scratch->account, until_s, most, scratch->arena, &rows, &count, &err));
    assert_int_equal(count, wanted);
    return rows;
}

static int64_t next(struct scratch *scratch)
{
    struct err err;
    int64_t at_s;

    OK(store_due_next(&scratch->db, scratch->account, &at_s, &err));
    return at_s;
}

static int64_t put(struct scratch *scratch, int number, int64_t due_s)
{
    struct store_resource row = sample_resource(scratch->account, scratch->collection, number);
    struct err err;

    row.due_s = due_s;
    OK(store_resource_put(&scratch->db, &row, &row.id, &err));
    return row.id;
}

static void what_is_due_comes_in_order_of_time(void **state)
{
    struct scratch *scratch = *state;
    int64_t second = put(scratch, 1, 200);
    int64_t first = put(scratch, 2, 100);
    struct store_due *rows;

    put(scratch, 3, 0);
    put(scratch, 4, 300);
    assert_int_equal(next(scratch), 100);
    rows = list(scratch, 299, 10, 2);
    assert_int_equal(rows[0].resource, first);
    assert_int_equal(rows[0].collection, scratch->collection);
    assert_int_equal(rows[0].at_s, 100);
    assert_str(rows[0].href, "task-2.ics");
    assert_int_equal(rows[1].resource, second);
    list(scratch, 299, 1, 1);
    list(scratch, 99, 10, 0);
}

static void a_row_that_is_written_again_has_its_new_time_alone(void **state)
{
    struct scratch *scratch = *state;
    struct store_resource row = sample_resource(scratch->account, scratch->collection, 1);
    struct err err;

    row.id = put(scratch, 1, 100);
    row.due_s = 50;
    OK(store_resource_confirm(&scratch->db, &row, &err));
    assert_int_equal(next(scratch), 50);
    OK(store_due_set(&scratch->db, row.account, row.collection, row.id, 70, &err));
    assert_int_equal(next(scratch), 70);
    list(scratch, 1000, 10, 1);
    row.due_s = 0;
    OK(store_resource_put(&scratch->db, &row, &row.id, &err));
    assert_int_equal(next(scratch), 0);
}

static void what_is_gone_is_not_due(void **state)
{
    struct scratch *scratch = *state;
    int64_t id = put(scratch, 1, 100);
    struct err err;

    OK(store_resource_bury(&scratch->db, scratch->account, scratch->collection, id, 2, 3, &err));
    assert_int_equal(next(scratch), 0);
    put(scratch, 2, 100);
    OK(store_collection_remove(&scratch->db, scratch->account, scratch->collection, &err));
    assert_int_equal(next(scratch), 0);
    FAILS(ERR_NOT_FOUND,
        store_due_set(&scratch->db, scratch->account, scratch->collection, 99, 1, &err));
}

static void a_resource_that_is_not_sent_waits(void **state)
{
    struct scratch *scratch = *state;
    struct store_resource row = sample_resource(scratch->account, scratch->collection, 1);
    struct store_resource *rows;
    struct err err;
    size_t count;

    put(scratch, 2, 0);
    row.upstream_id = S("");
    OK(store_resource_put(&scratch->db, &row, &row.id, &err));
    OK(store_resource_waiting(
        &scratch->db, scratch->account, scratch->collection, scratch->arena, &rows, &count, &err));
    assert_int_equal(count, 1);
    assert_int_equal(rows[0].id, row.id);
    OK(store_resource_unseen(&scratch->db, scratch->account, scratch->collection, 99, INT64_MAX,
        scratch->arena, &rows, &count, &err));
    assert_int_equal(count, 1); /* it can't have been seen */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_due_comes_in_order_of_time, scratch_set_up_populated),
        TEST(a_row_that_is_written_again_has_its_new_time_alone, scratch_set_up_populated),
        TEST(what_is_gone_is_not_due, scratch_set_up_populated),
        TEST(a_resource_that_is_not_sent_waits, scratch_set_up_populated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
