#include "fake.h"

#include "bridge/core/buf.h"
#include "bridge/core/mem.h"
#include "http/body.h"
#include "ical/zone.h"

#include <event2/buffer.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_RESOURCES 5000
#define MAX_HEADERS   100

struct collection {
    struct fake *fake;
};
struct user {
    struct fake *fake;
};

struct fake {
    struct loop *loop;
    struct dav *dav;
    struct arena *arena; /**< of the state */
    struct user user;
    struct collection collection;
    struct collection other;
    struct resource *resources[MAX_RESOURCES]; /**< oldest change first */
    size_t count;
    int64_t change;
    int64_t pruned; /**< removals up to this number are forgotten */
    bool is_read_only;
    enum err_kind open_error;
    struct sync_result result;
    struct sync_result delete_result;
    bool has_delete_result;
    struct sync_property properties[SYNC_PROPERTIES_MAX + 1];
    size_t property_count;
    unsigned set_calls;
    struct precondition precondition;
    char last_call[600];
    struct buf calls;

    struct arena *request_arena;
    struct http_request request;
    struct buf headers;
    struct buf body;
    struct fake_answer answer;
    bool is_answered;
};

/* --- the exchange ------------------------------------------------------------------------------
 */

static struct fake *fake_of(struct http_request *request)
{
    return CONTAINER_OF(request, struct fake, request);
}

struct str http_request_header(const struct http_request *request, struct str name)
{
    struct str value = { 0 };

    return http_header_find(request->headers, request->header_count, name, &value)
               ? value
               : (struct str){ 0 };
}

void http_respond_header(struct http_request *request, struct str name, struct str value)
{
    for (size_t i = 0; i < value.n; i++) {
        if (value.p[i] < ' ' || value.p[i] > '~') {
            abort(); /* the server asserts the same */
        }
    }
    buf_printf(&fake_of(request)->headers, "%.*s: %.*s\n", STR_ARG(name), STR_ARG(value));
}

void http_respond_compressed(struct http_request *request)
{
    (void)request;
}

static void finish(struct fake *fake, int status, struct str type)
{
    if (type.n > 0) {
        buf_printf(&fake->headers, "Content-Type: %.*s\n", STR_ARG(type));
    }
    fake->answer.status = status;
    fake->answer.headers = buf_str(&fake->headers);
    fake->answer.body = buf_str(&fake->body);
    fake->is_answered = true;
}

static void take_body(struct fake *fake, struct evbuffer *body)
{
    size_t n = evbuffer_get_length(body);

    buf_put(&fake->body, (struct str){ (const char *)evbuffer_pullup(body, -1), n });
    evbuffer_drain(body, n);
}

void http_respond(
    struct http_request *request, int status, struct str content_type, struct evbuffer *body)
{
    if (body != NULL) {
        take_body(fake_of(request), body);
        http_body_free(&body);
    }
    finish(fake_of(request), status, content_type);
}

void http_respond_text(
    struct http_request *request, int status, struct str content_type, struct str body)
{
    buf_put(&fake_of(request)->body, body);
    finish(fake_of(request), status, content_type);
}

void http_respond_stream(struct http_request *request, int status, struct str content_type,
    http_produce *produce, void (*free_cb)(void *arg), void *arg)
{
    struct fake *fake = fake_of(request);
    struct evbuffer *out = http_body_new();
    bool has_more = true;

    while (has_more) {
        has_more = produce(out, arg);
        fake->answer.chunks++;
        if (has_more && http_body_length(out) == 0) {
            break; /* a server would stop here for ever */
        }
        take_body(fake, out);
    }
    http_body_free(&out);
    free_cb(arg);
    finish(fake, status, content_type);
}

/* --- the engine --------------------------------------------------------------------------------
 */

struct resource *resource_hold(struct resource *resource)
{
    resource->references++;
    return resource;
}

void resource_release(struct resource **resource)
{
    struct resource *held = TAKE(*resource);

    if (held != NULL && --held->references == 0) {
        mem_free(held);
    }
}

static struct fake *engine_fake(struct engine *engine)
{
    return (struct fake *)(void *)engine;
}

struct user *engine_sign_in(
    struct engine *engine, struct str name, struct str password, int64_t *password_out)
{
    if (!str_eq(name, S("alice")) || !str_eq(password, S("secret"))) {
        return NULL;
    }
    *password_out = 7;
    return &engine_fake(engine)->user;
}

