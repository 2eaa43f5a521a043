#include "bridge/cli/control.h"
#include "bridge/cli/control_internal.h"

#include "bridge/core/civil.h"
#include "bridge/core/mem.h"

#define MAX_NUMBER 9e15 /* whole numbers up to here are exact in a double */

static const struct {
    const char *name;
    control_handler *handler;
} handlers[] = {
    { "user add", control_user_add },
    { "user remove", control_user_remove },
    { "user list", control_user_list },
    { "password add", control_password_add },
    { "password list", control_password_list },
    { "password revoke", control_password_revoke },
    { "account link", control_account_link },
    { "account list", control_account_list },
    { "account set", control_account_set },
    { "account unlink", control_account_unlink },
    { "status", control_status },
    { "sync", control_sync },
};

struct str control_text(const struct control_call *call, const char *name)
{
    return str_from(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(call->request, name)));
}

bool control_number(const struct control_call *call, const char *name, int64_t *out)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(call->request, name);

    if (!cJSON_IsNumber(item) || item->valuedouble > MAX_NUMBER ||
        item->valuedouble < -MAX_NUMBER ||
        (double)(int64_t)item->valuedouble != item->valuedouble) {
        return false;
    }
    *out = (int64_t)item->valuedouble;
    return true;
}

bool control_flag(const struct control_call *call, const char *name)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(call->request, name));
}

static void answer(struct control_call *call, cJSON *line, bool is_last)
{
    if (call->cb != NULL) {
        call->cb(line, is_last, call->arg);
    }
    cJSON_Delete(line);
    if (is_last) {
        cJSON_Delete(call->request);
        mem_free(call);
    }
}

void control_succeed(struct control_call *call, cJSON *result)
{
    cJSON *line = result != NULL ? result : cJSON_CreateObject();

    cJSON_AddTrueToObject(line, "ok");
    answer(call, line, true);
}

void control_fail(struct control_call *call, const struct err *err)
{
    cJSON *line = cJSON_CreateObject();

    cJSON_AddFalseToObject(line, "ok");
    cJSON_AddStringToObject(line, "error", err->text);
    answer(call, line, true);
}

void control_progress(struct control_call *call, cJSON *progress)
{
    cJSON *line = cJSON_CreateObject();

    cJSON_AddItemToObject(line, "progress", progress);
    answer(call, line, false);
}

void control_finish(const struct err *err, void *arg)
{
    struct control_call *call = arg;

    if (err->kind != ERR_NONE) {
        control_fail(call, err);
    } else {
        control_succeed(call, NULL);
    }
}

struct user *control_find_user(struct control_call *call)
{
    struct str name = control_text(call, "user");
    struct user *user = engine_find_user(call->runtime->engine, name);
    struct err err;

    if (user == NULL) {
        err_set(&err, ERR_NOT_FOUND, "there is no user \"%.*s\"", STR_ARG(name));
        control_fail(call, &err);
    }
    return user;
}

struct account *control_find_account(struct control_call *call, struct user *user)
{
    struct account *account = NULL;
    int64_t id = 0;
    struct err err;

    if (control_number(call, "id", &id)) {
        account = user_find_account(user, id);
    }
    if (account == NULL) {
        err_set(&err, ERR_NOT_FOUND, "%.*s has no account %lld", STR_ARG(user_name(user)),
            (long long)id);
        control_fail(call, &err);
    }
    return account;
}

void control_put(cJSON *object, const char *name, struct str value)
{
    char *text = mem_copy_text(value.p, value.n);

    cJSON_AddStringToObject(object, name, text);
    mem_free(text);
}

void control_put_time(cJSON *object, const char *name, int64_t seconds)
{
    char text[24];

    if (seconds == 0) {
        cJSON_AddNullToObject(object, name);
        return;
    }
    civil_format_iso(seconds, text);
    cJSON_AddStringToObject(object, name, text);
}

cJSON *control_list(const char *name, cJSON **array_out)
{
    cJSON *result = cJSON_CreateObject();

    *array_out = cJSON_AddArrayToObject(result, name);
    return result;
}

static void run(void *arg)
{
    struct control_call *call = arg;
    struct str name = control_text(call, "command");
    struct err err;

    for (size_t i = 0; i < ARRAY_LEN(handlers); i++) {
        if (str_eq(name, str_from(handlers[i].name))) {
            handlers[i].handler(call);
            return;
        }
    }
    err_set(&err, ERR_INVALID, "there is no command \"%.*s\"", STR_ARG(str_first(name, 80)));
    control_fail(call, &err);
}

struct control_call *control_start(
    struct runtime *runtime, const cJSON *request, control_answer_cb *cb, void *arg)
{
    struct control_call *call = mem_alloc(sizeof(*call));

    call->runtime = runtime;
    call->request = cJSON_Duplicate(request, true);
    call->cb = cb;
    call->arg = arg;
    loop_post(runtime->loop, run, call);
    return call;
}

void control_abandon(struct control_call **call)
{
    if (*call != NULL) {
        (*call)->cb = NULL;
        *call = NULL;
    }
}
