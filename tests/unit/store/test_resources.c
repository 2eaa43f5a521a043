#include "tests/unit/store/scratch.h"

static void assert_resource(const struct store_resource *a, const struct store_resource *b)
{
    assert_int_equal(a->account, b->account);
    assert_int_equal(a->collection, b->collection);
    assert_int_equal(a->id, b->id);
    assert_same(a->href, b->href);
    assert_same(a->uid, b->uid);
    assert_same(a->upstream_id, b->upstream_id);
    assert_same(a->upstream_etag, b->upstream_etag);
    assert_same(a->etag, b->etag);
    assert_same(a->document, b->document);
    assert_same(a->base, b->base);
    assert_int_equal(a->rev, b->rev);
    assert_int_equal(a->change, b->change);
    assert_int_equal(a->round, b->round);
    assert_int_equal(a->written_s, b->written_s);
    assert_int_equal(a->modified_s, b->modified_s);
    assert_same(a->put_hash, b->put_hash);
    assert_same(a->replaced_etag, b->replaced_etag);
    assert_int_equal(a->is_removed, b->is_removed);
}

static bool find(struct scratch *scratch, const char *href, struct store_resource *out)
{
    struct err err;
    bool is_found;

    OK(store_resource_find(&scratch->db, scratch->account, scratch->collection, str_from(href),
        scratch->arena, out, &is_found, &err));
    return is_found;
}

static bool find_upstream(struct scratch *scratch, const char *id, struct store_resource *out)
{
    struct err err;
    bool is_found;

    OK(store_resource_find_upstream(&scratch->db, scratch->account, scratch->collection,
        str_from(id), scratch->arena, out, &is_found, &err));
    return is_found;
}

static struct store_resource *load(struct scratch *scratch, size_t wanted)
{
    struct store_resource *rows;
    struct err err;
    size_t count;

    OK(store_resource_load(
        &scratch->db, scratch->account, scratch->collection, scratch->arena, &rows, &count, &err));
    assert_int_equal(count, wanted);
    return rows;
}

static void resources_come_back_byte_for_byte(void **state)
{
    struct scratch *scratch = *state;
    struct store_resource row = sample_resource(scratch->account, scratch->collection, 1);
    char bytes[70000]; /* many pages, with every byte */
    struct store_resource found;
    struct err err;

    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (char)(i * 7);
    }
    row.document = (struct str){ bytes, sizeof(bytes) };
    row.base = (struct str){ bytes, 300 };
    OK(store_resource_put(&scratch->db, &row, &row.id, &err));
    assert_true(find(scratch, "task-1.ics", &found));
    assert_resource(&found, &row);
    assert_true(find_upstream(scratch, "AAMk1", &found));
    assert_resource(&found, &row);
}

static void what_is_empty_comes_back_empty(void **state)
{
    struct scratch *scratch = *state;
    struct store_resource row = {
        .account = scratch->account, .collection = scratch->collection, .href = S("bare")
    };
    struct store_resource found;
    struct err err;

    OK(store_resource_put(&scratch->db, &row, &row.id, &err));
    assert_true(find(scratch, "bare", &found));
    assert_resource(&found, &row);
    assert_false(find_upstream(scratch, "", &found));
}

static void put_upstream(struct scratch *scratch, int number, const char *upstream_id)
{
    struct store_resource row = sample_resource(scratch->account, scratch->collection, number);
    struct err err;

    row.upstream_id = str_from(upstream_id);
    OK(store_resource_put(&scratch->db, &row, &row.id, &err));
}

