#include "tests/unit/store/scratch.h"

#define APPLE S("http://apple.com/ns/ical/")

static struct store_property property_of(const char *name, const char *xml)
{
    return (struct store_property){ .ns = APPLE, .name = str_from(name), .xml = str_from(xml) };
}

static struct store_owner list_of(const struct scratch *scratch, int64_t collection)
{
    return (struct store_owner){ .account = scratch->account, .collection = collection };
}

static void set(struct scratch *scratch, int64_t collection, const char *name, const char *xml)
{
    struct store_property property = property_of(name, xml);
    struct store_owner owner = list_of(scratch, collection);
    struct err err;

    OK(store_property_set(&scratch->db, &owner, &property, &err));
}

static struct store_collection *list(struct scratch *scratch, size_t wanted)
{
    struct store_collection *rows;
    struct err err;
    size_t count;

    OK(store_collection_list(&scratch->db, scratch->account, scratch->arena, &rows, &count, &err));
    assert_int_equal(count, wanted);
    return rows;
}

static void each_collection_comes_with_its_own(void **state)
{
    struct scratch *scratch = *state;
    int64_t bare = add_collection(&scratch->db, scratch->account, 2);
    int64_t last = add_collection(&scratch->db, scratch->account, 3);
    struct store_collection *rows;

    set(scratch, last, "order", "<o>3</o>");
    set(scratch, scratch->collection, "order", "<o>1</o>");
    set(scratch, scratch->collection, "color", "<c>red</c>");
    rows = list(scratch, 3);
    assert_int_equal(rows[0].property_count, 2);
    assert_str(rows[0].properties[0].name, "color");
    assert_str(rows[0].properties[0].xml, "<c>red</c>");
    assert_same(rows[0].properties[1].ns, APPLE);
    assert_str(rows[0].properties[1].xml, "<o>1</o>");
    assert_int_equal(rows[1].id, bare);
    assert_int_equal(rows[1].property_count, 0);
    assert_int_equal(rows[2].property_count, 1);
    assert_str(rows[2].properties[0].xml, "<o>3</o>");
}

static void setting_replaces_and_removing_twice_is_fine(void **state)
{
    struct scratch *scratch = *state;
    struct store_owner owner = list_of(scratch, scratch->collection);
    struct err err;
    int64_t count;

    set(scratch, scratch->collection, "color", "<c>red</c>");
    set(scratch, scratch->collection, "color", "<c>blue</c>");
    assert_str(list(scratch, 1)->properties[0].xml, "<c>blue</c>");
    OK(store_property_count(&scratch->db, &owner, &count, &err));
    assert_int_equal(count, 1);
    for (int i = 0; i < 2; i++) {
        OK(store_property_remove(&scratch->db, &owner, APPLE, S("color"), &err));
        assert_int_equal(list(scratch, 1)->property_count, 0);
    }
}

static void a_new_collection_brings_some_along(void **state)
{
    struct scratch *scratch = *state;
    struct store_collection row = sample_collection(scratch->account, 2);
    struct store_property some[] = { property_of("color", "<c/>"), property_of("order", "<o/>") };
    struct err err;

    row.properties = some;
    row.property_count = ARRAY_LEN(some);
    OK(store_collection_add(&scratch->db, &row, &row.id, &err));
    assert_int_equal(list(scratch, 2)[1].property_count, 2);
}

static void they_go_with_their_collection(void **state)
{
    struct scratch *scratch = *state;
    struct store_property property = property_of("color", "<c/>");
    struct store_owner owner = list_of(scratch, scratch->collection);
    struct err err;
    int64_t count;

    set(scratch, scratch->collection, "color", "<c/>");
    OK(store_collection_remove(&scratch->db, scratch->account, scratch->collection, &err));
    OK(store_property_count(&scratch->db, &owner, &count, &err));
    assert_int_equal(count, 0);
    FAILS(ERR_NOT_FOUND, store_property_set(&scratch->db, &owner, &property, &err));
}

static void a_renamed_collection_keeps_them(void **state)
{
    struct scratch *scratch = *state;
    struct store_collection row = sample_collection(scratch->account, 1);
    struct err err;

    set(scratch, scratch->collection, "color", "<c/>");
    row.id = scratch->collection;
    row.name = S("Another name");
    OK(store_collection_update(&scratch->db, &row, &err));
    assert_int_equal(list(scratch, 1)->property_count, 1);
}

/* RFC 4918 9.6: what is made again at an address starts without them. */
static void a_resource_has_its_own_until_it_is_buried(void **state)
{
    struct scratch *scratch = *state;
    int64_t resource = add_resource(&scratch->db, scratch->account, scratch->collection, 1);
    struct store_owner owner = { 0, scratch->account, scratch->collection, resource };
    struct store_owner none = { 0, scratch->account, scratch->collection, resource + 1 };
    struct store_property property = property_of("color", "<c/>");
    struct err err;
    int64_t count;

    OK(store_property_set(&scratch->db, &owner, &property, &err));
    set(scratch, scratch->collection, "order", "<o/>");
    assert_int_equal(list(scratch, 1)->property_count, 2);
    assert_int_equal(list(scratch, 1)->properties[0].resource, 0);
    assert_int_equal(list(scratch, 1)->properties[1].resource, resource);
    FAILS(ERR_NOT_FOUND, store_property_set(&scratch->db, &none, &property, &err));
    OK(store_resource_bury(
        &scratch->db, scratch->account, scratch->collection, resource, 9, 0, &err));
    OK(store_property_count(&scratch->db, &owner, &count, &err));
    assert_int_equal(count, 0);
    FAILS(ERR_NOT_FOUND, store_property_set(&scratch->db, &owner, &property, &err));
    assert_int_equal(list(scratch, 1)->property_count, 1);
}

static void a_home_has_its_own(void **state)
{
    struct scratch *scratch = *state;
    struct store_owner owner = { .user = scratch->user };
    struct store_property property = property_of("order", "<o>1</o>");
    struct store_property *rows;
    struct err err;
    size_t count;

    OK(store_property_set(&scratch->db, &owner, &property, &err));
    OK(store_home_property_list(&scratch->db, scratch->arena, &rows, &count, &err));
    assert_int_equal(count, 1);
    assert_int_equal(rows[0].user, scratch->user);
    assert_str(rows[0].xml, "<o>1</o>");
    OK(store_property_remove(&scratch->db, &owner, APPLE, S("order"), &err));
    OK(store_property_set(&scratch->db, &owner, &property, &err));
    OK(store_user_remove(&scratch->db, scratch->user, &err));
    OK(store_home_property_list(&scratch->db, scratch->arena, &rows, &count, &err));
    assert_int_equal(count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_collection_comes_with_its_own, scratch_set_up_populated),
        TEST(setting_replaces_and_removing_twice_is_fine, scratch_set_up_populated),
        TEST(a_new_collection_brings_some_along, scratch_set_up_populated),
        TEST(they_go_with_their_collection, scratch_set_up_populated),
        TEST(a_renamed_collection_keeps_them, scratch_set_up_populated),
        TEST(a_resource_has_its_own_until_it_is_buried, scratch_set_up_populated),
        TEST(a_home_has_its_own, scratch_set_up_populated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
