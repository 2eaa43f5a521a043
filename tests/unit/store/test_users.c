#include "tests/unit/store/scratch.h"

static void users_come_back_in_order_of_id(void **state)
{
    struct scratch *scratch = *state;
    struct store_user *users;
    size_t count;
    struct err err;
    int64_t bob = add_user(&scratch->db, "bob");
    int64_t alice = add_user(&scratch->db, "alice");

    OK(store_user_list(&scratch->db, scratch->arena, &users, &count, &err));
    assert_int_equal(count, 2);
    assert_int_equal(users[0].id, bob);
    assert_str(users[0].name, "bob");
    assert_int_equal(users[0].created_s, 100);
    assert_int_equal(users[1].id, alice);
    assert_str(users[1].name, "alice");
}

static void an_empty_list_is_a_list(void **state)
{
    struct scratch *scratch = *state;
    struct store_user *users = NULL;
    size_t count = 7;
    struct err err;

    OK(store_user_list(&scratch->db, scratch->arena, &users, &count, &err));
    assert_int_equal(count, 0);
}

static void a_name_is_given_once(void **state)
{
    struct scratch *scratch = *state;
    struct err err;
    int64_t id = -1;

    add_user(&scratch->db, "alice");
    FAILS(ERR_CONFLICT, store_user_add(&scratch->db, S("alice"), 1, &id, &err));
    assert_int_equal(id, -1);
    add_user(&scratch->db, "Alice");
}

static void an_id_is_never_given_twice(void **state)
{
    struct scratch *scratch = *state;
    struct err err;
    int64_t first = add_user(&scratch->db, "alice");
    int64_t password, next;

    OK(store_password_add(&scratch->db, first, S("phone"), S("h"), 1, &password, &err));
    OK(store_user_remove(&scratch->db, first, &err));
    assert_true(add_user(&scratch->db, "alice") > first);
    OK(store_password_add(&scratch->db, first + 1, S("phone"), S("h"), 1, &next, &err));
    assert_true(next > password);
}

static void a_user_who_is_not_there_cannot_be_removed(void **state)
{
    struct scratch *scratch = *state;
    struct err err;

    FAILS(ERR_NOT_FOUND, store_user_remove(&scratch->db, 99, &err));
}

static void passwords_come_back_whole(void **state)
{
    static const char hash[] = { 1, 0, 2, '\xff' };
    struct scratch *scratch = *state;
    struct store_password *passwords;
    size_t count;
    struct err err;
    int64_t user = add_user(&scratch->db, "alice");
    int64_t id;

    OK(store_password_add(
        &scratch->db, user, S("my phone"), (struct str){ hash, sizeof(hash) }, 1234, &id, &err));
    OK(store_password_list(&scratch->db, scratch->arena, &passwords, &count, &err));
    assert_int_equal(count, 1);
    assert_int_equal(passwords[0].id, id);
    assert_int_equal(passwords[0].user, user);
    assert_str(passwords[0].label, "my phone");
    assert_same(passwords[0].hash, ((struct str){ hash, sizeof(hash) }));
    assert_int_equal(passwords[0].created_s, 1234);
    assert_int_equal(passwords[0].used_s, 0);

    OK(store_password_used(&scratch->db, user, id, 5678, &err));
    OK(store_password_list(&scratch->db, scratch->arena, &passwords, &count, &err));
    assert_int_equal(passwords[0].used_s, 5678);
}

static void a_password_is_revoked_by_its_user_only(void **state)
{
    struct scratch *scratch = *state;
    struct store_password *passwords;
    size_t count;
    struct err err;
    int64_t alice = add_user(&scratch->db, "alice");
    int64_t bob = add_user(&scratch->db, "bob");
    int64_t id;

    OK(store_password_add(&scratch->db, alice, S("phone"), S("h"), 1, &id, &err));
    FAILS(ERR_NOT_FOUND, store_password_revoke(&scratch->db, bob, id, &err));
    OK(store_password_used(&scratch->db, bob, id, 77, &err));
    OK(store_password_list(&scratch->db, scratch->arena, &passwords, &count, &err));
    assert_int_equal(count, 1);
    assert_int_equal(passwords[0].used_s, 0);
    OK(store_password_revoke(&scratch->db, alice, id, &err));
    FAILS(ERR_NOT_FOUND, store_password_revoke(&scratch->db, alice, id, &err));
    OK(store_password_list(&scratch->db, scratch->arena, &passwords, &count, &err));
    assert_int_equal(count, 0);
}

static void a_password_needs_its_user(void **state)
{
    struct scratch *scratch = *state;
    struct err err;
    int64_t id;

    FAILS(ERR_NOT_FOUND, store_password_add(&scratch->db, 99, S("phone"), S("h"), 1, &id, &err));
}

static int64_t count_rows(struct scratch *scratch, const char *sql)
{
    struct query query;
    struct err err;
    int64_t count = -1;
    bool is_found;

    query_start(&query, &scratch->db, sql, &err);
    OK(query_fetch(&query, &count, &is_found));
    return count;
}

static void a_user_takes_everything_along(void **state)
{
    struct scratch *scratch = *state;
    struct store_db *db = &scratch->db;
    struct store_operation operation = { .account = scratch->account,
        .collection = scratch->collection };
    struct store_version version = { .rev = 1 };
    struct err err;
    int64_t resource = add_resource(db, scratch->account, scratch->collection, 1);
    int64_t other = add_user(db, "bob");
    int64_t other_account = add_account(db, other, 2);
    int64_t id;

    add_resource(db, other_account, add_collection(db, other_account, 2), 2);
    OK(store_password_add(db, scratch->user, S("phone"), S("h"), 1, &id, &err));
    OK(store_operation_add(db, &operation, &id, &err));
    OK(store_change_next(db, scratch->account, scratch->collection, S("run"), &id, &err));
    OK(store_reread_add(db, scratch->account, scratch->collection, S("x"), &err));
    OK(store_version_add(db, scratch->account, scratch->collection, resource, &version, 8, &err));
    OK(store_rev_used(
        db, scratch->account, scratch->collection, resource, 1, 1, S("body"), 2, &err));
    OK(store_user_remove(db, scratch->user, &err));
    assert_int_equal(
        count_rows(scratch, "SELECT (SELECT count(*) FROM passwords) + "
                            "(SELECT count(*) FROM operations) + (SELECT count(*) FROM runs) + "
                            "(SELECT count(*) FROM rereads) + (SELECT count(*) FROM versions) + "
                            "(SELECT count(*) FROM used_revs)"),
        0);
    assert_int_equal(
        count_rows(scratch, "SELECT (SELECT count(*) FROM users) * (SELECT count(*) FROM accounts) "
                            "* (SELECT count(*) FROM collections) * "
                            "(SELECT count(*) FROM resources) * (SELECT count(*) FROM counters)"),
        1); /* bob's */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(users_come_back_in_order_of_id, scratch_set_up),
        TEST(an_empty_list_is_a_list, scratch_set_up),
        TEST(a_name_is_given_once, scratch_set_up),
        TEST(an_id_is_never_given_twice, scratch_set_up),
        TEST(a_user_who_is_not_there_cannot_be_removed, scratch_set_up),
        TEST(passwords_come_back_whole, scratch_set_up),
        TEST(a_password_is_revoked_by_its_user_only, scratch_set_up),
        TEST(a_password_needs_its_user, scratch_set_up),
        TEST(a_user_takes_everything_along, scratch_set_up_populated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