static void what_stands_below_a_task_is_found_by_its_prefix(void **state)
{
    struct scratch *scratch = *state;
    const char *const ids[] = { "T", "T|a", "T|b", "T}", "Ta|c", "t|d", "" };
    struct store_resource *rows;
    struct err err;
    size_t count;

    for (int i = 0; i < 7; i++) {
        put_upstream(scratch, i + 1, ids[i]);
    }
    OK(store_resource_below(&scratch->db, scratch->account, scratch->collection, S("T|"),
        scratch->arena, &rows, &count, &err));
    assert_int_equal(count, 2);
    assert_true(str_eq(rows[0].upstream_id, S("T|a")));
    assert_true(str_eq(rows[1].upstream_id, S("T|b")));
    OK(store_resource_bury(
        &scratch->db, scratch->account, scratch->collection, rows[0].id, 99, 1, &err));
    OK(store_resource_below(&scratch->db, scratch->account, scratch->collection, S("T|"),
        scratch->arena, &rows, &count, &err));
    assert_int_equal(count, 1);
}

static void an_address_or_a_uid_is_taken(void **state)
{
    struct scratch *scratch = *state;
    struct store_resource row = sample_resource(scratch->account, scratch->collection, 1);
    struct err err;
    bool is_taken;

    OK(store_resource_put(&scratch->db, &row, &row.id, &err));
    OK(store_resource_is_taken(
        &scratch->db, scratch->account, scratch->collection, row.href, S("no"), &is_taken, &err));
    assert_true(is_taken);
    OK(store_resource_is_taken(
        &scratch->db, scratch->account, scratch->collection, S("no"), row.uid, &is_taken, &err));
    assert_true(is_taken);
    OK(store_resource_is_taken(
        &scratch->db, scratch->account, scratch->collection, S("no"), S("no"), &is_taken, &err));
    assert_false(is_taken);
}

static void what_is_not_there_is_not_found(void **state)
{
    struct scratch *scratch = *state;
    struct store_resource found = { .id = -1 };

    add_resource(&scratch->db, scratch->account, scratch->collection, 1);
    assert_false(find(scratch, "task-2.ics", &found));
    assert_false(find(scratch, "TASK-1.ics", &found));
    assert_false(find(scratch, "", &found));
    assert_false(find_upstream(scratch, "aamk1", &found));
    assert_int_equal(found.id, -1);
}

static void put_updates_by_id(void **state)
{
    struct scratch *scratch = *state;
    struct store_resource row = sample_resource(scratch->account, scratch->collection, 2);
    struct store_resource found;
    struct err err;
    int64_t id = -1;

    row.id = add_resource(&scratch->db, scratch->account, scratch->collection, 1);
    FAILS(ERR_NOT_FOUND, store_resource_put(&scratch->db, &row, &id, &err)); /* other href */
    assert_int_equal(id, -1);
    row.href = S("task-1.ics");
    OK(store_resource_put(&scratch->db, &row, &id, &err));
    assert_int_equal(id, row.id);
    assert_true(find(scratch, "task-1.ics", &found));
    assert_resource(&found, &row);
    row.id = 99;
    FAILS(ERR_NOT_FOUND, store_resource_put(&scratch->db, &row, &id, &err));
}

static void an_href_is_taken_once(void **state)
{
    struct scratch *scratch = *state;
    struct store_resource row = sample_resource(scratch->account, scratch->collection, 2);
    struct err err;

    add_resource(&scratch->db, scratch->account, scratch->collection, 1);
    row.href = S("task-1.ics");
    FAILS(ERR_CONFLICT, store_resource_put(&scratch->db, &row, &row.id, &err));
    row.collection = add_collection(&scratch->db, scratch->account, 2);
    OK(store_resource_put(&scratch->db, &row, &row.id, &err));
}

static void a_task_upstream_is_one_resource(void **state)
{
    struct scratch *scratch = *state;
    struct store_resource row = sample_resource(scratch->account, scratch->collection, 2);
    struct err err;

    add_resource(&scratch->db, scratch->account, scratch->collection, 1);
    row.upstream_id = S("AAMk1");
    FAILS(ERR_CONFLICT, store_resource_put(&scratch->db, &row, &row.id, &err));
    row.upstream_id = S("");
    OK(store_resource_put(&scratch->db, &row, &row.id, &err));
    row.upstream_id = S("AAMk1");
    FAILS(ERR_CONFLICT, store_resource_put(&scratch->db, &row, &row.id, &err));
}

