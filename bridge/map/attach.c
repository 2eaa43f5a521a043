#include "bridge/map/attach.h"

#include "bridge/core/mem.h"
#include "bridge/core/secret.h"
#include "bridge/map/attach_internal.h"
#include "bridge/map/set.h"

#define ID_DIGITS 32
#define NAME_MOST 255

/* ---- ids, names, types ---- */

struct str map_managed_id(struct str upstream_id, struct arena *arena)
{
    unsigned char hash[SECRET_HASH_BYTES];
    char text[ID_DIGITS];

    secret_hash(upstream_id, S("duedav attachment"), hash);
    for (size_t i = 0; i < ID_DIGITS; i++) {
        text[i] = "0123456789abcdef"[hash[i / 2] >> (i % 2 == 0 ? 4 : 0) & 15];
    }
    return arena_copy(arena, (struct str){ text, sizeof(text) });
}

bool map_is_managed_id(struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (!((text.p[i] >= '0' && text.p[i] <= '9') || (text.p[i] >= 'a' && text.p[i] <= 'f'))) {
            return false;
        }
    }
    return text.n == ID_DIGITS;
}

const struct task_attachment *map_find_managed(
    const struct task *task, struct str managed_id, struct arena *arena)
{
    for (size_t i = 0; i < task->attachment_count; i++) {
        if (str_eq(map_managed_id(task->attachments[i].id, arena), managed_id)) {
            return &task->attachments[i];
        }
    }
    return NULL;
}

struct str map_file_name(struct str name, struct arena *arena)
{
    char *clean = arena_alloc(arena, name.n + 1);
    size_t n = 0;
    struct str out;

    for (size_t i = 0; i < name.n; i++) {
        unsigned char c = (unsigned char)name.p[i];

        if (c == '/' || c == '\\') {
            n = 0;
        } else if (c >= 0x20 && c != 0x7f) {
            clean[n++] = (char)c;
        }
    }
    out = str_trim((struct str){ clean, n });
    if (out.n > NAME_MOST) {
        out.n = NAME_MOST;
        while (out.n > 0 && !str_is_utf8(out)) { /* not in the middle of a character */
            out.n--;
        }
    }
    if (out.n == 0 || !str_is_utf8(out) || str_eq(out, S(".")) || str_eq(out, S(".."))) {
        return S("attachment");
    }
    return out;
}

static bool is_type_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '+' || c == '-' ||
           c == '_' || c == '!' || c == '#' || c == '$' || c == '&' || c == '^';
}

struct str map_media_type(struct str type, struct arena *arena)
{
    struct str bare = str_trim(str_first(type, str_find_char(type, ';')));
    char *text = arena_alloc(arena, bare.n + 1);
    size_t slashes = 0;

    for (size_t i = 0; i < bare.n; i++) {
        char c = bare.p[i];

        c = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
        slashes += c == '/';
        if (!is_type_char(c) && c != '/') {
            return S("");
        }
        text[i] = c;
    }
    return slashes == 1 && bare.n <= 127 && text[0] != '/' && text[bare.n - 1] != '/'
               ? (struct str){ text, bare.n }
               : S("");
}

/* ---- lines ---- */

struct property *attach_next_line(struct property *first)
{
    return property_find(first, S("ATTACH"));
}

struct str attach_address(const struct property *line, struct str *server_out)
{
    struct str value = str_trim(line->value);
    size_t at = str_find(value, S(MAP_ATTACHMENTS));
    struct str rest = at == SIZE_MAX ? S("") : str_skip(value, at + sizeof(MAP_ATTACHMENTS) - 1);
    size_t slashes = 0;

    for (size_t i = 0; i < rest.n; i++) {
        slashes += rest.p[i] == '/';
    }
    if (slashes != 3 || rest.n < ID_DIGITS + 6 ||
        !map_is_managed_id(str_skip(rest, rest.n - ID_DIGITS)) ||
        rest.p[rest.n - ID_DIGITS - 1] != '/') {
        return S("");
    }
    *server_out = str_first(value, at);
    return rest;
}

struct str attach_own_server(const struct map_context *context)
{
    return str_first(
        context->attachments_url, str_find(context->attachments_url, S(MAP_ATTACHMENTS)));
}

static struct str own_address(const struct map_context *context)
{
    size_t at = str_find(context->attachments_url, S(MAP_ATTACHMENTS));

    return at == SIZE_MAX ? S("")
                          : str_skip(context->attachments_url, at + sizeof(MAP_ATTACHMENTS) - 1);
}

struct str attach_own_id(const struct property *line, const struct map_context *context)
{
    struct str server;
    struct str address = attach_address(line, &server);
    struct str own = own_address(context);

    return address.n > 0 && own.n > 0 && str_has_prefix(address, own) &&
                   address.n == own.n + ID_DIGITS
               ? str_skip(address, own.n)
               : S("");
}

static struct property *find_managed_line(
    const struct vtodo *vtodo, struct str managed_id, const struct map_context *context)
{
    for (struct property *p = attach_next_line(vtodo->todo->properties); p != NULL;
         p = attach_next_line(p->next)) {
        if (str_eq(attach_own_id(p, context), managed_id)) {
            return p;
        }
    }
    return NULL;
}

struct property *attach_link_line(const struct vtodo *vtodo, struct str url)
{
    for (struct property *p = attach_next_line(vtodo->todo->properties); p != NULL;
         p = attach_next_line(p->next)) {
        if (str_eq(str_trim(p->value), url)) {
            return p;
        }
    }
    return NULL;
}