struct user *engine_find_user(struct engine *engine, struct str name)
{
    return str_eq(name, S("alice")) ? &engine_fake(engine)->user : NULL;
}

struct str user_name(const struct user *user)
{
    (void)user;
    return S("alice");
}

bool user_account_health(struct user *user, size_t index, struct account_health *out)
{
    (void)user;
    *out = (struct account_health){ .label = S("Tasks & <more>"), .needs_sign_in = true };
    return index == 0;
}

struct collection *user_next_collection(struct user *user, struct collection *before)
{
    return before == NULL ? &user->fake->collection : NULL;
}

struct collection *user_find_collection(struct user *user, struct str slug)
{
    if (str_eq(slug, S("other"))) {
        return &user->fake->other;
    }
    return str_eq(slug, S("work")) ? &user->fake->collection : NULL;
}

/* attachments are for the integration tests: nothing here comes to them */
void engine_set_addresses(struct engine *engine, const struct engine_addresses *addresses)
{
    (void)engine;
    (void)addresses;
}

void sync_attach(struct engine *engine, struct collection *collection, struct str href,
    const struct sync_attachment *attachment, const struct precondition *precondition,
    int64_t client, sync_cb *cb, void *arg)
{
    (void)engine;
    (void)collection;
    (void)href;
    (void)attachment;
    (void)precondition;
    (void)client;
    cb(&(struct sync_result){ .outcome = SYNC_FORBIDDEN }, arg);
}

void sync_read_attachment(struct engine *engine, struct collection *collection, struct str href,
    struct str managed_id, sync_cb *cb, void *arg)
{
    (void)engine;
    (void)collection;
    (void)href;
    (void)managed_id;
    cb(&(struct sync_result){ .outcome = SYNC_NOT_FOUND }, arg);
}

struct str user_home_stamp(struct user *user, struct arena *arena)
{
    (void)user;
    return arena_printf(arena, "home-1");
}

struct str collection_slug(const struct collection *collection)
{
    return collection == &collection->fake->other ? S("other") : S("work");
}

struct str collection_display_name(const struct collection *collection, struct arena *arena)
{
    (void)collection;
    (void)arena;
    return S("Work & more");
}

const struct zone *collection_zone(const struct collection *collection)
{
    (void)collection;
    return zone_find(S("America/New_York"));
}

size_t collection_count(const struct collection *collection)
{
    return collection->fake->count; /* at least */
}

bool collection_is_writable(const struct collection *collection)
{
    return !collection->fake->is_read_only;
}

int64_t collection_change(const struct collection *collection)
{
    return collection->fake->change;
}

struct str collection_stamp(const struct collection *collection, struct arena *arena)
{
    return arena_printf(arena, "run1-%" PRId64, collection->fake->change);
}

struct str collection_stamp_at(
    const struct collection *collection, int64_t number, struct arena *arena)
{
    (void)collection;
    return arena_printf(arena, "run1-%" PRId64, number);
}

bool collection_check_stamp(
    const struct collection *collection, struct str stamp, int64_t *since_out)
{
    int64_t number;

    if (!str_has_prefix(stamp, S("run1-")) || !str_to_i64(str_skip(stamp, 5), &number) ||
        number < collection->fake->pruned || number > collection->fake->change) {
        return false;
    }
    *since_out = number;
    return true;
}

struct resource *collection_find(const struct collection *collection, struct str href)
{
    struct fake *fake = collection->fake;

    for (size_t i = 0; collection != &fake->other && i < fake->count; i++) {
        if (str_eq(fake->resources[i]->href, href)) {
            return fake->resources[i];
        }
    }
    return NULL;
}

struct resource *collection_next(const struct collection *collection, struct resource *before)
{
    struct fake *fake = collection->fake;
    size_t at = fake->count;

    while (before != NULL && at > 0 && fake->resources[at - 1] != before) {
        at--;
    }
    at -= before != NULL ? 1 : 0;
    return at == 0 ? NULL : fake->resources[at - 1];
}

static void note(struct fake *fake, const char *what, struct str href)
{
    snprintf(fake->last_call, sizeof(fake->last_call), "%s %.*s", what, STR_ARG(href));
    buf_printf(&fake->calls, "%s\n", fake->last_call);
}

