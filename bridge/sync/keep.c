#include "bridge/sync/keep.h"

enum {
    MOST_HREF_BYTES = 255,
    GUESSES = 3, /**< at how much fits, before the steps get large */
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

    if (str_find_char(text, '\0') != SIZE_MAX || !str_next(&text, '\n', &kept.href) ||
        !str_next(&text, '\n', &kept.uid)) {
        return false; /* no document of ours has a NUL */
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

/* --- how much of them there is room for --------------------------------------------------- */

/** Its address and its UID alone: what comes before the document. */
static struct str shortened(struct str text)
{
    struct kept kept;

    return keep_parse(text, &kept) ? str_first(text, text.n - kept.document.n) : S("");
}

static size_t below_bytes(struct str id, struct str text)
{
    size_t bytes = id.n + 1 + text.n + 1;

    for (size_t n = text.n; n >= 10; n /= 10) {
        bytes++;
    }
    return bytes + 1;
}

/** As many as have room in `most` bytes, then documents for the first of them that have. */
static struct str lay_out(const struct kept_below *list, size_t count, size_t most,
    struct arena *arena, size_t *shortened_out)
{
    CLEANUP(buf_done) struct buf out;
    struct str *texts = arena_alloc_array(arena, count, sizeof(struct str));
    size_t shown = 0, whole = 0;

    for (; shown < count; shown++) {
        size_t bytes;

        texts[shown] = shortened(list[shown].text);
        bytes = below_bytes(list[shown].id, texts[shown]);
        if (bytes > most) {
            break;
        }
        most -= bytes;
    }
    buf_init(&out, SIZE_MAX / 2);
    for (size_t i = 0; i < shown; i++) {
        size_t more = below_bytes(list[i].id, list[i].text) - below_bytes(list[i].id, texts[i]);

        if (more <= most) {
            most -= more;
            texts[i] = list[i].text;
            whole++;
        }
        buf_put(&out, arena_printf(arena, "%.*s\n%zu\n", STR_ARG(list[i].id), texts[i].n));
        buf_put(&out, texts[i]);
    }
    *shortened_out = count - whole;
    return arena_copy(arena, buf_str(&out));
}

struct str keep_format_below(const struct kept_below *list, size_t count,
    const struct dialect *dialect, struct arena *arena, size_t *shortened_out)
{
    size_t shown = count < KEEP_BELOW_MOST ? count : KEEP_BELOW_MOST;
    size_t most = KEEP_BELOW_BYTES_MOST;
    struct str text;
    unsigned percent;

    for (unsigned tries = 1;; tries++) {
        text = lay_out(list, shown, most, arena, shortened_out);
        percent = text.n > 0 ? dialect->fills(text) : 0;
        if (percent <= 100) {
            *shortened_out += count - shown;
            return text;
        }
        /* packing takes time: what fits is not sought to the byte */
        most = text.n * 100 / percent;
        most -= most / (tries < GUESSES ? 16 : 2);
    }
}

struct str keep_merge_below(const struct kept_below *written, size_t count, struct str texts,
    const struct table *items, const struct dialect *dialect, struct arena *arena,
    size_t *shortened_out)
{
    struct kept_below *list =
        arena_alloc_array(arena, count + KEEP_BELOW_MOST, sizeof(struct kept_below));
    struct kept_below one;
    struct table seen;
    size_t merged = 0;

    table_init(&seen);
    for (size_t i = 0; i < count; i++) {
        if (!table_put(&seen, written[i].id, list)) {
            list[merged++] = written[i];
        }
    }
    for (size_t i = 0; i < KEEP_BELOW_MOST && keep_next_below(&texts, &one); i++) {
        if ((!items || table_find(items, one.id)) && !table_put(&seen, one.id, list)) {
            list[merged++] = one;
        }
    }
    table_done(&seen);
    return keep_format_below(list, merged, dialect, arena, shortened_out);
}

bool account_keeps(const struct account *account)
{
    return account->engine->options.keeps_upstream && account->service &&
           account->service->dialect->can(UPSTREAM_KEEP);
}
