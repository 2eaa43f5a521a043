#include "bridge/sync/keep.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>
#include <string.h>

static struct arena *arena;

static bool is_short(struct str text)
{
    return text.n <= 150;
}

static const struct dialect dialect = { .keeps = is_short };

static struct str text_of(char name, size_t bytes)
{
    char *document = arena_alloc(arena, bytes);

    memset(document, 'x', bytes);
    return keep_format(arena_printf(arena, "%c.ics", name), arena_printf(arena, "%c", name),
        (struct str){ document, bytes }, arena);
}

static size_t document_bytes(struct str texts, const char *id)
{
    struct kept kept;

    assert_true(keep_parse(keep_find_below(texts, str_from(id)), &kept));
    return kept.document.n;
}

static void a_text_has_address_uid_and_perhaps_a_document(void **state)
{
    struct kept kept;

    (void)state;
    assert_true(keep_parse(keep_format(S("a.ics"), S("u"), S("d\ne"), arena), &kept));
    assert_true(str_eq(kept.href, S("a.ics")) && str_eq(kept.uid, S("u")));
    assert_true(str_eq(kept.document, S("d\ne")));
    assert_true(keep_parse(keep_format(S("a.ics"), S("u"), S(""), arena), &kept));
    assert_int_equal(kept.document.n, 0);
    assert_int_equal(keep_format(S("a/b"), S("u"), S("d"), arena).n, 0);
    assert_int_equal(keep_format(S("a"), S("u\nv"), S("d"), arena).n, 0);
    assert_false(keep_parse(S("a.ics"), &kept));
    assert_false(keep_parse(S("..\nu\nd"), &kept));
    assert_false(keep_parse(S("a.ics\n\nd"), &kept));
}

static void what_is_kept_of_sub_tasks_is_found_by_their_ids(void **state)
{
    const struct kept_below list[] = { { S("1"), text_of('a', 20) }, { S("2"), text_of('b', 0) } };
    size_t shortened;
    struct str texts = keep_format_below(list, 2, &dialect, arena, &shortened);

    (void)state;
    assert_int_equal(shortened, 0);
    assert_int_equal(document_bytes(texts, "1"), 20);
    assert_int_equal(document_bytes(texts, "2"), 0);
    assert_int_equal(keep_find_below(texts, S("3")).n, 0);
}

static void the_last_ones_lose_their_documents_first(void **state)
{
    const struct kept_below list[] = { { S("1"), text_of('a', 50) }, { S("2"), text_of('b', 50) },
        { S("3"), text_of('c', 50) } };
    size_t shortened;
    struct str texts = keep_format_below(list, 3, &dialect, arena, &shortened);

    (void)state;
    assert_int_equal(shortened, 1);
    assert_int_equal(document_bytes(texts, "2"), 50);
    assert_int_equal(document_bytes(texts, "3"), 0);
}

static void of_very_many_some_are_not_kept_at_all(void **state)
{
    struct kept_below list[2000];
    struct kept_below one;
    size_t shortened;
    size_t count = 0;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(list); i++) {
        list[i] = (struct kept_below){ arena_printf(arena, "%zu", i), text_of('a', 1000) };
    }
    struct str texts = keep_format_below(list, ARRAY_LEN(list), &dialect, arena, &shortened);
    assert_int_equal(shortened, ARRAY_LEN(list));
    assert_in_range(texts.n, 50, 150);
    while (keep_next_below(&texts, &one)) {
        count++;
    }
    assert_int_equal(texts.n, 0);
    assert_true(count > 3);
}

static void what_is_not_of_that_form_ends_the_list(void **state)
{
    static const char *const texts[] = { "", "1", "1\n", "1\n5", "1\n5\nabc", "1\n-1\n", "1\nx\n",
        "\n1\na", "1\n99999999999999999999\na" };
    struct kept_below one;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct str text = str_from(texts[i]);

        assert_false(keep_next_below(&text, &one));
    }
}

static int make_arena(void **state)
{
    (void)state;
    arena = arena_new();
    return 0;
}

static int free_arena(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_has_address_uid_and_perhaps_a_document),
        cmocka_unit_test(what_is_kept_of_sub_tasks_is_found_by_their_ids),
        cmocka_unit_test(the_last_ones_lose_their_documents_first),
        cmocka_unit_test(of_very_many_some_are_not_kept_at_all),
        cmocka_unit_test(what_is_not_of_that_form_ends_the_list),
    };

    return cmocka_run_group_tests(tests, make_arena, free_arena);
}
