/* The control commands about users and their app passwords. */
#include "bridge/cli/control_internal.h"

#define MAX_LABEL 200 /* bytes */

void control_user_add(struct control_call *call)
{
    struct str name = control_text(call, "user");
    struct err err;

    if (engine_find_user(call->runtime->engine, name) != NULL) {
        err_set(&err, ERR_CONFLICT, "there is a user \"%.*s\" already", STR_ARG(name));
        control_fail(call, &err);
        return;
    }
    engine_add_user(call->runtime->engine, name, control_finish, call);
}

void control_user_remove(struct control_call *call)
{
    if (control_find_user(call) != NULL) {
        engine_remove_user(call->runtime->engine, control_text(call, "user"), control_finish, call);
    }
}

static unsigned count_passwords(const struct user *user)
{
    struct engine_password password;
    unsigned count = 0;

    while (user_password(user, count, &password)) {
        count++;
    }
    return count;
}

static unsigned count_accounts(struct user *user)
{
    struct account *account = NULL;
    unsigned count = 0;

    while ((account = user_next_account(user, account)) != NULL) {
        count++;
    }
    return count;
}

void control_user_list(struct control_call *call)
{
    struct user *user = NULL;
    cJSON *array;
    cJSON *result = control_list("users", &array);

    while ((user = engine_next_user(call->runtime->engine, user)) != NULL) {
        cJSON *row = cJSON_CreateObject();

        control_put(row, "user", user_name(user));
        cJSON_AddNumberToObject(row, "accounts", count_accounts(user));
        cJSON_AddNumberToObject(row, "passwords", count_passwords(user));
        cJSON_AddItemToArray(array, row);
    }
    control_succeed(call, result);
}

static void password_added(const struct err *err, void *arg)
{
    struct control_call *call = arg;
    cJSON *result;

    if (err->kind != ERR_NONE) {
        control_fail(call, err);
        return;
    }
    result = cJSON_CreateObject();
    cJSON_AddStringToObject(result, "password", call->password);
    control_succeed(call, result);
}

void control_password_add(struct control_call *call)
{
    struct str label = control_text(call, "label");
    struct user *user = control_find_user(call);
    struct err err;

    if (user == NULL) {
        return;
    }
    if (label.n == 0 || label.n > MAX_LABEL) {
        err_set(&err, ERR_INVALID, "a label has 1 to %d bytes", MAX_LABEL);
        control_fail(call, &err);
        return;
    }
    engine_add_password(call->runtime->engine, user, label, call->password, password_added, call);
}

void control_password_list(struct control_call *call)
{
    struct user *user = control_find_user(call);
    struct engine_password password;
    cJSON *array;
    cJSON *result;

    if (user == NULL) {
        return;
    }
    result = control_list("passwords", &array);
    for (size_t i = 0; user_password(user, i, &password); i++) {
        cJSON *row = cJSON_CreateObject();

        cJSON_AddNumberToObject(row, "id", (double)password.id);
        control_put(row, "label", password.label);
        control_put_time(row, "created", password.created_s);
        control_put_time(row, "used", password.used_s);
        cJSON_AddItemToArray(array, row);
    }
    control_succeed(call, result);
}

void control_password_revoke(struct control_call *call)
{
    struct user *user = control_find_user(call);
    struct engine_password password = { 0 };
    int64_t id = 0;
    struct err err;

    if (user == NULL) {
        return;
    }
    if (control_number(call, "id", &id)) {
        for (size_t i = 0; user_password(user, i, &password) && password.id != id; i++) {
        }
    }
    if (id == 0 || password.id != id) {
        err_set(&err, ERR_NOT_FOUND, "%.*s has no password %lld", STR_ARG(user_name(user)),
            (long long)id);
        control_fail(call, &err);
        return;
    }
    engine_revoke_password(call->runtime->engine, user, id, control_finish, call);
}
