/** What a client's document asks for (mapping.md 2.11). */
#include "bridge/core/base64.h"
#include "bridge/core/mem.h"
#include "bridge/map/attach_internal.h"

/** The parameters that are not about the form in which the content stands here. */
static struct str other_params(const struct property *line, struct arena *arena)
{
    static const struct str ours[] = { STR("VALUE"), STR("ENCODING"), STR("FMTTYPE"),
        STR("FILENAME"), STR("SIZE"), STR("MANAGED-ID") };
    struct property rest = *line;

    for (size_t i = 0; i < ARRAY_LEN(ours); i++) {
        rest.params = property_params_without(&rest, ours[i], arena);
    }
    return rest.params;
}

static struct str param_of(const struct property *line, struct str name, struct arena *arena)
{
    struct str value;

    return property_param(line, name, arena, &value) ? value : S("");
}

static struct str name_of(const struct property *line, struct arena *arena)
{
    struct str name = param_of(line, S("FILENAME"), arena);

    name = name.n > 0 ? name : param_of(line, S("X-FILENAME"), arena);
    return map_file_name(name.n > 0 ? name : param_of(line, S("X-LABEL"), arena), arena);
}

static bool is_binary(const struct property *line, struct arena *arena)
{
    return line->params.n > 0 &&
           (str_eq_nocase(param_of(line, S("VALUE"), arena), S("BINARY")) ||
               str_eq_nocase(param_of(line, S("ENCODING"), arena), S("BASE64")));
}

bool map_mentions_attachments(struct str body)
{
    for (size_t i = 0; i + 6 <= body.n; i++) {
        if ((body.p[i] == 'A' || body.p[i] == 'a') && (i == 0 || body.p[i - 1] == '\n') &&
            str_has_prefix_nocase(str_skip(body, i), S("ATTACH"))) {
            return true;
        }
    }
    return false;
}

static struct component *find_todo(const struct document *document)
{
    for (struct component *c = component_find(document->calendar->children, S("VTODO")); c != NULL;
         c = component_find(c->next, S("VTODO"))) {
        if (property_find(c->properties, S("RECURRENCE-ID")) == NULL) {
            return c;
        }
    }
    return NULL;
}

bool map_cut_attachments(struct str body, size_t most_bytes, struct arena *arena,
    struct str *document_out, struct map_upload **out, size_t *count_out, struct err *err)
{
    struct document_limits limits = document_default_limits;
    struct document document;
    struct component *todo = NULL;
    struct map_upload *uploads;
    struct edit edit;
    size_t count = 0;
    struct err ignored;

    *document_out = body;
    *count_out = 0;
    limits.bytes = SIZE_MAX; /* as much as was let in */
    if (!map_mentions_attachments(body) ||
        !document_parse(body, &limits, arena, &document, &ignored) ||
        (todo = find_todo(&document)) == NULL) {
        return true;
    }
    uploads = arena_alloc_array(arena, ATTACH_LINES_MOST, sizeof(*uploads));
    edit_init(&edit, &document, arena);
    for (struct property *p = attach_next_line(todo->properties);
         p != NULL && count < ATTACH_LINES_MOST; p = attach_next_line(p->next)) {
        struct map_upload *upload = &uploads[count];

        if (!is_binary(p, arena) || !base64_decode(str_trim(p->value), arena, &upload->content)) {
            continue;
        }
        if (upload->content.n > most_bytes) {
            return err_set(err, ERR_LIMIT, "line %zu: the attachment is too large", p->line);
        }
        upload->attachment = (struct task_attachment){
            .kind = TASK_ATTACHED_FILE,
            .name = name_of(p, arena),
            .type = map_media_type(param_of(p, S("FMTTYPE"), arena), arena),
            .bytes = (int64_t)upload->content.n,
            .hash = task_content_hash(upload->content, arena),
        };
        upload->params = other_params(p, arena);
        edit_remove(&edit, p);
        count++;
    }
    *document_out = edit_finish(&edit);
    *out = uploads;
    *count_out = count;
    return true;
}