static void report_open(struct fake *fake, engine_cb *cb, void *arg)
{
    struct err err = { 0 };

    if (fake->open_error != ERR_NONE) {
        err_set(&err, fake->open_error, "as the test wants");
        err.retry_after_s = 33;
    }
    cb(&err, arg);
}

void engine_open(struct engine *engine, struct collection *collection, bool is_poll, int64_t client,
    engine_cb *cb, void *arg)
{
    (void)collection;
    (void)client;
    note(engine_fake(engine), is_poll ? "poll" : "open", S("work"));
    report_open(engine_fake(engine), cb, arg);
}

void engine_open_home(
    struct engine *engine, struct user *user, int64_t client, engine_cb *cb, void *arg)
{
    (void)user;
    (void)client;
    note(engine_fake(engine), "poll", S("home"));
    report_open(engine_fake(engine), cb, arg);
}

static bool holds_tag(const struct str *tags, size_t count, struct str etag)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq(tags[i], etag)) {
            return true;
        }
    }
    return false;
}

bool precondition_holds(const struct precondition *precondition, struct str etag)
{
    bool is_there = etag.n > 0;

    if ((precondition->if_match_any && !is_there) ||
        (precondition->if_match_count > 0 &&
            !holds_tag(precondition->if_match, precondition->if_match_count, etag))) {
        return false;
    }
    return !(precondition->if_none_match_any && is_there) &&
           !holds_tag(precondition->if_none_match, precondition->if_none_match_count, etag);
}

static size_t property_index(const struct fake *fake, struct str ns, struct str name)
{
    size_t at = 0;

    while (at < fake->property_count &&
           !(str_eq(fake->properties[at].ns, ns) && str_eq(fake->properties[at].name, name))) {
        at++;
    }
    return at;
}

/** Only collections have any here. */
static struct fake *kept_fake(const struct kept_owner *owner)
{
    return owner->collection == NULL || owner->object != NULL ? NULL : owner->collection->fake;
}

struct str kept_find(const struct kept_owner *owner, struct str ns, struct str name)
{
    const struct fake *fake = kept_fake(owner);
    size_t at = fake == NULL ? 0 : property_index(fake, ns, name);

    return fake != NULL && at < fake->property_count ? fake->properties[at].xml : S("");
}

struct str collection_property(const struct collection *collection, struct str ns, struct str name)
{
    return kept_find(&(struct kept_owner){ .collection = collection }, ns, name);
}

bool kept_at(const struct kept_owner *owner, size_t index, struct sync_property *out)
{
    const struct fake *fake = kept_fake(owner);

    if (fake == NULL || index >= fake->property_count) {
        return false;
    }
    *out = fake->properties[index];
    return true;
}

bool kept_has_room(
    const struct kept_owner *owner, const struct sync_property *changes, size_t count)
{
    const struct fake *fake = kept_fake(owner);

    (void)changes;
    return fake == NULL || fake->property_count + count <= SYNC_PROPERTIES_MAX;
}

static void set_property(struct fake *fake, const struct sync_property *change)
{
    size_t at = property_index(fake, change->ns, change->name);

    if (change->xml.n == 0) {
        if (at < fake->property_count) {
            fake->properties[at] = fake->properties[--fake->property_count];
        }
        return;
    }
    fake->property_count += at == fake->property_count ? 1 : 0;
    fake->properties[at] = (struct sync_property){ arena_copy(fake->arena, change->ns),
        arena_copy(fake->arena, change->name), arena_copy(fake->arena, change->xml) };
}

void sync_put(struct engine *engine, struct collection *collection, struct str href,
    struct str body, const struct precondition *precondition, int64_t client, sync_cb *cb,
    void *arg)
{
    struct fake *fake = engine_fake(engine);

    (void)collection;
    (void)body;
    (void)client;
    note(fake, "put", href);
    fake->precondition = *precondition;
    cb(&fake->result, arg);
}

void sync_delete(struct engine *engine, struct collection *collection, struct str href,
    const struct precondition *precondition, sync_cb *cb, void *arg)
{
    struct fake *fake = engine_fake(engine);

    (void)collection;
    note(fake, "delete", href);
    fake->precondition = *precondition;
    cb(fake->has_delete_result ? &fake->delete_result : &fake->result, arg);
}

