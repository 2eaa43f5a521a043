#include "tests/unit/store/scratch.h"

static void add(struct scratch *scratch, int64_t resource, int64_t rev, unsigned keep)
{
    struct store_version version = { .rev = rev,
        .etag = arena_printf(scratch->arena, "\"%d\"", (int)rev),
        .fields = arena_printf(scratch->arena, "fields%d", (int)rev),
        .is_put = rev % 2 == 0 };
    struct err err;

    OK(store_version_add(
        &scratch->db, scratch->account, scratch->collection, resource, &version, keep, &err));
}

static struct store_version *list(struct scratch *scratch, int64_t resource, size_t wanted)
{
    struct store_version *versions;
    struct err err;
    size_t count;

    OK(store_version_list(&scratch->db, scratch->account, scratch->collection, resource,
        scratch->arena, &versions, &count, &err));
    assert_int_equal(count, wanted);
    return versions;
}

static int64_t find_rev(struct scratch *scratch, int64_t resource, int64_t password, int64_t rev)
{
    struct err err;
    int64_t made_rev = -1;

    OK(store_rev_find(&scratch->db, scratch->account, scratch->collection, resource, password, rev,
        S("other"), &made_rev, &err));
    return made_rev;
}

static void versions_come_back_newest_first(void **state)
{
    struct scratch *scratch = *state;
    int64_t resource = add_resource(&scratch->db, scratch->account, scratch->collection, 1);
    int64_t other = add_resource(&scratch->db, scratch->account, scratch->collection, 2);
    struct store_version *versions;

    add(scratch, resource, 1, 8);
    add(scratch, resource, 2, 8);
    add(scratch, other, 3, 8);
    versions = list(scratch, resource, 2);
    assert_int_equal(versions[0].rev, 2);
    assert_str(versions[0].etag, "\"2\"");
    assert_str(versions[0].fields, "fields2");
    assert_true(versions[0].is_put);
    assert_int_equal(versions[1].rev, 1);
    assert_false(versions[1].is_put);
    list(scratch, other, 1);
}

static void a_rev_is_added_once(void **state)
{
    struct scratch *scratch = *state;
    int64_t resource = add_resource(&scratch->db, scratch->account, scratch->collection, 1);
    struct store_version version = { .rev = 1 };
    struct err err;

    add(scratch, resource, 1, 8);
    FAILS(ERR_CONFLICT, store_version_add(&scratch->db, scratch->account, scratch->collection,
                            resource, &version, 8, &err));
}

static void only_the_newest_are_kept(void **state)
{
    struct scratch *scratch = *state;
    int64_t resource = add_resource(&scratch->db, scratch->account, scratch->collection, 1);
    int64_t other = add_resource(&scratch->db, scratch->account, scratch->collection, 2);
    struct store_version *versions;

    add(scratch, other, 1, 3);
    for (int rev = 1; rev <= 20; rev += 2) {
        add(scratch, resource, rev, 3);
    }
    versions = list(scratch, resource, 3);
    assert_int_equal(versions[0].rev, 19);
    assert_int_equal(versions[2].rev, 15);
    list(scratch, other, 1);
}

static void a_used_rev_is_remembered_per_password(void **state)
{
    struct scratch *scratch = *state;
    int64_t made_rev = -1;
    int64_t resource = add_resource(&scratch->db, scratch->account, scratch->collection, 1);
    struct err err;

    OK(store_rev_used(
        &scratch->db, scratch->account, scratch->collection, resource, 5, 1, S("one"), 2, &err));
    assert_int_equal(find_rev(scratch, resource, 5, 1), 2);
    assert_int_equal(find_rev(scratch, resource, 6, 1), 0);
    assert_int_equal(find_rev(scratch, resource, 5, 2), 0);
    assert_int_equal(find_rev(scratch, resource + 1, 5, 1), 0);
    OK(store_rev_find(&scratch->db, scratch->account, scratch->collection, resource, 5, 1, S("one"),
        &made_rev, &err));
    assert_int_equal(made_rev, 0);
    for (int made = 3; made <= 4; made++) {
        OK(store_rev_used(&scratch->db, scratch->account, scratch->collection, resource, 5, 1,
            S("two"), made, &err));
        assert_int_equal(find_rev(scratch, resource, 5, 1), made);
    }
    OK(store_rev_find(&scratch->db, scratch->account, scratch->collection, resource, 5, 1, S("two"),
        &made_rev, &err));
    assert_int_equal(made_rev, 2); /* the same body again: a retry, which means what it meant */
}

static void used_revs_go_with_the_version_they_made(void **state)
{
    struct scratch *scratch = *state;
    int64_t resource = add_resource(&scratch->db, scratch->account, scratch->collection, 1);
    struct err err;

    for (int rev = 1; rev <= 4; rev++) {
        add(scratch, resource, rev, 2);
        OK(store_rev_used(&scratch->db, scratch->account, scratch->collection, resource, 5, rev - 1,
            S("body"), rev, &err));
    }
    /* 3 and 4 are kept; adding 5 drops what led to 1, 2 and 3 */
    add(scratch, resource, 5, 2);
    assert_int_equal(find_rev(scratch, resource, 5, 0), 0);
    assert_int_equal(find_rev(scratch, resource, 5, 2), 0);
    assert_int_equal(find_rev(scratch, resource, 5, 3), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(versions_come_back_newest_first, scratch_set_up_populated),
        TEST(a_rev_is_added_once, scratch_set_up_populated),
        TEST(only_the_newest_are_kept, scratch_set_up_populated),
        TEST(a_used_rev_is_remembered_per_password, scratch_set_up_populated),
        TEST(used_revs_go_with_the_version_they_made, scratch_set_up_populated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
