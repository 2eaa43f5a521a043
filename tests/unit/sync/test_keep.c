#include "bridge/sync/keep.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>
#include <string.h>

static struct arena *arena;

static unsigned packs;

static unsigned fills(struct str text)
{
    packs++;
    return (unsigned)((text.n * 100 + 149) / 150);
}

/** What repeats itself needs little room: here the x of a document. */
static unsigned fills_packed(struct str text)
{
    size_t bytes = 0;

    packs++;
    for (size_t i = 0; i < text.n; i++) {
        bytes += text.p[i] != 'x';
    }
    return (unsigned)(bytes * 100 / 2000 + 1);
}

static const struct dialect dialect = { .fills = fills };

static struct str text_of(char name, size_t bytes)
{
    char *document = arena_alloc(arena, bytes);

    memset(document, 'x', bytes);
    return keep_format(arena_printf(arena, "%c.ics", name), arena_printf(arena, "%c", name),
        (struct str){ document, bytes }, arena);
}

static bool find_below(struct str texts, const char *id, struct str *out)
{
    struct kept_below one;

    while (keep_next_below(&texts, &one)) {
        if (str_eq(one.id, str_from(id))) {
            *out = one.text;
            return true;
        }
    }
    assert_int_equal(texts.n, 0);
    return false;
}

static size_t document_bytes(struct str texts, const char *id)
{
    struct str text;
    struct kept kept;

    assert_true(find_below(texts, id, &text) && keep_parse(text, &kept));
    return kept.document.n;
}

/** The ids, each with a space. */
static struct str ids_of(struct str texts)
{
    struct str ids = S("");
    struct kept_below one;

    while (keep_next_below(&texts, &one)) {
        ids = arena_printf(arena, "%.*s%.*s ", STR_ARG(ids), STR_ARG(one.id));
    }
    assert_int_equal(texts.n, 0);
    return ids;
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
    assert_true(str_eq(ids_of(texts), S("1 2 ")));
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
    size_t shortened;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(list); i++) {
        list[i] = (struct kept_below){ arena_printf(arena, "%zu", i), text_of('a', 1000) };
    }
    struct str texts = keep_format_below(list, ARRAY_LEN(list), &dialect, arena, &shortened);
    assert_int_equal(shortened, ARRAY_LEN(list));
    assert_in_range(texts.n, 50, 150);
    assert_true(ids_of(texts).n > 3 * S("0 ").n);
}

static void one_that_is_too_long_costs_the_others_nothing(void **state)
{
    const struct kept_below list[] = { { S("1"), text_of('a', 150) }, { S("2"), text_of('b', 30) },
        { S("3"), text_of('c', 30) } };
    size_t shortened;
    struct str texts = keep_format_below(list, 3, &dialect, arena, &shortened);

    (void)state;
    assert_int_equal(shortened, 1);
    assert_int_equal(document_bytes(texts, "1"), 0);
    assert_int_equal(document_bytes(texts, "3"), 30);
}

/** All on the loop: both how much is packed and how often has a bound. */
static void packing_is_done_a_few_times_and_never_with_much(void **state)
{
    static const struct dialect packing = { .fills = fills_packed };
    static const size_t bytes[] = { 0, 20, 400, 1000, 60000 };
    struct kept_below list[1000];
    size_t shortened;
    struct str texts;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bytes); i++) {
        struct str text = text_of('a', bytes[i]);

        for (size_t j = 0; j < ARRAY_LEN(list); j++) {
            list[j] = (struct kept_below){ arena_printf(arena, "%zu", j), text };
        }
        for (unsigned j = 0; j < 2; j++) {
            packs = 0;
            texts = keep_format_below(
                list, ARRAY_LEN(list), j ? &packing : &dialect, arena, &shortened);
            assert_in_range(packs, 1, 4);
            assert_in_range(texts.n, 50, KEEP_BELOW_BYTES_MOST);
        }
        assert_in_range(fills_packed(texts), 60, 100);
    }
}

static void what_was_written_last_comes_first_and_goes_last(void **state)
{
    const struct kept_below written[] = { { S("3"), text_of('c', 1) }, { S("1"), text_of('a', 1) },
        { S("3"), text_of('c', 9) } };
    const struct kept_below old[] = { { S("1"), text_of('a', 5) }, { S("2"), text_of('b', 5) },
        { S("4"), text_of('d', 5) } };
    struct table items;
    size_t shortened;
    struct str texts = keep_format_below(old, 3, &dialect, arena, &shortened);
    struct str merged = keep_merge_below(written, 3, texts, NULL, &dialect, arena, &shortened);

    (void)state;
    assert_true(str_eq(ids_of(merged), S("3 1 2 4 ")));
    assert_int_equal(document_bytes(merged, "1"), 1);
    assert_int_equal(document_bytes(merged, "3"), 1);
    table_init(&items);
    table_put(&items, S("4"), &items);
    merged = keep_merge_below(written, 3, texts, &items, &dialect, arena, &shortened);
    assert_true(str_eq(ids_of(merged), S("3 1 4 ")));
    table_done(&items);
}

/** Anybody may write there, and it is read for every write. */
static void of_what_stands_there_only_so_many_are_read(void **state)
{
    CLEANUP(buf_done) struct buf texts;
    struct table items;
    size_t shortened;
    struct str merged;

    (void)state;
    buf_init(&texts, SIZE_MAX / 2);
    for (size_t i = 0; i < KEEP_BELOW_MOST + 1; i++) {
        buf_put(&texts, arena_printf(arena, "%zu\n0\n", i));
    }
    table_init(&items);
    table_put(&items, S("999"), &items);
    table_put(&items, S("1000"), &items);
    merged = keep_merge_below(NULL, 0, buf_str(&texts), &items, &dialect, arena, &shortened);
    assert_true(str_eq(ids_of(merged), S("999 ")));
    table_done(&items);
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
        cmocka_unit_test(one_that_is_too_long_costs_the_others_nothing),
        cmocka_unit_test(packing_is_done_a_few_times_and_never_with_much),
        cmocka_unit_test(what_was_written_last_comes_first_and_goes_last),
        cmocka_unit_test(of_what_stands_there_only_so_many_are_read),
        cmocka_unit_test(what_is_not_of_that_form_ends_the_list),
    };

    return cmocka_run_group_tests(tests, make_arena, free_arena);
}
