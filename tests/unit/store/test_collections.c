#include "tests/unit/store/scratch.h"

static void assert_collection(const struct store_collection *a, const struct store_collection *b)
{
    assert_int_equal(a->account, b->account);
    assert_int_equal(a->id, b->id);
    assert_same(a->upstream_id, b->upstream_id);
    assert_same(a->slug, b->slug);
    assert_same(a->name, b->name);
    assert_int_equal(a->is_default, b->is_default);
    assert_int_equal(a->is_hidden, b->is_hidden);
    assert_int_equal(a->is_writable, b->is_writable);
    assert_int_equal(a->change, b->change);
    assert_same(a->run, b->run);
    assert_same(a->link, b->link);
    assert_int_equal(a->is_link_final, b->is_link_final);
    assert_int_equal(a->round, b->round);
    assert_int_equal(a->is_round_full, b->is_round_full);
    assert_int_equal(a->round_started_s, b->round_started_s);
    assert_int_equal(a->is_synced, b->is_synced);
    assert_int_equal(a->seen_folder_round, b->seen_folder_round);
    assert_int_equal(a->removed_s, b->removed_s);
}

static struct store_collection *list(struct scratch *scratch, int64_t account, size_t wanted)
{
    struct store_collection *rows;
    struct err err;
    size_t count;

    OK(store_collection_list(&scratch->db, account, scratch->arena, &rows, &count, &err));
    assert_int_equal(count, wanted);
    return rows;
}

static void collections_come_back_whole(void **state)
{
    struct scratch *scratch = *state;
    struct store_collection row = sample_collection(scratch->account, 2);
    struct store_collection bare = { .account = scratch->account };
    struct store_collection *rows;
    struct err err;

    OK(store_collection_add(&scratch->db, &row, &row.id, &err));
    OK(store_collection_add(&scratch->db, &bare, &bare.id, &err));
    rows = list(scratch, scratch->account, 3);
    assert_collection(&rows[1], &row);
    assert_collection(&rows[2], &bare);
}

/* Page and folder rounds write the same row; what one does not own it must leave alone. */
static void each_update_keeps_to_its_own_columns(void **state)
{
    struct scratch *scratch = *state;
    struct store_collection wanted = sample_collection(scratch->account, 1);
    struct store_collection row = { .account = scratch->account };
    struct err err;
    int64_t change;

    OK(store_change_next(
        &scratch->db, scratch->account, scratch->collection, S("run1"), &change, &err));
    row.id = wanted.id = scratch->collection;
    wanted.change = 1;
    wanted.run = S("run1");
    row.slug = S("new-slug");
    row.link = S("new link");

    OK(store_collection_update(&scratch->db, &row, &err));
    wanted.upstream_id = wanted.name = (struct str){ 0 };
    wanted.slug = row.slug;
    wanted.is_default = wanted.is_hidden = wanted.is_writable = false;
    wanted.seen_folder_round = 0;
    assert_collection(list(scratch, scratch->account, 1), &wanted);

    OK(store_collection_set_round(&scratch->db, &row, &err));
    wanted.link = row.link;
    wanted.is_link_final = wanted.is_round_full = wanted.is_synced = false;
    wanted.round = wanted.round_started_s = 0;
    assert_collection(list(scratch, scratch->account, 1), &wanted);
}

static void update_needs_the_right_account(void **state)
{
    struct scratch *scratch = *state;
    struct store_collection row = sample_collection(add_account(&scratch->db, scratch->user, 2), 2);
    struct err err;

    row.id = scratch->collection;
    FAILS(ERR_NOT_FOUND, store_collection_update(&scratch->db, &row, &err));
    FAILS(ERR_NOT_FOUND, store_collection_set_round(&scratch->db, &row, &err));
    assert_str(list(scratch, scratch->account, 1)->slug, "slug-1");
    row.account = 99;
    FAILS(ERR_NOT_FOUND, store_collection_add(&scratch->db, &row, &row.id, &err));
}

static void removed_collections_are_not_listed_and_free_their_slug(void **state)
{
    struct scratch *scratch = *state;
    struct store_collection first = sample_collection(scratch->account, 1);
    struct store_collection second = sample_collection(scratch->account, 1);
    struct err err;

    FAILS(ERR_CONFLICT, store_collection_add(&scratch->db, &second, &second.id, &err));
    first.id = scratch->collection;
    first.removed_s = 777;
    OK(store_collection_update(&scratch->db, &first, &err));
    list(scratch, scratch->account, 0);
    OK(store_collection_add(&scratch->db, &second, &second.id, &err));
    assert_int_equal(list(scratch, scratch->account, 1)->id, second.id);
    first.removed_s = 0;
    FAILS(ERR_CONFLICT, store_collection_update(&scratch->db, &first, &err));
}

