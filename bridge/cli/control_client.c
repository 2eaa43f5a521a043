#include "bridge/cli/control_client.h"
#include "bridge/cli/control.h"

#include "bridge/core/buf.h"
#include "bridge/core/log.h"
#include "bridge/core/mem.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define MAX_ANSWER    ((size_t)64 * 1024 * 1024)
#define STOP_GRACE_MS 5000

/* What becomes of the lines of the answer, wherever they come from. */
struct answers {
    control_progress_cb *progress_cb;
    void *arg;
    cJSON *result; /**< the last line */
};

static void take_line(struct answers *answers, const cJSON *line)
{
    const cJSON *progress = cJSON_GetObjectItemCaseSensitive(line, "progress");

    if (progress == NULL) {
        answers->result = cJSON_Duplicate(line, true);
    } else if (answers->progress_cb != NULL) {
        answers->progress_cb(progress, answers->arg);
    }
}

static bool settle(const struct answers *answers, struct err *err)
{
    const char *error;

    if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(answers->result, "ok"))) {
        return true;
    }
    error = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(answers->result, "error"));
    return err_set(
        err, ERR_INVALID, "%s", error != NULL ? error : "the server's answer makes no sense");
}

/* --- through the server ------------------------------------------------------------------- */

/* *fd_out is -1 if nobody listens. */
static bool connect_to(struct str path, int *fd_out, struct err *err)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd;

    *fd_out = -1;
    if (path.n >= sizeof(address.sun_path)) {
        return true; /* no server can listen there either */
    }
    memcpy(address.sun_path, path.p, path.n);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 &&
        connect(fd, (const struct sockaddr *)(const void *)&address, sizeof(address)) == 0) {
        *fd_out = fd;
        return true;
    }
    if (fd >= 0 && (errno == ECONNREFUSED || errno == ENOENT)) {
        close(fd);
        return true;
    }
    err_set_code(err, ERR_DENIED, errno, "can't reach the server at %.*s: %s", STR_ARG(path),
        strerror(errno));
    if (fd >= 0) {
        close(fd);
    }
    return false;
}

static bool send_all(int fd, struct str bytes)
{
    while (bytes.n > 0) {
        ssize_t n = send(fd, bytes.p, bytes.n, MSG_NOSIGNAL);

        if (n < 0 && errno != EINTR) {
            return false;
        }
        bytes = str_skip(bytes, n > 0 ? (size_t)n : 0);
    }
    return true;
}

/* Take the whole lines of in from *from on. */
static void take_lines(const struct buf *in, size_t *from, struct answers *answers)
{
    size_t end;

    while (answers->result == NULL &&
           (end = str_find_char(str_skip(buf_str(in), *from), '\n')) != SIZE_MAX) {
        cJSON *line = cJSON_ParseWithLength(in->p + *from, end);

        take_line(answers, line);
        cJSON_Delete(line);
        *from += end + 1;
    }
}

static bool ask_server(int fd, const cJSON *request, struct answers *answers, struct err *err)
{
    CLEANUP(buf_done) struct buf in;
    char *text = cJSON_PrintUnformatted(request);
    bool is_sent = send_all(fd, str_from(text)) && send_all(fd, S("\n"));
    size_t taken = 0;

    explicit_bzero(text, strlen(text)); /* there may be a token in it */
    cJSON_free(text);
    buf_init(&in, MAX_ANSWER);
    while (is_sent && answers->result == NULL && !in.is_full) {
        char bytes[4096];
        ssize_t n = recv(fd, bytes, sizeof(bytes), 0);

        if (n == 0 || (n < 0 && errno != EINTR)) {
            break;
        }
        buf_put(&in, (struct str){ bytes, n > 0 ? (size_t)n : 0 });
        take_lines(&in, &taken, answers);
    }
    return answers->result != NULL ||
           err_set(err, ERR_BUSY, "the server stopped before it had answered");
}

/* --- with an engine of our own ------------------------------------------------------------ */

struct local {
    struct runtime runtime;
    const cJSON *request;
    struct answers *answers;
    struct err err;
};

static void on_stopped(void *arg)
{
    struct local *local = arg;

    loop_stop(local->runtime.loop);
}

static void on_answer(const cJSON *line, bool is_last, void *arg)
{
    struct local *local = arg;

    take_line(local->answers, line);
    if (is_last) {
        engine_stop(local->runtime.engine, STOP_GRACE_MS, on_stopped, local);
    }
}

static void on_started(const struct err *err, void *arg)
{
    struct local *local = arg;

    if (err->kind != ERR_NONE) {
        local->err = *err;
        loop_stop(local->runtime.loop);
        return;
    }
    (void)control_start(&local->runtime, local->request, on_answer, local);
}

static bool ask_here(
    const struct config *config, const cJSON *request, struct answers *answers, struct err *err)
{
    CLEANUP(loop_free) struct loop *loop = loop_new();
    struct local local = { .request = request, .answers = answers };

    /* What goes wrong is said by the command itself, in one line. */
    if (config->log.level == LOG_LEVEL_DEBUG) {
        log_start(LOG_LEVEL_DEBUG, config->log.format == CONFIG_LOG_JSON, STDERR_FILENO);
    } else {
        log_start(LOG_LEVEL_ERROR, false, -1);
    }
    if (!runtime_drop_privileges(config, err) || !runtime_open(loop, config, &local.runtime, err)) {
        return false;
    }
    engine_start(local.runtime.engine, on_started, &local);
    loop_run(loop);
    runtime_close(&local.runtime);
    if (answers->result == NULL) {
        *err = local.err;
        return false;
    }
    return true;
}

/* ------------------------------------------------------------------------------------------ */

static bool ask(const struct config *config, struct str path, const cJSON *request,
    struct answers *answers, struct err *err)
{
    bool is_answered;
    int fd;

    if (!connect_to(path, &fd, err)) {
        return false;
    }
    if (fd < 0) {
        if (ask_here(config, request, answers, err)) {
            return true;
        }
        return err->kind == ERR_BUSY && err_wrap(err, "no server answers at %.*s", STR_ARG(path));
    }
    is_answered = ask_server(fd, request, answers, err);
    close(fd);
    return is_answered;
}

static bool run(struct cli *cli, const cJSON *request, struct answers *answers, struct err *err)
{
    CLEANUP(arena_free) struct arena *arena = arena_new();
    struct str path;

    if (!cli_load_config(cli, err)) {
        return false;
    }
    path = runtime_socket_path(&cli->config, arena);
    if (!ask(&cli->config, path, request, answers, err)) {
        return false;
    }
    return settle(answers, err);
}

cJSON *control_request(const char *command)
{
    cJSON *request = cJSON_CreateObject();

    cJSON_AddStringToObject(request, "command", command);
    return request;
}

void control_add_text(cJSON *request, const char *name, const char *text_or_null)
{
    if (text_or_null != NULL) {
        cJSON_AddStringToObject(request, name, text_or_null);
    }
}

int control_run(struct cli *cli, cJSON *request, control_progress_cb *progress_cb, void *arg,
    cJSON **result_out)
{
    struct answers answers = { progress_cb, arg, NULL };
    int status = CLI_DONE;
    struct err err;

    if (!run(cli, request, &answers, &err)) {
        status = cli_fail(&err);
    } else if (result_out != NULL) {
        *result_out = TAKE(answers.result);
    }
    cJSON_Delete(answers.result);
    cJSON_Delete(request);
    return status;
}
