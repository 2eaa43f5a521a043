#include "bridge/sync/keep.h"

enum {
    MOST_HREF_BYTES = 255
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
    if (!is_href(kept.href) || !is_one_line(kept.uid) || text.n == 0) {
        return false;
    }
    *out = kept;
    return true;
}

bool account_keeps(const struct account *account)
{
    return account->engine->options.keeps_upstream && account->service &&
           account->service->dialect->can(UPSTREAM_KEEP);
}