static void confirm_changes_only_what_no_client_sees(void **state)
{
    struct scratch *scratch = *state;
    struct store_resource row = sample_resource(scratch->account, scratch->collection, 1);
    struct store_resource found;
    struct err err;

    row.id = add_resource(&scratch->db, scratch->account, scratch->collection, 1);
    row.upstream_etag = S("W/\"new\"");
    row.base = S("new base");
    row.round = 7;
    OK(store_resource_confirm(&scratch->db, &row, &err));
    assert_true(find(scratch, "task-1.ics", &found));
    assert_resource(&found, &row);
    row.account++;
    FAILS(ERR_NOT_FOUND, store_resource_confirm(&scratch->db, &row, &err));
}

static void load_gives_newest_changes_first_with_tombstones(void **state)
{
    static const int changes[] = { 3, 9, 1, 7 };
    struct scratch *scratch = *state;
    struct store_resource *rows;
    struct store_resource row;
    struct err err;
    int64_t id = 0;

    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        id = add_resource(&scratch->db, scratch->account, scratch->collection, changes[i]);
    }
    OK(store_resource_bury(&scratch->db, scratch->account, scratch->collection, id, 8, 8888, &err));
    rows = load(scratch, 4);
    assert_int_equal(rows[0].change, 9);
    assert_int_equal(rows[1].change, 8);
    assert_int_equal(rows[2].change, 3);
    assert_int_equal(rows[3].change, 1);

    row = sample_resource(scratch->account, scratch->collection, 9);
    row.id = rows[0].id;
    /* not loaded */
    row.upstream_etag = row.base = (struct str){ 0 };
    row.round = row.written_s = 0;
    assert_resource(&rows[0], &row);

    assert_true(rows[1].is_removed);
    assert_int_equal(rows[1].id, id);
    assert_str(rows[1].href, "task-7.ics");
    assert_str(rows[1].uid, "uid-7");
    assert_int_equal(rows[1].modified_s, 8888);
    assert_int_equal(rows[1].rev, 1);
    assert_int_equal(rows[1].document.n + rows[1].etag.n + rows[1].put_hash.n, 0);
}

static void the_buried_are_not_found(void **state)
{
    struct scratch *scratch = *state;
    int64_t id = add_resource(&scratch->db, scratch->account, scratch->collection, 1);
    struct store_resource row = sample_resource(scratch->account, scratch->collection, 1);
    struct store_resource found;
    struct err err;

    OK(store_resource_bury(&scratch->db, scratch->account, scratch->collection, id, 2, 8888, &err));
    assert_false(find(scratch, "task-1.ics", &found));
    assert_false(find_upstream(scratch, "AAMk1", &found));
    FAILS(ERR_NOT_FOUND, store_resource_bury(&scratch->db, scratch->account, scratch->collection,
                             id, 3, 9999, &err));
    row.id = id;
    FAILS(ERR_NOT_FOUND, store_resource_confirm(&scratch->db, &row, &err));
    FAILS(ERR_NOT_FOUND, store_resource_put(&scratch->db, &row, &id, &err));
}

