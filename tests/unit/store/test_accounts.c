#include "tests/unit/store/scratch.h"

static void assert_account(const struct store_account *a, const struct store_account *b)
{
    assert_int_equal(a->id, b->id);
    assert_int_equal(a->user, b->user);
    assert_same(a->upstream, b->upstream);
    assert_same(a->label, b->label);
    assert_same(a->timezone, b->timezone);
    assert_int_equal(a->is_zone_guessed, b->is_zone_guessed);
    assert_int_equal(a->is_default, b->is_default);
    assert_int_equal(a->is_read_only, b->is_read_only);
    assert_int_equal(a->needs_sign_in, b->needs_sign_in);
    assert_same(a->token, b->token);
    assert_int_equal(a->created_s, b->created_s);
    assert_int_equal(a->unlinked_s, b->unlinked_s);
    assert_same(a->folder_link, b->folder_link);
    assert_int_equal(a->is_folder_link_final, b->is_folder_link_final);
    assert_int_equal(a->folder_round, b->folder_round);
}

static struct store_account *list(struct scratch *scratch, size_t wanted)
{
    struct store_account *accounts;
    struct err err;
    size_t count;

    OK(store_account_list(&scratch->db, scratch->arena, &accounts, &count, &err));
    assert_int_equal(count, wanted);
    return accounts;
}

static void accounts_come_back_whole(void **state)
{
    struct scratch *scratch = *state;
    struct store_account account = sample_account(add_user(&scratch->db, "alice"), 1);
    struct store_account bare = { .user = account.user };
    struct store_account *listed;
    struct err err;

    OK(store_account_add(&scratch->db, &account, &account.id, &err));
    OK(store_account_add(&scratch->db, &bare, &bare.id, &err));
    listed = list(scratch, 2);
    assert_account(&listed[0], &account);
    assert_account(&listed[1], &bare);
}

static void update_changes_all_but_user_upstream_and_birth(void **state)
{
    struct scratch *scratch = *state;
    int64_t user = add_user(&scratch->db, "alice");
    struct store_account account = sample_account(user, 1);
    struct store_account other = sample_account(user, 2);
    struct err err;

    account.id = add_account(&scratch->db, user, 1);
    other.id = account.id;
    other.is_zone_guessed = other.is_read_only = other.needs_sign_in = false;
    other.is_default = true;
    other.is_folder_link_final = false;
    OK(store_account_update(&scratch->db, &other, &err));
    other.upstream = account.upstream;
    other.created_s = account.created_s;
    assert_account(list(scratch, 1), &other);
}

static void an_account_of_another_user_cannot_be_changed(void **state)
{
    struct scratch *scratch = *state;
    int64_t alice = add_user(&scratch->db, "alice");
    int64_t bob = add_user(&scratch->db, "bob");
    struct store_account account = sample_account(alice, 1);
    struct store_account attack = sample_account(bob, 2);
    struct err err;

    account.id = attack.id = add_account(&scratch->db, alice, 1);
    FAILS(ERR_NOT_FOUND, store_account_update(&scratch->db, &attack, &err));
    FAILS(ERR_NOT_FOUND, store_account_set_default(&scratch->db, bob, account.id, &err));
    assert_account(list(scratch, 1), &account);
}

static void a_user_has_one_default_account(void **state)
{
    struct scratch *scratch = *state;
    int64_t alice = add_user(&scratch->db, "alice");
    int64_t bob = add_user(&scratch->db, "bob");
    int64_t first = add_account(&scratch->db, alice, 1);
    int64_t second = add_account(&scratch->db, alice, 2);
    int64_t bobs = add_account(&scratch->db, bob, 3);
    struct store_account *listed;
    struct err err;

    OK(store_account_set_default(&scratch->db, bob, bobs, &err));
    OK(store_account_set_default(&scratch->db, alice, first, &err));
    OK(store_account_set_default(&scratch->db, alice, second, &err));
    listed = list(scratch, 3);
    assert_false(listed[0].is_default);
    assert_true(listed[1].is_default);
    assert_true(listed[2].is_default);
    FAILS(ERR_NOT_FOUND, store_account_set_default(&scratch->db, alice, 99, &err));
    assert_true(list(scratch, 3)[1].is_default);
}

static void an_account_needs_its_user(void **state)
{
    struct scratch *scratch = *state;
    struct store_account account = sample_account(99, 1);
    struct err err;

    FAILS(ERR_NOT_FOUND, store_account_add(&scratch->db, &account, &account.id, &err));
}

static void purge_leaves_other_accounts_alone(void **state)
{
    struct scratch *scratch = *state;
    int64_t other = add_account(&scratch->db, scratch->user, 2);
    int64_t other_collection = add_collection(&scratch->db, other, 1);
    struct store_resource *resources;
    struct err err;
    size_t count;

    add_resource(&scratch->db, scratch->account, scratch->collection, 1);
    add_resource(&scratch->db, other, other_collection, 1);
    OK(store_account_purge(&scratch->db, scratch->account, &err));
    OK(store_account_purge(&scratch->db, scratch->account, &err));
    assert_int_equal(list(scratch, 1)->id, other);
    OK(store_resource_load(&scratch->db, scratch->account, scratch->collection, scratch->arena,
        &resources, &count, &err));
    assert_int_equal(count, 0);
    OK(store_resource_load(
        &scratch->db, other, other_collection, scratch->arena, &resources, &count, &err));
    assert_int_equal(count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(accounts_come_back_whole, scratch_set_up),
        TEST(update_changes_all_but_user_upstream_and_birth, scratch_set_up),
        TEST(an_account_of_another_user_cannot_be_changed, scratch_set_up),
        TEST(a_user_has_one_default_account, scratch_set_up),
        TEST(an_account_needs_its_user, scratch_set_up),
        TEST(purge_leaves_other_accounts_alone, scratch_set_up_populated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
