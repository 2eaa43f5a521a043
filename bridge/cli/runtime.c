#include "bridge/cli/runtime.h"

#include "bridge/cli/mapping.h"
#include "bridge/core/mem.h"
#include "http/client.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#define CONNECT_TIMEOUT_MS 10000
/* A page of the largest size with long notes in every task. */
#define ANSWER_BYTES ((size_t)64 * 1024 * 1024)

const char *runtime_store_path(const struct config *config)
{
    const char *colon = strchr(config->store.url, ':'); /* the configuration checked the scheme */

    return colon != NULL ? colon + 1 : config->store.url;
}

struct str runtime_socket_path(const struct config *config, struct arena *arena)
{
    return arena_printf(arena, "%s.sock", runtime_store_path(config));
}

bool runtime_drop_privileges(const struct config *config, struct err *err)
{
    const char *name = config->server.user;
    const struct passwd *user;

    if (*name == '\0' || geteuid() != 0) {
        return true;
    }
    user = getpwnam(name);
    if (user == NULL) {
        return err_set(err, ERR_INVALID, "[server] user: there is no user %s", name);
    }
    if (initgroups(name, user->pw_gid) != 0 || setgid(user->pw_gid) != 0 ||
        setuid(user->pw_uid) != 0) {
        return err_set_code(
            err, ERR_INTERNAL, errno, "can't become user %s: %s", name, strerror(errno));
    }
    return true;
}

static bool open_services(
    const struct config *config, struct engine_service *services, struct err *err)
{
    for (size_t i = 0; i < config->upstream_count; i++) {
        const struct config_upstream *upstream = &config->upstreams[i];
        const struct dialect *dialect = dialect_find(str_from(upstream->dialect));

        if (dialect == NULL) {
            return err_set(err, ERR_INVALID, "[upstream %s]: dialect %s is not in this version",
                upstream->name, upstream->dialect);
        }
        services[i] = (struct engine_service){
            .name = str_from(upstream->name),
            .dialect = dialect,
            .url = *upstream->url != '\0' ? str_from(upstream->url) : dialect->default_url,
            .ca_file = str_from(upstream->ca_file),
        };
    }
    return true;
}

static struct engine *make_engine(struct loop *loop, const struct config *config,
    const struct runtime *runtime, const struct secret_key *key)
{
    static const enum engine_delete_lists delete_lists[] = {
        [CONFIG_DELETE_LISTS_YES] = ENGINE_DELETE_YES,
        [CONFIG_DELETE_LISTS_EMPTY] = ENGINE_DELETE_EMPTY,
        [CONFIG_DELETE_LISTS_NO] = ENGINE_DELETE_NO,
    };
    struct engine_options options = {
        .near_ms = config->sync.near_ms,
        .far_ms = config->sync.far_ms,
        .fresh_ms = config->sync.fresh_ms,
        .hold_ms = config->sync.hold_ms,
        .full_s = config->sync.full_ms / 1000,
        .sign_in_task = config->sync.sign_in_task,
        .memory_bytes = (size_t)config->sync.memory_bytes,
        .completed_s = config->mapping.completed_ms / 1000,
        .keeps_upstream = config->mapping.keep_upstream,
        .delete_lists = delete_lists[config->mapping.delete_lists],
        .map = mapping_options(config),
        .attachment_bytes = (size_t)config->limits.attachment_bytes,
        .buffered_bytes = (size_t)config->limits.buffered_bytes,
        .services = runtime->services,
        .service_count = config->upstream_count,
        .key = *key,
    };

    return engine_new(loop, runtime->store, runtime->client, &options);
}

bool runtime_open(
    struct loop *loop, const struct config *config, struct runtime *out, struct err *err)
{
    const struct http_client_options client_options = { S("duedav/" DUEDAV_VERSION),
        CONNECT_TIMEOUT_MS, ANSWER_BYTES };
    CLEANUP(runtime_close) struct runtime runtime = { .loop = loop };
    struct secret_key key;

    runtime.services = mem_alloc_array(config->upstream_count, sizeof(*runtime.services));
    if (!open_services(config, runtime.services, err) ||
        !store_open(loop, runtime_store_path(config), &runtime.store, err) ||
        !secret_key_load(config->store.key_file, true, &key, err) ||
        !http_client_new(loop, &client_options, &runtime.client, err)) {
        return false;
    }
    runtime.engine = make_engine(loop, config, &runtime, &key);
    *out = runtime;
    runtime = (struct runtime){ 0 };
    return true;
}

void runtime_close(struct runtime *runtime)
{
    store_close(&runtime->store); /* first: the jobs it ends belong to the engine */
    engine_free(&runtime->engine);
    http_client_free(&runtime->client);
    mem_free(runtime->services);
    *runtime = (struct runtime){ 0 };
}