static void a_new_resource_takes_the_place_of_a_tombstone(void **state)
{
    struct scratch *scratch = *state;
    struct store_resource row = sample_resource(scratch->account, scratch->collection, 1);
    struct store_version version = { .rev = 1 };
    struct store_version *versions;
    struct store_resource found;
    struct err err;
    int64_t old, made_rev;
    size_t count;

    old = add_resource(&scratch->db, scratch->account, scratch->collection, 1);
    OK(store_version_add(
        &scratch->db, scratch->account, scratch->collection, old, &version, 8, &err));
    OK(store_rev_used(
        &scratch->db, scratch->account, scratch->collection, old, 1, 1, S("body"), 2, &err));
    OK(store_resource_bury(
        &scratch->db, scratch->account, scratch->collection, old, 2, 8888, &err));
    row.change = 3;
    row.rev = 2;
    OK(store_resource_put(&scratch->db, &row, &row.id, &err));
    assert_true(find(scratch, "task-1.ics", &found));
    assert_resource(&found, &row);
    load(scratch, 1);
    /* with nothing of the old one's past */
    OK(store_version_list(&scratch->db, scratch->account, scratch->collection, row.id,
        scratch->arena, &versions, &count, &err));
    assert_int_equal(count, 0);
    OK(store_rev_find(&scratch->db, scratch->account, scratch->collection, row.id, 1, 1, S("other"),
        &made_rev, &err));
    assert_int_equal(made_rev, 0);
}

static void unseen_are_live_older_and_not_just_written(void **state)
{
    static const struct {
        int64_t round, written_s;
        bool is_buried, is_unseen;
    } cases[] = {
        { 1, 100, false, true },
        { 1, 0, false, true },
        { 2, 100, false, false }, /* the round saw it */
        { 1, 200, false, false }, /* written when the round had begun */
        { 1, 100, true, false },
        { 0, 199, false, true },
    };
    struct scratch *scratch = *state;
    struct store_resource *rows;
    struct err err;
    size_t count, next = 0;
    int64_t id;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct store_resource row = sample_resource(scratch->account, scratch->collection, (int)i);

        row.round = cases[i].round;
        row.written_s = cases[i].written_s;
        OK(store_resource_put(&scratch->db, &row, &id, &err));
        if (cases[i].is_buried) {
            OK(store_resource_bury(
                &scratch->db, scratch->account, scratch->collection, id, 50, 1, &err));
        }
    }
    OK(store_resource_unseen(&scratch->db, scratch->account, scratch->collection, 2, 200,
        scratch->arena, &rows, &count, &err));
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        if (cases[i].is_unseen) {
            struct store_resource row =
                sample_resource(scratch->account, scratch->collection, (int)i);

            assert_true(next < count);
            assert_same(rows[next].href, row.href);
            assert_same(rows[next].upstream_id, row.upstream_id);
            next++;
        }
    }
    assert_int_equal(next, count);
}

static int64_t pruned_change(struct scratch *scratch)
{
    struct store_collection *rows;
    struct err err;
    size_t count;

    OK(store_collection_list(&scratch->db, scratch->account, scratch->arena, &rows, &count, &err));
    assert_int_equal(count, 1);
    return rows[0].pruned_change;
}

static void prune_drops_old_tombstones_of_the_account(void **state)
{
    static const struct {
        int64_t before_s;
        size_t left;
        int64_t pruned_change;
    } steps[] = { { 100, 4, 0 }, { 102, 3, 11 }, { 103, 3, 11 }, { 104, 2, 11 }, { 999, 1, 13 } };
    struct scratch *scratch = *state;
    int64_t other = add_account(&scratch->db, scratch->user, 2);
    int64_t other_collection = add_collection(&scratch->db, other, 2);
    int64_t others = add_resource(&scratch->db, other, other_collection, 1);
    struct store_resource *rows;
    struct err err;
    size_t count;

    for (int i = 0; i < 4; i++) {
        /* buried at 101, 103 and 104; 0: not at all. A clock that was put back gives change 9
         * a later time than 11 */
        static const int changes[] = { 11, 0, 9, 13 };
        struct store_resource row = sample_resource(scratch->account, scratch->collection, i);
        int64_t id;

        row.modified_s = 1; /* the age of a live one does not matter */
        OK(store_resource_put(&scratch->db, &row, &id, &err));
        if (changes[i] != 0) {
            OK(store_resource_bury(&scratch->db, scratch->account, scratch->collection, id,
                changes[i], 101 + i, &err));
        }
    }
    OK(store_resource_bury(&scratch->db, other, other_collection, others, 10, 1, &err));
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        OK(store_tombstone_prune(&scratch->db, scratch->account, steps[i].before_s, &err));
        load(scratch, steps[i].left);
        assert_int_equal(pruned_change(scratch), steps[i].pruned_change);
    }
    assert_str(load(scratch, 1)->href, "task-1.ics");
    OK(store_resource_load(
        &scratch->db, other, other_collection, scratch->arena, &rows, &count, &err));
    assert_int_equal(count, 1);
}