struct property *attach_line_of(const struct vtodo *vtodo, const struct task_attachment *attachment,
    const struct map_context *context)
{
    return task_attachment_is_link(attachment)
               ? attach_link_line(vtodo, attachment->url)
               : find_managed_line(vtodo, map_managed_id(attachment->id, context->arena), context);
}

/* ---- writing a line ---- */

struct str attach_name_param(struct str name, struct arena *arena)
{
    struct str quoted = edit_quote_param(arena, name);

    return str_has_prefix(quoted, S("\"")) || str_find_char(quoted, ' ') == SIZE_MAX
               ? quoted
               : arena_printf(arena, "\"%.*s\"", STR_ARG(quoted));
}

bool attach_is_web_address(struct str url)
{
    for (size_t i = 0; i < url.n; i++) {
        if ((unsigned char)url.p[i] <= 0x20 || url.p[i] == 0x7f) {
            return false;
        }
    }
    return str_has_prefix_nocase(url, S("http://")) || str_has_prefix_nocase(url, S("https://")) ||
           str_has_prefix_nocase(url, S("ftp://")) || str_has_prefix_nocase(url, S("ftps://")) ||
           str_has_prefix_nocase(url, S("file://"));
}

static struct str line_params(
    const struct task_attachment *attachment, struct str others, const struct map_context *context)
{
    struct arena *arena = context->arena;
    struct str type = map_media_type(attachment->type, arena);
    struct str name = attach_name_param(map_file_name(attachment->name, arena), arena);
    struct str params = attachment->kind == TASK_ATTACHED_PLACE ? S(";X-MSTASK-LINK=1") : S("");
    bool is_link = task_attachment_is_link(attachment);

    if (!is_link) {
        params =
            arena_printf(arena, ";MANAGED-ID=%.*s", STR_ARG(map_managed_id(attachment->id, arena)));
        if (type.n > 0) {
            params = arena_printf(arena, "%.*s;FMTTYPE=%.*s", STR_ARG(params), STR_ARG(type));
        }
    }
    params = arena_printf(arena, "%.*s;FILENAME=%.*s", STR_ARG(params), STR_ARG(name));
    if (!is_link) {
        params =
            arena_printf(arena, "%.*s;SIZE=%lld", STR_ARG(params), (long long)attachment->bytes);
    }
    return arena_printf(arena, "%.*s%.*s", STR_ARG(params), STR_ARG(others));
}

static struct str line_value(
    const struct task_attachment *attachment, const struct map_context *context)
{
    return task_attachment_is_link(attachment)
               ? attachment->url
               : arena_printf(context->arena, "%.*s%.*s", STR_ARG(context->attachments_url),
                     STR_ARG(map_managed_id(attachment->id, context->arena)));
}

bool attach_has_line(const struct task_attachment *attachment)
{
    return !task_attachment_is_link(attachment) || attach_is_web_address(attachment->url);
}

void attach_insert_line(struct edit *edit, const struct vtodo *vtodo,
    const struct task_attachment *attachment, struct str others, const struct map_context *context)
{
    if (attach_has_line(attachment)) {
        edit_insert(edit, vtodo->todo, S("ATTACH"), line_params(attachment, others, context),
            line_value(attachment, context));
    }
}

/* ---- what the service changed ---- */

static void merge_lines(struct set *set, const struct vtodo *vtodo, const struct task *base,
    const struct task *returned, const struct map_upload *fresh, const struct map_context *context)
{
    size_t looked = 0;

    for (struct property *p = attach_next_line(vtodo->todo->properties);
         p != NULL && looked < ATTACH_LINES_MOST; p = attach_next_line(p->next), looked++) {
        struct str id = attach_own_id(p, context);

        if (id.n > 0 && map_find_managed(returned, id, context->arena) == NULL) {
            edit_remove(&set->edit, p);
        }
    }
    for (size_t i = 0; i < base->attachment_count; i++) {
        const struct task_attachment *old = &base->attachments[i];

        if (task_attachment_is_link(old) && task_find_attachment(returned, old->id) == NULL) {
            struct property *p = attach_link_line(vtodo, old->url);

            if (p != NULL) {
                edit_remove(&set->edit, p);
            }
        }
    }
    for (size_t i = 0; i < returned->attachment_count; i++) {
        const struct task_attachment *now = &returned->attachments[i];
        bool is_fresh =
            fresh != NULL && fresh->attachment.id.n > 0 && str_eq(now->id, fresh->attachment.id);

        if (attach_line_of(vtodo, now, context) == NULL) {
            attach_insert_line(&set->edit, vtodo, now, is_fresh ? fresh->params : S(""), context);
        }
    }
}

bool map_merge_attachments(struct str document, const struct task *base,
    const struct task *returned, const struct map_upload *fresh, const struct map_context *context,
    struct str *out, struct err *err)
{
    struct vtodo vtodo;
    struct set set;

    if (!returned->knows_attachments || task_has_same_attachments(base, returned)) {
        *out = document;
        return true;
    }
    if (!vtodo_open(document, context, &vtodo, err)) {
        return false;
    }
    set_init(&set, &vtodo);
    merge_lines(&set, &vtodo, base, returned, fresh, context);
    if (!edit_is_empty(&set.edit)) {
        set_stamps(&set, returned->modified_us, false);
    }
    *out = edit_finish(&set.edit);
    return true;
}