bool map_put_inline(struct str document, const struct map_upload *upload,
    const struct map_context *context, struct str *out, struct err *err)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    struct arena *arena = context->arena;
    struct str params = S(";VALUE=BINARY;ENCODING=BASE64");
    struct str name = attach_name_param(upload->attachment.name, arena);
    struct vtodo vtodo;
    struct edit edit;

    if (!vtodo_open(document, context, &vtodo, err)) {
        return false;
    }
    buf_init(&text, SIZE_MAX / 2);
    base64_put(&text, upload->content);
    if (upload->attachment.type.n > 0) {
        params = arena_printf(
            arena, "%.*s;FMTTYPE=%.*s", STR_ARG(params), STR_ARG(upload->attachment.type));
    }
    params = arena_printf(
        arena, "%.*s;FILENAME=%.*s%.*s", STR_ARG(params), STR_ARG(name), STR_ARG(upload->params));
    edit_init(&edit, &vtodo.document, arena);
    edit_insert(&edit, vtodo.todo, S("ATTACH"), params, arena_copy(arena, buf_str(&text)));
    *out = edit_finish(&edit);
    return true;
}

struct planning {
    const struct map_context *context;
    const struct task *base;
    struct vtodo vtodo, current;
    bool has_current, takes_links;
    struct edit edit;
    struct map_attach_plan plan;
};

const struct task_attachment *map_find_content(
    const struct task *task, const struct task_attachment *wanted)
{
    for (size_t i = 0; i < task->attachment_count; i++) {
        const struct task_attachment *have = &task->attachments[i];

        if (wanted->hash.n > 0 && str_eq(have->hash, wanted->hash) &&
            str_eq(have->name, wanted->name)) {
            return have;
        }
    }
    return NULL;
}

static const struct task_attachment *find_link(const struct task *task, struct str url)
{
    for (size_t i = 0; i < task->attachment_count; i++) {
        if (task->attachments[i].kind == TASK_ATTACHED_LINK &&
            str_eq(task->attachments[i].url, url)) {
            return &task->attachments[i];
        }
    }
    return NULL;
}

static struct str last_segment(struct str url)
{
    struct str path = str_first(url, str_find_char(url, '?'));
    struct str segment = S("");
    struct str last = S("");

    path = str_first(path, str_find_char(path, '#'));
    path = str_skip(path, str_find(path, S("://")) + 3);
    while (str_next(&path, '/', &segment)) {
        last = segment.n > 0 ? segment : last;
    }
    return last;
}

static void plan_link(struct planning *planning, const struct property *line)
{
    struct arena *arena = planning->context->arena;
    struct str url = str_trim(line->value);
    struct map_upload *upload = &planning->plan.uploads[planning->plan.upload_count];
    struct str name = param_of(line, S("FILENAME"), arena);

    if (!planning->takes_links || !attach_is_web_address(url) ||
        find_link(planning->base, url) != NULL ||
        (planning->has_current && attach_link_line(&planning->current, url) != NULL)) {
        return; /* the service has it, or it stays here as it has */
    }
    upload->attachment = (struct task_attachment){
        .kind = TASK_ATTACHED_LINK,
        .name = map_file_name(name.n > 0 ? name : last_segment(url), arena),
        .url = url,
    };
    planning->plan.upload_count++;
}

/** A line with an address of ours: of this task, or of one whose content is to be copied. */
static void plan_managed(
    struct planning *planning, const struct property *line, struct str address, bool is_here)
{
    struct arena *arena = planning->context->arena;
    struct map_upload *upload = &planning->plan.uploads[planning->plan.upload_count];

    if (!is_here) {
        *upload = (struct map_upload){
            .attachment = { .kind = TASK_ATTACHED_FILE,
                .name = name_of(line, arena),
                .type = map_media_type(param_of(line, S("FMTTYPE"), arena), arena) },
            .source = address,
            .params = other_params(line, arena),
        };
        planning->plan.upload_count++;
    }
    edit_remove(&planning->edit, line);
}