static void a_folder_upstream_is_one_collection(void **state)
{
    struct scratch *scratch = *state;
    struct store_collection row = sample_collection(scratch->account, 1);
    struct err err;

    row.slug = S("another");
    FAILS(ERR_CONFLICT, store_collection_add(&scratch->db, &row, &row.id, &err));
    row.upstream_id = S("");
    OK(store_collection_add(&scratch->db, &row, &row.id, &err));
    row.slug = S("third");
    OK(store_collection_add(&scratch->db, &row, &row.id, &err));
    /* another account may hold the same folder */
    add_collection(&scratch->db, add_account(&scratch->db, scratch->user, 2), 1);
}

static void remove_takes_resources_and_operations_along(void **state)
{
    struct scratch *scratch = *state;
    struct store_operation operation = { .account = scratch->account,
        .collection = scratch->collection };
    struct store_operation of_account = { .account = scratch->account };
    struct store_operation *operations;
    struct store_resource *resources;
    struct err err;
    int64_t id;
    size_t count;

    add_resource(&scratch->db, scratch->account, scratch->collection, 1);
    OK(store_operation_add(&scratch->db, &operation, &id, &err));
    OK(store_operation_add(&scratch->db, &of_account, &id, &err));
    OK(store_collection_remove(&scratch->db, scratch->account + 1, scratch->collection, &err));
    list(scratch, scratch->account, 1);
    OK(store_collection_remove(&scratch->db, scratch->account, scratch->collection, &err));
    list(scratch, scratch->account, 0);
    OK(store_resource_load(&scratch->db, scratch->account, scratch->collection, scratch->arena,
        &resources, &count, &err));
    assert_int_equal(count, 0);
    OK(store_operation_list(
        &scratch->db, scratch->account, scratch->arena, &operations, &count, &err));
    assert_int_equal(count, 1);
    assert_int_equal(operations[0].id, id);
    assert_true(add_collection(&scratch->db, scratch->account, 1) > scratch->collection);
}

static void change_numbers_count_on_and_runs_say_whose_they_are(void **state)
{
    static const struct {
        const char *run;
        int64_t change;
    } steps[] = {
        { "a", 1 },
        { "a", 2 },
        { "b", 3 }, /* the server was restarted */
        { "c", 4 },
        { "c", 5 },
        { "c", 6 },
    };
    static const struct {
        int64_t first;
        const char *id;
    } wanted[] = { { 1, "a" }, { 3, "b" }, { 4, "c" } };
    struct scratch *scratch = *state;
    struct store_collection *row;
    struct store_run *runs;
    struct err err;
    size_t count;

    OK(store_run_list(
        &scratch->db, scratch->account, scratch->collection, scratch->arena, &runs, &count, &err));
    assert_int_equal(count, 0);
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        int64_t change;

        OK(store_change_next(&scratch->db, scratch->account, scratch->collection,
            str_from(steps[i].run), &change, &err));
        assert_int_equal(change, steps[i].change);
        scratch_close(scratch);
        scratch_open(scratch);
        row = list(scratch, scratch->account, 1);
        assert_int_equal(row->change, change);
        assert_str(row->run, steps[i].run);
    }
    OK(store_run_list(
        &scratch->db, scratch->account, scratch->collection, scratch->arena, &runs, &count, &err));
    assert_int_equal(count, ARRAY_LEN(wanted));
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(runs[i].first, wanted[i].first);
        assert_str(runs[i].id, wanted[i].id);
    }
}

static void collections_count_their_changes_apart(void **state)
{
    struct scratch *scratch = *state;
    int64_t other = add_collection(&scratch->db, scratch->account, 2);
    struct err err;
    int64_t change;

    OK(store_change_next(
        &scratch->db, scratch->account, scratch->collection, S("a"), &change, &err));
    OK(store_change_next(
        &scratch->db, scratch->account, scratch->collection, S("a"), &change, &err));
    OK(store_change_next(&scratch->db, scratch->account, other, S("a"), &change, &err));
    assert_int_equal(change, 1);
    change = -1;
    FAILS(ERR_NOT_FOUND,
        store_change_next(&scratch->db, scratch->account + 1, other, S("a"), &change, &err));
    assert_int_equal(change, -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(collections_come_back_whole, scratch_set_up_populated),
        TEST(each_update_keeps_to_its_own_columns, scratch_set_up_populated),
        TEST(update_needs_the_right_account, scratch_set_up_populated),
        TEST(removed_collections_are_not_listed_and_free_their_slug, scratch_set_up_populated),
        TEST(a_folder_upstream_is_one_collection, scratch_set_up_populated),
        TEST(remove_takes_resources_and_operations_along, scratch_set_up_populated),
        TEST(change_numbers_count_on_and_runs_say_whose_they_are, scratch_set_up_populated),
        TEST(collections_count_their_changes_apart, scratch_set_up_populated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
