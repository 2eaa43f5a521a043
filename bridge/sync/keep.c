#include "bridge/sync/keep.h"

enum {
    MOST_HREF_BYTES = 255,
    MOST_BELOW_BYTES = 64 * 1024, /**< before they are packed: that takes time */
};

static bool is_one_line(struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        if ((unsigned char)text.p[i] < ' ' || text.p[i] == 0x7f) {
            return false;
        }
    }
    return text.n > 0;
}

static bool is_href(struct str href)
{
    return is_one_line(href) && href.n <= MOST_HREF_BYTES && str_find_char(href, '/') == SIZE_MAX &&
           !str_eq(href, S(".")) && !str_eq(href, S(".."));
}

struct str keep_format(struct str href, struct str uid, struct str document, struct arena *arena)
{
    if (!is_href(href) || !is_one_line(uid)) {
        return (struct str){ 0 };
    }
    return arena_printf(arena, "%.*s\n%.*s\n%.*s", STR_ARG(href), STR_ARG(uid), STR_ARG(document));
}

bool keep_parse(struct str text, struct kept *out)
{
    struct kept kept;

    if (!str_next(&text, '\n', &kept.href) || !str_next(&text, '\n', &kept.uid)) {
        return false;
    }
    kept.document = text;
    if (!is_href(kept.href) || !is_one_line(kept.uid)) {
        return false;
    }
    *out = kept;
    return true;
}

bool keep_next_below(struct str *texts, struct kept_below *out)
{
    struct str rest = *texts;
    struct str size;
    int64_t n;

    if (!str_next(&rest, '\n', &out->id) || !str_next(&rest, '\n', &size) ||
        !str_to_i64(size, &n) || n < 0 || (uint64_t)n > rest.n || !is_one_line(out->id)) {
        return false;
    }
    out->text = str_first(rest, (size_t)n);
    *texts = str_skip(rest, (size_t)n);
    return true;
}

struct str keep_find_below(struct str texts, struct str id)
{
    struct kept_below one;

    for (unsigned i = 0; i < KEEP_BELOW_MOST && keep_next_below(&texts, &one); i++) {
        if (str_eq(one.id, id)) {
            return one.text;
        }
    }
    return S("");
}

/** Its address and its UID alone. */
static struct str shortened(struct str text, struct arena *arena)
{
    struct kept kept;

    return keep_parse(text, &kept) ? keep_format(kept.href, kept.uid, S(""), arena) : S("");
}

/** The first `whole` ones with their documents, the others without. */
static struct str join_below(
    const struct kept_below *list, size_t whole, size_t count, struct arena *arena)
{
    CLEANUP(buf_done) struct buf out;

    buf_init(&out, SIZE_MAX / 2);
    for (size_t i = 0; i < count; i++) {
        struct str text = i < whole ? list[i].text : shortened(list[i].text, arena);

        buf_put(&out, arena_printf(arena, "%.*s\n%zu\n", STR_ARG(list[i].id), text.n));
        buf_put(&out, text);
    }
    return arena_copy(arena, buf_str(&out));
}

struct str keep_format_below(const struct kept_below *list, size_t count,
    const struct dialect *dialect, struct arena *arena, size_t *shortened_out)
{
    size_t shown = count < KEEP_BELOW_MOST ? count : KEEP_BELOW_MOST;
    size_t fits = 0, most = 0, bytes = 0;

    while (shown > 0 && !dialect->keeps(join_below(list, 0, shown, arena))) {
        shown -= shown / 4 + 1;
    }
    while (most < shown && bytes + list[most].text.n <= MOST_BELOW_BYTES) {
        bytes += list[most++].text.n;
    }
    for (size_t next = most; fits < most; next = fits + (most - fits + 1) / 2) {
        if (dialect->keeps(join_below(list, next, shown, arena))) {
            fits = next;
        } else {
            most = next - 1;
        }
    }
    *shortened_out = count - fits;
    return join_below(list, fits, shown, arena);
}

bool account_keeps(const struct account *account)
{
    return account->engine->options.keeps_upstream && account->service &&
           account->service->dialect->can(UPSTREAM_KEEP);
}
