#include "tests/unit/store/scratch.h"

static struct store_operation sample(int64_t account, int64_t collection)
{
    return (struct store_operation){
        .account = account,
        .collection = collection,
        .kind = 3,
        .resource = 4,
        .href = S("task.ics"),
        .uid = S("uid"),
        .upstream_id = S("AAMk"),
        .replaced_etag = S("\"e\""),
        .document = S("BEGIN:VCALENDAR\r\n"),
        .put_hash = S("hash"),
        .wanted = S("task 1\ntitle w\n"),
        .expected = S("task 1\ntitle e\n"),
        .fields = 0x7fff,
        .marker = S("marker"),
        .password = 5,
        .named_rev = 6,
        .created_s = 7,
    };
}

static struct store_operation *list(struct scratch *scratch, int64_t account, size_t wanted)
{
    struct store_operation *rows;
    struct err err;
    size_t count;

    OK(store_operation_list(&scratch->db, account, scratch->arena, &rows, &count, &err));
    assert_int_equal(count, wanted);
    return rows;
}

static void assert_operation(const struct store_operation *a, const struct store_operation *b)
{
    assert_int_equal(a->account, b->account);
    assert_int_equal(a->id, b->id);
    assert_int_equal(a->collection, b->collection);
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->resource, b->resource);
    assert_same(a->href, b->href);
    assert_same(a->uid, b->uid);
    assert_same(a->upstream_id, b->upstream_id);
    assert_same(a->replaced_etag, b->replaced_etag);
    assert_same(a->document, b->document);
    assert_same(a->put_hash, b->put_hash);
    assert_same(a->wanted, b->wanted);
    assert_same(a->expected, b->expected);
    assert_int_equal(a->fields, b->fields);
    assert_same(a->marker, b->marker);
    assert_int_equal(a->password, b->password);
    assert_int_equal(a->named_rev, b->named_rev);
    assert_int_equal(a->created_s, b->created_s);
}

static void operations_come_back_whole_and_in_order(void **state)
{
    struct scratch *scratch = *state;
    struct store_operation row = sample(scratch->account, scratch->collection);
    struct store_operation of_account = sample(scratch->account, 0);
    struct store_operation *rows;
    struct err err;

    OK(store_operation_add(&scratch->db, &row, &row.id, &err));
    OK(store_operation_add(&scratch->db, &of_account, &of_account.id, &err));
    rows = list(scratch, scratch->account, 2);
    assert_operation(&rows[0], &row);
    assert_operation(&rows[1], &of_account);
}

static void an_operation_is_removed_by_its_account(void **state)
{
    struct scratch *scratch = *state;
    int64_t other = add_account(&scratch->db, scratch->user, 2);
    struct store_operation row = sample(scratch->account, scratch->collection);
    struct err err;

    OK(store_operation_add(&scratch->db, &row, &row.id, &err));
    OK(store_operation_remove(&scratch->db, other, row.id, &err));
    list(scratch, other, 0);
    list(scratch, scratch->account, 1);
    OK(store_operation_remove(&scratch->db, scratch->account, row.id, &err));
    OK(store_operation_remove(&scratch->db, scratch->account, row.id, &err));
    list(scratch, scratch->account, 0);
}

static void an_operation_needs_account_and_collection(void **state)
{
    struct scratch *scratch = *state;
    struct store_operation row = sample(scratch->account, 99);
    struct err err;

    FAILS(ERR_NOT_FOUND, store_operation_add(&scratch->db, &row, &row.id, &err));
    row = sample(99, 0);
    FAILS(ERR_NOT_FOUND, store_operation_add(&scratch->db, &row, &row.id, &err));
}

static void rereads_are_a_set(void **state)
{
    struct scratch *scratch = *state;
    int64_t second = add_collection(&scratch->db, scratch->account, 2);
    struct store_reread *rows;
    struct err err;
    size_t count;

    OK(store_reread_add(&scratch->db, scratch->account, second, S("b"), &err));
    OK(store_reread_add(&scratch->db, scratch->account, scratch->collection, S("c"), &err));
    OK(store_reread_add(&scratch->db, scratch->account, scratch->collection, S("a"), &err));
    OK(store_reread_add(&scratch->db, scratch->account, scratch->collection, S("a"), &err));
    OK(store_reread_list(&scratch->db, scratch->account, scratch->arena, &rows, &count, &err));
    assert_int_equal(count, 3);
    assert_int_equal(rows[0].collection, scratch->collection);
    assert_str(rows[0].upstream_id, "a");
    assert_str(rows[1].upstream_id, "c");
    assert_int_equal(rows[2].collection, second);
    assert_str(rows[2].upstream_id, "b");

    OK(store_reread_remove(&scratch->db, scratch->account + 1, scratch->collection, S("a"), &err));
    OK(store_reread_remove(&scratch->db, scratch->account, second, S("a"), &err));
    OK(store_reread_list(&scratch->db, scratch->account, scratch->arena, &rows, &count, &err));
    assert_int_equal(count, 3);
    OK(store_reread_remove(&scratch->db, scratch->account, scratch->collection, S("a"), &err));
    OK(store_collection_remove(&scratch->db, scratch->account, second, &err));
    OK(store_reread_list(&scratch->db, scratch->account, scratch->arena, &rows, &count, &err));
    assert_int_equal(count, 1);
    assert_str(rows[0].upstream_id, "c");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(operations_come_back_whole_and_in_order, scratch_set_up_populated),
        TEST(an_operation_is_removed_by_its_account, scratch_set_up_populated),
        TEST(an_operation_needs_account_and_collection, scratch_set_up_populated),
        TEST(rereads_are_a_set, scratch_set_up_populated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
