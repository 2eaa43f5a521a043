#include "bridge/sync/version.h"
#include "bridge/sync/engine_internal.h"

#include <string.h>

struct str version_uid(struct str upstream_id, struct arena *arena)
{
    unsigned char h[SECRET_HASH_BYTES];

    secret_hash(upstream_id, S("duedav uid"), h);
    h[6] = (unsigned char)((h[6] & 0x0f) | 0x80);
    h[8] = (unsigned char)((h[8] & 0x3f) | 0x80);
    return arena_printf(arena,
        "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", h[0], h[1], h[2],
        h[3], h[4], h[5], h[6], h[7], h[8], h[9], h[10], h[11], h[12], h[13], h[14], h[15]);
}

struct str version_done_uid(struct str upstream_id, struct arena *arena)
{
    return version_uid(arena_printf(arena, "%.*s done", STR_ARG(upstream_id)), arena);
}

struct str version_base(const struct task *task, struct arena *arena)
{
    CLEANUP(buf_done) struct buf text;

    buf_init(&text, SIZE_MAX / 2);
    task_format(task, &text);
    return arena_copy(arena, buf_str(&text));
}

struct str version_put_hash(struct str body, struct arena *arena)
{
    unsigned char hash[SECRET_HASH_BYTES];

    secret_hash(body, S(""), hash);
    return arena_copy(arena, (struct str){ (const char *)hash, sizeof(hash) });
}

int64_t version_due(struct str document, const struct task *base, const struct map_context *context)
{
    int64_t now_s = context->now_us / CIVIL_MICROS;
    struct map_plan plan;
    int64_t at_us;
    struct err err;

    if (!map_plan_tend(document, base, context, &plan, &at_us, &err)) {
        return 0;
    }
    if (plan.fields != 0 || !str_eq(plan.document, document)) {
        return now_s;
    }
    return at_us == 0 ? 0 : at_us / CIVIL_MICROS;
}

bool version_next(const struct collection *collection, struct store_resource *row,
    const struct task *base, bool with_rev, struct map_context *context, struct store_version *out,
    struct err *err)
{
    struct map_version fields;
    struct task served;
    char etag[36], hash[17];

    row->rev++;
    if (with_rev) {
        rev_hash_of(collection, row->uid, hash);
        row->document = map_set_rev(row->document, (uint64_t)row->rev, str_from(hash), context);
    }
    if (!map_read(row->document, context, &served, err)) {
        return false;
    }
    task_hash_fields(&served, fields.fields);
    etag_of(row->document, etag);
    row->etag = arena_copy(context->arena, str_from(etag));
    row->base = version_base(base, context->arena);
    row->due_s = version_due(row->document, base, context);
    *out = (struct store_version){
        .rev = row->rev,
        .etag = row->etag,
        .fields = arena_copy(context->arena, (struct str){ (const char *)&fields, sizeof(fields) }),
        .is_put = !with_rev,
    };
    return true;
}

bool version_read(const struct store_version *version, struct map_version *out)
{
    if (version->fields.n != sizeof(*out)) {
        return false;
    }
    memcpy(out, version->fields.p, sizeof(*out));
    return true;
}
