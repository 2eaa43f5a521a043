#include "bridge/sandbox/sandbox.h"

#include "bridge/core/mem.h"
#include "bridge/sandbox/sandbox_internal.h"

#define NAME_MAX_BYTES 200
#define STOP_GRACE_MS  5000
#define BODY_MOST      (48 * 1024 * 1024) /* no document says how large an attachment may be (A.11) */

bool sandbox_new(
    struct loop *loop, const struct sandbox_options *options, struct sandbox **out, struct err *err)
{
    CLEANUP(sandbox_free) struct sandbox *sandbox = (struct sandbox *)mem_alloc(sizeof(*sandbox));
    CLEANUP(arena_free) struct arena *arena = arena_new();
    struct str key = { 0 };

    sandbox->loop = loop;
    sandbox->has_admin = options->has_admin;
    if (!sbx_db_open(options->state_path, &sandbox->db, err)) {
        return false;
    }
    sbx_db_begin(sandbox->db);
    key = sbx_state_key(sandbox->db, arena);
    if (!sbx_db_finish(sandbox->db, true, err)) {
        return false;
    }
    sandbox->service = (struct sbx_service){
        .db = sandbox->db,
        .zones = sbx_zones_new(),
        .key = mem_copy_text(key.p, key.n),
    };
    if (sandbox->has_admin) {
        sandbox->records = sbx_records_new();
    }
    struct http_server_limits limits = http_server_default_limits;
    limits.body = BODY_MOST;
    limits.buffered = 2 * BODY_MOST;
    sandbox->server = http_server_new(loop, &limits, sbx_on_request, NULL, sandbox);
    *out = TAKE(sandbox);
    return true;
}

bool sandbox_listen(
    struct sandbox *sandbox, struct str address, char bound_out[128], struct err *err)
{
    return http_server_listen(sandbox->server, address, bound_out, err);
}

bool sandbox_add_user(struct sandbox *sandbox, struct str name, struct str token, struct err *err)
{
    CLEANUP(arena_free) struct arena *arena = arena_new();

    if (name.n == 0 || name.n > NAME_MAX_BYTES || token.n == 0 || !str_is_utf8(name)) {
        return err_set(err, ERR_INVALID, "a sandbox user needs a name and a token");
    }
    sbx_db_begin(sandbox->db);
    sbx_state_add_user(sandbox->db, name, token, arena);
    return sbx_db_finish(sandbox->db, true, err);
}

void sandbox_stop(struct sandbox *sandbox, loop_cb *cb, void *arg)
{
    sbx_cut_all(sandbox);
    http_server_stop(sandbox->server, STOP_GRACE_MS, cb, arg);
}

void sandbox_free(struct sandbox **sandbox)
{
    struct sandbox *old = *sandbox;

    if (old == NULL) {
        return;
    }
    sbx_cut_all(old);
    if (old->server != NULL) {
        http_server_free(&old->server);
    }
    while (old->loads != NULL) {
        struct sbx_load *load = old->loads;

        old->loads = load->next;
        mem_free(load);
    }
    sbx_faults_clear(&old->faults);
    sbx_records_free(&old->records);
    sbx_zones_free(&old->service.zones);
    mem_free(old->service.key);
    sbx_db_close(&old->db);
    mem_free(TAKE(*sandbox));
}