static void accounts_are_walled_off(void **state)
{
    struct scratch *scratch = *state;
    int64_t other = add_account(&scratch->db, scratch->user, 2);
    int64_t other_collection = add_collection(&scratch->db, other, 2);
    /* ids count within the account: this one has no twin in the other */
    int64_t collection = scratch->collection = add_collection(&scratch->db, scratch->account, 3);
    int64_t id = add_resource(&scratch->db, scratch->account, collection, 1);
    struct store_resource row = sample_resource(other, collection, 1);
    struct store_version version = { .rev = 1 };
    struct store_resource before, after;
    struct store_resource *rows;
    struct err err;
    size_t count;
    bool is_found;

    assert_true(find(scratch, "task-1.ics", &before));
    FAILS(ERR_NOT_FOUND, store_resource_put(&scratch->db, &row, &row.id, &err));
    row.id = id;
    FAILS(ERR_NOT_FOUND, store_resource_put(&scratch->db, &row, &row.id, &err));
    row.collection = other_collection;
    FAILS(ERR_NOT_FOUND, store_resource_put(&scratch->db, &row, &row.id, &err));
    FAILS(ERR_NOT_FOUND, store_resource_bury(&scratch->db, other, collection, id, 1, 1, &err));
    FAILS(ERR_NOT_FOUND, store_version_add(&scratch->db, other, collection, id, &version, 8, &err));
    FAILS(ERR_NOT_FOUND,
        store_rev_used(&scratch->db, other, collection, id, 1, 1, S("body"), 2, &err));
    FAILS(ERR_NOT_FOUND, store_reread_add(&scratch->db, other, collection, S("x"), &err));
    OK(store_resource_find(
        &scratch->db, other, collection, S("task-1.ics"), scratch->arena, &after, &is_found, &err));
    assert_false(is_found);
    OK(store_resource_find_upstream(
        &scratch->db, other, collection, S("AAMk1"), scratch->arena, &after, &is_found, &err));
    assert_false(is_found);
    OK(store_resource_unseen(
        &scratch->db, other, collection, 1000, 1000000, scratch->arena, &rows, &count, &err));
    assert_int_equal(count, 0);
    assert_true(find(scratch, "task-1.ics", &after));
    assert_resource(&after, &before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(resources_come_back_byte_for_byte, scratch_set_up_populated),
        TEST(what_is_empty_comes_back_empty, scratch_set_up_populated),
        TEST(what_is_not_there_is_not_found, scratch_set_up_populated),
        TEST(what_stands_below_a_task_is_found_by_its_prefix, scratch_set_up_populated),
        TEST(an_address_or_a_uid_is_taken, scratch_set_up_populated),
        TEST(put_updates_by_id, scratch_set_up_populated),
        TEST(an_href_is_taken_once, scratch_set_up_populated),
        TEST(a_task_upstream_is_one_resource, scratch_set_up_populated),
        TEST(confirm_changes_only_what_no_client_sees, scratch_set_up_populated),
        TEST(load_gives_newest_changes_first_with_tombstones, scratch_set_up_populated),
        TEST(the_buried_are_not_found, scratch_set_up_populated),
        TEST(a_new_resource_takes_the_place_of_a_tombstone, scratch_set_up_populated),
        TEST(unseen_are_live_older_and_not_just_written, scratch_set_up_populated),
        TEST(prune_drops_old_tombstones_of_the_account, scratch_set_up_populated),
        TEST(accounts_are_walled_off, scratch_set_up_populated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