void sync_make_collection(struct engine *engine, struct user *user, struct str slug,
    struct str name, const struct sync_property *properties, size_t property_count, sync_cb *cb,
    void *arg)
{
    struct fake *fake = engine_fake(engine);

    (void)user;
    for (size_t i = 0; i < property_count; i++) {
        set_property(fake, &properties[i]);
    }
    note(fake, "make", arena_printf(fake->arena, "%.*s %.*s", STR_ARG(slug), STR_ARG(name)));
    cb(&fake->result, arg);
}

void sync_rename_collection(
    struct engine *engine, struct collection *collection, struct str name, sync_cb *cb, void *arg)
{
    (void)collection;
    note(engine_fake(engine), "rename", name);
    cb(&engine_fake(engine)->result, arg);
}

void sync_set_properties(struct engine *engine, const struct kept_owner *owner,
    const struct sync_property *changes, size_t count, sync_cb *cb, void *arg)
{
    struct fake *fake = engine_fake(engine);

    if (fake->result.outcome == SYNC_REPLACED && kept_fake(owner) != NULL) {
        for (size_t i = 0; i < count; i++) {
            set_property(fake, &changes[i]);
        }
    }
    fake->set_calls++;
    cb(&fake->result, arg);
}

void sync_remove_collection(
    struct engine *engine, struct collection *collection, sync_cb *cb, void *arg)
{
    (void)collection;
    note(engine_fake(engine), "remove", S("work"));
    cb(&engine_fake(engine)->result, arg);
}

/* --- for the tests -----------------------------------------------------------------------------
 */

static void start_dav(struct fake *fake, struct str prefix)
{
    const struct dav_options options = {
        .prefix = prefix,
        .body_bytes = 2000,
        .sign_in_failures = 3,
        .sign_in_window_ms = 60000,
    };

    dav_free(&fake->dav);
    fake->dav = dav_new(fake->loop, (struct engine *)(void *)fake, &options);
}

struct fake *fake_new(void)
{
    struct fake *fake = mem_alloc(sizeof(*fake));

    fake->loop = loop_new();
    fake->arena = arena_new();
    fake->user.fake = fake;
    fake->collection.fake = fake;
    fake->other.fake = fake;
    buf_init(&fake->calls, 1 << 16);
    fake->result.outcome = SYNC_CREATED;
    fake->result.etag = S("\"new\"");
    start_dav(fake, S(""));
    return fake;
}

static void forget_request(struct fake *fake)
{
    buf_done(&fake->headers);
    buf_done(&fake->body);
    arena_free(&fake->request_arena);
}

void fake_free(struct fake **fake)
{
    for (size_t i = 0; i < (*fake)->count; i++) {
        if ((*fake)->resources[i]->references != 1) {
            abort(); /* an answer kept a reference */
        }
        resource_release(&(*fake)->resources[i]);
    }
    dav_free(&(*fake)->dav);
    forget_request(*fake);
    buf_done(&(*fake)->calls);
    arena_free(&(*fake)->arena);
    loop_free(&(*fake)->loop);
    mem_free(*fake);
    *fake = NULL;
}

static struct resource *add(struct fake *fake, const char *href)
{
    struct resource *resource = mem_alloc(sizeof(*resource));
    struct resource *before = collection_find(&fake->collection, str_from(href));

    for (size_t i = 0; before != NULL && i < fake->count; i++) {
        if (fake->resources[i] == before) {
            memmove(&fake->resources[i], &fake->resources[i + 1],
                (fake->count - i - 1) * sizeof(fake->resources[0]));
            fake->count--;
            resource_release(&before);
        }
    }
    resource->references = 1;
    resource->href = arena_copy(fake->arena, str_from(href));
    resource->change = ++fake->change;
    resource->modified_s = 784111777; /* Sun, 06 Nov 1994 08:49:37 GMT */
    fake->resources[fake->count++] = resource;
    return resource;
}

void fake_put(struct fake *fake, const char *href, const char *document)
{
    struct resource *resource = add(fake, href);

    resource->document = arena_copy(fake->arena, str_from(document));
    resource->etag = arena_printf(fake->arena, "\"v%" PRId64 "\"", fake->change);
}

void fake_remove(struct fake *fake, const char *href)
{
    add(fake, href)->is_removed = true;
}

