#include "bridge/cli/demo_state.h"

#include "bridge/core/buf.h"
#include "bridge/core/mem.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define STATE_FILE "demo.json"
#define MAX_STATE  65536 /* bytes of it */

static bool fail(const char *path, struct err *err)
{
    return err_set_code(err, ERR_INTERNAL, errno, "%s: %s", path, strerror(errno));
}

const char *demo_state_path(const struct demo_state *state, const char *name)
{
    return arena_printf(state->arena, "%s/%s", state->directory, name).p;
}

/* --- directory and lock ------------------------------------------------------------------- */

static bool find_directory(struct demo_state *state, const char *directory, struct err *err)
{
    const char *base = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");

    if (directory != NULL) {
        char *absolute = realpath(directory, NULL);

        state->directory =
            arena_copy(state->arena, str_from(absolute != NULL ? absolute : directory)).p;
        free(absolute);
    } else if (base != NULL && *base == '/') {
        state->directory = arena_printf(state->arena, "%s/duedav-demo", base).p;
    } else if (home != NULL && *home == '/') {
        state->directory = arena_printf(state->arena, "%s/.local/state/duedav-demo", home).p;
    } else {
        return err_set(err, ERR_INVALID, "neither $XDG_STATE_HOME nor $HOME is set; use --state");
    }
    if (strpbrk(state->directory, "\n;#") != NULL) { /* it has to fit into duedav.conf */
        return err_set(err, ERR_INVALID,
            "%s: a path without ; # and line breaks, please; see "
            "--state",
            state->directory);
    }
    return true;
}

/* mkdir -p, each with mode 0700. */
static bool make_directory(const struct demo_state *state, struct err *err)
{
    size_t n = strlen(state->directory);

    for (size_t i = 1; i <= n; i++) {
        if (state->directory[i] == '/' || state->directory[i] == '\0') {
            struct str part = { state->directory, i };
            const char *path = arena_copy(state->arena, part).p;

            if (mkdir(path, 0700) != 0 && errno != EEXIST) {
                return fail(path, err);
            }
        }
    }
    return true;
}

static bool take_lock(struct demo_state *state, struct err *err)
{
    const char *path = demo_state_path(state, "demo.lock");

    state->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (state->lock_fd < 0) {
        return fail(path, err);
    }
    if (flock(state->lock_fd, LOCK_EX | LOCK_NB) == 0) {
        return true;
    }
    if (errno != EWOULDBLOCK) {
        return fail(path, err);
    }
    return err_set(err, ERR_BUSY,
        "a demo is running already with its state in %s; end it, or use --state for another one",
        state->directory);
}

/* --- demo.json ---------------------------------------------------------------------------- */

static bool read_file(const char *path, struct buf *out, struct err *err)
{
    FILE *file = fopen(path, "re");
    char bytes[4096];
    size_t n;

    if (file == NULL) {
        return errno == ENOENT || fail(path, err);
    }
    while ((n = fread(bytes, 1, sizeof(bytes), file)) > 0) {
        buf_put(out, (struct str){ bytes, n });
    }
    fclose(file);
    return buf_ok(out, err);
}

static const char *member(const struct demo_state *state, const cJSON *json, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, name));

    return arena_copy(state->arena, str_from(text)).p;
}

static bool load(struct demo_state *state, struct err *err)
{
    CLEANUP(buf_done) struct buf text;
    const char *path = demo_state_path(state, STATE_FILE);
    cJSON *json;

    buf_init(&text, MAX_STATE);
    secret_random_id(state->token);
    state->listen = "";
    state->sandbox = "";
    if (!read_file(path, &text, err)) {
        return false;
    }
    if (text.n == 0) {
        return true;
    }
    json = cJSON_ParseWithLength(text.p, text.n);
    if (!cJSON_IsObject(json)) {
        cJSON_Delete(json);
        return err_set(
            err, ERR_INVALID, "%s is damaged; remove %s to begin anew", path, state->directory);
    }
    state->listen = member(state, json, "listen");
    state->sandbox = member(state, json, "sandbox");
    snprintf(state->token, sizeof(state->token), "%s", member(state, json, "token"));
    snprintf(state->password, sizeof(state->password), "%s", member(state, json, "password"));
    cJSON_Delete(json);
    return true;
}

/* Whole or not at all. */
static bool write_file(
    const struct demo_state *state, const char *path, struct str text, struct err *err)
{
    const char *draft = arena_printf(state->arena, "%s.new", path).p;
    int fd = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool is_written;

    if (fd < 0) {
        return fail(draft, err);
    }
    is_written = write(fd, text.p, text.n) == (ssize_t)text.n && fsync(fd) == 0;
    close(fd);
    if (!is_written || rename(draft, path) != 0) {
        return fail(path, err);
    }
    return true;
}

bool demo_state_save(const struct demo_state *state, struct err *err)
{
    cJSON *json = cJSON_CreateObject();
    bool is_saved;
    char *text;

    cJSON_AddStringToObject(json, "listen", state->listen);
    cJSON_AddStringToObject(json, "sandbox", state->sandbox);
    cJSON_AddStringToObject(json, "token", state->token);
    cJSON_AddStringToObject(json, "password", state->password);
    text = cJSON_Print(json);
    is_saved = write_file(state, demo_state_path(state, STATE_FILE), str_from(text), err);
    cJSON_free(text);
    cJSON_Delete(json);
    return is_saved;
}

/* fresh = 0: what changes in the sandbox is there at a client's very next poll. */
bool demo_state_write_config(const struct demo_state *state, const char *path, struct err *err)
{
    struct str text = arena_printf(state->arena,
        "# Written by `duedav demo` at each start.\n"
        "[server]\nlisten = %s\nallow_plaintext = yes\n\n"
        "[store]\nurl = sqlite:%s\nkey_file = %s\n\n"
        "[sync]\nnear = 5s\nfresh = 0s\n\n"
        "[upstream sandbox]\ndialect = outlook\nurl = http://%s/api/v2.0/me/\n\n"
        "[upstream sandbox-todo]\ndialect = todo\nurl = http://%s/v1.0/\n",
        state->listen, demo_state_path(state, "duedav.db"), demo_state_path(state, "secret.key"),
        state->sandbox, state->sandbox);

    return write_file(state, path, text, err);
}

/* ------------------------------------------------------------------------------------------ */

bool demo_state_open(const char *directory, struct demo_state *out, struct err *err)
{
    CLEANUP(demo_state_done) struct demo_state state = { .arena = arena_new(), .lock_fd = -1 };

    if (!find_directory(&state, directory, err) || !make_directory(&state, err) ||
        !take_lock(&state, err) || !load(&state, err)) {
        return false;
    }
    *out = state;
    state = (struct demo_state){ .lock_fd = -1 };
    return true;
}

void demo_state_done(struct demo_state *state)
{
    if (state->arena != NULL && state->lock_fd >= 0) {
        close(state->lock_fd);
    }
    arena_free(&state->arena);
    explicit_bzero(state, sizeof(*state));
    state->lock_fd = -1;
}