static void plan_lines(struct planning *planning)
{
    const struct map_context *context = planning->context;
    size_t looked = 0; /* no more uploads than that */

    for (struct property *p = attach_next_line(planning->vtodo.todo->properties);
         p != NULL && looked < ATTACH_LINES_MOST; p = attach_next_line(p->next), looked++) {
        struct str server = S("");
        struct str address = attach_address(p, &server);
        struct str id = attach_own_id(p, context);

        planning->plan.has_lines = true;
        if (id.n > 0) {
            if (map_find_managed(planning->base, id, context->arena) == NULL) {
                plan_managed(planning, p, address, true); /* it has gone upstream */
            }
        } else if (address.n > 0 && str_eq(server, attach_own_server(context))) {
            plan_managed(planning, p, address, false);
        } else {
            plan_link(planning, p);
        }
    }
}

/** What the service has and the client did not write. */
static void plan_missing(struct planning *planning, bool may_remove)
{
    const struct map_context *context = planning->context;
    const struct task *base = planning->base;
    struct map_attach_plan *plan = &planning->plan;

    for (size_t i = 0; i < base->attachment_count; i++) {
        const struct task_attachment *attachment = &base->attachments[i];
        const struct property *line;

        if (!attach_has_line(attachment) ||
            attach_line_of(&planning->vtodo, attachment, context) != NULL) {
            continue;
        }
        line =
            planning->has_current ? attach_line_of(&planning->current, attachment, context) : NULL;
        if (may_remove && line != NULL && attachment->kind != TASK_ATTACHED_ITEM) {
            plan->removed[plan->removed_count++] = attachment->id;
        } else if (line != NULL) {
            edit_insert(
                &planning->edit, planning->vtodo.todo, line->name, line->params, line->value);
        } else {
            attach_insert_line(&planning->edit, &planning->vtodo, attachment, S(""), context);
        }
    }
}

static void plan_cut(struct planning *planning, const struct map_upload *cut, size_t count)
{
    const struct task *base = planning->base;

    for (size_t i = 0; i < count; i++) {
        if (map_find_content(base, &cut[i].attachment) == NULL) {
            planning->plan.uploads[planning->plan.upload_count++] = cut[i];
        }
    }
}

/** A file that the client sent inline once more was not left out. */
static void keep_sent(struct planning *planning, const struct map_upload *cut, size_t count)
{
    struct map_attach_plan *plan = &planning->plan;
    size_t kept = 0;

    for (size_t i = 0; i < plan->removed_count; i++) {
        const struct task_attachment *attachment =
            task_find_attachment(planning->base, plan->removed[i]);
        bool is_sent = false;

        for (size_t k = 0; k < count; k++) {
            is_sent = is_sent || map_find_content(planning->base, &cut[k].attachment) == attachment;
        }
        if (is_sent) {
            attach_insert_line(
                &planning->edit, &planning->vtodo, attachment, S(""), planning->context);
        } else {
            plan->removed[kept++] = plan->removed[i];
        }
    }
    plan->removed_count = kept;
}

bool map_plan_attachments(struct str document, struct str current, const struct task *base,
    const struct map_upload *cut, size_t cut_count, bool may_remove, bool takes_links,
    const struct map_context *context, struct map_attach_plan *out, struct err *err)
{
    struct planning planning = { context, base, .takes_links = takes_links };
    struct arena *arena = context->arena;

    if (!map_mentions_attachments(document) && cut_count == 0 && base->attachment_count == 0) {
        *out = (struct map_attach_plan){ .document = document };
        return true;
    }
    planning.has_current = current.n > 0;
    if (!vtodo_open(document, context, &planning.vtodo, err) ||
        (planning.has_current && !vtodo_open(current, context, &planning.current, err))) {
        return false;
    }
    planning.plan.has_lines = cut_count > 0;
    planning.plan.uploads =
        arena_alloc_array(arena, ATTACH_LINES_MOST + cut_count + 1, sizeof(struct map_upload));
    planning.plan.removed =
        arena_alloc_array(arena, base->attachment_count + 1, sizeof(struct str));
    edit_init(&planning.edit, &planning.vtodo.document, arena);
    plan_lines(&planning);
    plan_missing(&planning, may_remove);
    plan_cut(&planning, cut, cut_count);
    keep_sent(&planning, cut, cut_count);
    planning.plan.document = edit_finish(&planning.edit);
    *out = planning.plan;
    return true;
}