void fake_prune(struct fake *fake)
{
    size_t kept = 0;

    for (size_t i = 0; i < fake->count; i++) {
        if (fake->resources[i]->is_removed) {
            fake->pruned = fake->resources[i]->change;
            resource_release(&fake->resources[i]);
        } else {
            fake->resources[kept++] = fake->resources[i];
        }
    }
    fake->count = kept;
}

void fake_set_read_only(struct fake *fake)
{
    fake->is_read_only = true;
}

void fake_fail_opening(struct fake *fake, enum err_kind kind)
{
    fake->open_error = kind;
}

void fake_set_result(struct fake *fake, enum sync_outcome outcome, enum map_fault fault)
{
    fake->result = (struct sync_result){ .outcome = outcome, .fault = fault };
    if (outcome == SYNC_PRECONDITION) {
        fake->result.etag = S("\"now\"");
    } else if (outcome == SYNC_UID_CONFLICT) {
        fake->result.other_href = S("other one.ics");
    } else if (outcome == SYNC_BUSY) {
        fake->result.err.retry_after_s = 44;
    }
}

void fake_set_delete_result(struct fake *fake, enum sync_outcome outcome)
{
    fake->delete_result = (struct sync_result){ .outcome = outcome };
    fake->has_delete_result = true;
}

void fake_set_prefix(struct fake *fake, const char *prefix)
{
    start_dav(fake, str_from(prefix));
}

static void add_header(struct fake *fake, struct str name, struct str value)
{
    struct http_header *headers = (struct http_header *)(void *)fake->request.headers;

    headers[fake->request.header_count++] = (struct http_header){ name, value };
}

const struct fake_answer *fake_request(
    struct fake *fake, const char *method, const char *path, const char *headers, const char *body)
{
    struct str rest = str_from(headers);
    struct str line;

    forget_request(fake);
    buf_init(&fake->headers, 1 << 16);
    buf_init(&fake->body, 1 << 28);
    fake->request_arena = arena_new();
    fake->answer = (struct fake_answer){ 0 };
    fake->is_answered = false;
    fake->last_call[0] = '\0';
    buf_clear(&fake->calls);
    fake->request = (struct http_request){
        .method = http_method_parse(str_from(method)),
        .method_text = str_from(method),
        .path = str_from(path),
        .headers = arena_alloc_array(fake->request_arena, MAX_HEADERS, sizeof(struct http_header)),
        .body = str_from(body),
        .peer = S("127.0.0.1"),
        .arena = fake->request_arena,
    };
    while (rest.n > 0 && fake->request.header_count + 1 < MAX_HEADERS &&
           str_next(&rest, '\n', &line)) {
        size_t colon = str_find_char(line, ':');

        add_header(fake, str_first(line, colon), str_trim(str_skip(line, colon + 1)));
    }
    /* A header X-No-Authorization keeps it out, too. */
    if (str_find(str_from(headers), S("Authorization")) == SIZE_MAX) {
        add_header(fake, S("Authorization"), S("Basic YWxpY2U6c2VjcmV0"));
    }
    dav_handle(&fake->request, fake->dav);
    if (!fake->is_answered) {
        abort();
    }
    return &fake->answer;
}

struct str fake_header(const struct fake *fake, const char *name)
{
    struct str rest = fake->answer.headers;
    struct str line;

    while (rest.n > 0 && str_next(&rest, '\n', &line)) {
        size_t colon = str_find_char(line, ':');

        if (str_eq_nocase(str_first(line, colon), str_from(name))) {
            return str_trim(str_skip(line, colon + 1));
        }
    }
    return S("");
}

const char *fake_body(const struct fake *fake)
{
    return fake->answer.body.n == 0 ? "" : fake->answer.body.p;
}

bool fake_has(const struct fake *fake, const char *text)
{
    return str_find(fake->answer.body, str_from(text)) != SIZE_MAX;
}

unsigned fake_set_calls(const struct fake *fake)
{
    return fake->set_calls;
}

struct str fake_last_call(const struct fake *fake)
{
    return str_from(fake->last_call);
}

struct str fake_calls(const struct fake *fake)
{
    return buf_str(&fake->calls);
}

const struct precondition *fake_precondition(const struct fake *fake)
{
    return &fake->precondition;
}
