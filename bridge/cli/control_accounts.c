/* The control commands about accounts: link, list, set, unlink, status, sync. */
#include "bridge/cli/control_internal.h"
#include "bridge/core/clock.h"

static cJSON *describe(const struct user *user, const struct engine_account_status *status)
{
    cJSON *row = cJSON_CreateObject();

    control_put(row, "user", user_name(user));
    cJSON_AddNumberToObject(row, "id", (double)status->id);
    control_put(row, "upstream", status->upstream);
    control_put(row, "dialect", status->dialect);
    control_put(row, "label", status->label);
    control_put(row, "timezone", status->timezone);
    cJSON_AddBoolToObject(row, "timezone_guessed", status->is_zone_guessed);
    cJSON_AddBoolToObject(row, "default", status->is_default);
    cJSON_AddBoolToObject(row, "read_only", status->is_read_only);
    cJSON_AddBoolToObject(row, "needs_sign_in", status->needs_sign_in);
    return row;
}

static cJSON *describe_lists(struct account *account)
{
    struct collection *collection = NULL;
    cJSON *lists = cJSON_CreateArray();

    while ((collection = account_next_collection(account, collection)) != NULL) {
        struct engine_collection_status status;
        cJSON *row = cJSON_CreateObject();

        collection_status(collection, &status);
        control_put(row, "list", status.slug);
        control_put(row, "name", status.name);
        cJSON_AddBoolToObject(row, "synced", status.is_synced);
        cJSON_AddNumberToObject(row, "change", (double)status.change);
        cJSON_AddItemToArray(lists, row);
    }
    return lists;
}

static cJSON *describe_all(const struct user *user, struct account *account)
{
    struct engine_account_status status;
    cJSON *row;

    account_status(account, &status);
    row = describe(user, &status);
    cJSON_AddBoolToObject(row, "round_running", status.is_round_running);
    control_put_time(row, "last_round", status.last_round_s);
    cJSON_AddNumberToObject(row, "last_round_ms", (double)status.last_round_ms);
    if (status.last_round_s != 0) {
        cJSON_AddNumberToObject(row, "lag_s", (double)(clock_now_s() - status.last_round_s));
    } else {
        cJSON_AddNullToObject(row, "lag_s");
    }
    cJSON_AddNumberToObject(row, "rounds", (double)status.rounds);
    cJSON_AddNumberToObject(row, "rounds_failed", (double)status.rounds_failed);
    cJSON_AddNumberToObject(row, "failures", status.failures);
    control_put(row, "last_error", status.last_error);
    cJSON_AddNumberToObject(row, "open_operations", status.open_operations);
    cJSON_AddNumberToObject(row, "rest_s", status.rest_s);
    cJSON_AddNumberToObject(row, "requests", (double)status.requests);
    cJSON_AddItemToObject(row, "lists", describe_lists(account));
    return row;
}

static void add_accounts(struct user *user, bool is_status, cJSON *array)
{
    struct account *account = NULL;

    while ((account = user_next_account(user, account)) != NULL) {
        struct engine_account_status status;

        account_status(account, &status);
        cJSON_AddItemToArray(
            array, is_status ? describe_all(user, account) : describe(user, &status));
    }
}

/* Of the user named, or of all. */
static void list_accounts(struct control_call *call, bool is_status)
{
    struct user *user = NULL;
    cJSON *array;
    cJSON *result;

    if (control_text(call, "user").n > 0 && (user = control_find_user(call)) == NULL) {
        return;
    }
    result = control_list("accounts", &array);
    if (user != NULL) {
        add_accounts(user, is_status, array);
    } else {
        while ((user = engine_next_user(call->runtime->engine, user)) != NULL) {
            add_accounts(user, is_status, array);
        }
    }
    control_succeed(call, result);
}

void control_account_list(struct control_call *call)
{
    list_accounts(call, false);
}

void control_status(struct control_call *call)
{
    list_accounts(call, true);
}

static void account_linked(const struct err *err, void *arg)
{
    struct control_call *call = arg;
    struct engine_account_status status;
    struct account *account;
    struct user *user;
    cJSON *result;

    if (err->kind != ERR_NONE) {
        control_fail(call, err);
        return;
    }
    user = control_find_user(call); /* it may have been removed meanwhile */
    if (user == NULL) {
        return;
    }
    account = user_find_account(user, call->account);
    result = cJSON_CreateObject();
    if (account != NULL) {
        account_status(account, &status);
        cJSON_AddItemToObject(result, "account", describe(user, &status));
    }
    control_succeed(call, result);
}

void control_account_link(struct control_call *call)
{
    const struct engine_link link = {
        .upstream = control_text(call, "upstream"),
        .label = control_text(call, "label"),
        .timezone = control_text(call, "timezone"),
        .token = control_text(call, "token"),
    };
    struct user *user = control_find_user(call);
    struct err err;

    if (user == NULL) {
        return;
    }
    if (link.token.n == 0) {
        err_set(&err, ERR_INVALID, "an access token is needed");
        control_fail(call, &err);
        return;
    }
    engine_link_account(call->runtime->engine, user, &link, &call->account, account_linked, call);
}

void control_account_set(struct control_call *call)
{
    const cJSON *read_only = cJSON_GetObjectItemCaseSensitive(call->request, "read_only");
    const struct engine_account_change change = {
        .timezone = control_text(call, "timezone"),
        .label = control_text(call, "label"),
        .make_default = control_flag(call, "default"),
        .read_only = cJSON_IsBool(read_only) ? cJSON_IsTrue(read_only) : -1,
    };
    struct user *user = control_find_user(call);
    struct account *account = user != NULL ? control_find_account(call, user) : NULL;

    if (account != NULL) {
        engine_set_account(call->runtime->engine, account, &change, control_finish, call);
    }
}

void control_account_unlink(struct control_call *call)
{
    struct user *user = control_find_user(call);
    struct account *account = user != NULL ? control_find_account(call, user) : NULL;

    if (account != NULL) {
        engine_unlink_account(
            call->runtime->engine, account, control_flag(call, "purge"), control_finish, call);
    }
}

/* --- sync --------------------------------------------------------------------------------- */

static void send_progress(struct control_call *call)
{
    cJSON *progress = cJSON_CreateObject();

    cJSON_AddNumberToObject(progress, "account", (double)call->account);
    cJSON_AddNumberToObject(progress, "tasks", (double)call->tasks);
    cJSON_AddNumberToObject(progress, "lists_done", call->lists_done);
    cJSON_AddNumberToObject(progress, "lists", call->lists);
    control_progress(call, progress);
}

/* The engine may have to run two rounds, when one was under way already: nothing goes back. */
static void sync_progress(uint64_t tasks, unsigned lists_done, unsigned lists, void *arg)
{
    struct control_call *call = arg;

    call->tasks = tasks > call->tasks ? tasks : call->tasks;
    call->lists_done = lists_done > call->lists_done ? lists_done : call->lists_done;
    call->lists = lists;
    send_progress(call);
}

static void sync_next(struct control_call *call, struct user *user);

static void account_synced(const struct err *err, void *arg)
{
    struct control_call *call = arg;
    struct user *user;
    int64_t only;

    if (err->kind != ERR_NONE) {
        control_fail(call, err);
        return;
    }
    call->lists_done = call->lists;
    send_progress(call);
    call->tasks = 0;
    call->lists_done = call->lists = 0;
    if (control_number(call, "id", &only)) {
        control_succeed(call, NULL);
        return;
    }
    user = control_find_user(call);
    if (user != NULL) {
        sync_next(call, user);
    }
}

/* The user's first account with a higher id than the last one. */
static void sync_next(struct control_call *call, struct user *user)
{
    struct engine_account_status status;
    struct account *account = NULL;

    while ((account = user_next_account(user, account)) != NULL) {
        account_status(account, &status);
        if (status.id > call->account) {
            call->account = status.id;
            engine_sync_account(
                call->runtime->engine, account, sync_progress, account_synced, call);
            return;
        }
    }
    control_succeed(call, NULL);
}

void control_sync(struct control_call *call)
{
    struct user *user = control_find_user(call);
    struct account *account;

    if (user == NULL) {
        return;
    }
    if (!control_number(call, "id", &call->account)) {
        sync_next(call, user);
        return;
    }
    account = control_find_account(call, user);
    if (account != NULL) {
        engine_sync_account(call->runtime->engine, account, sync_progress, account_synced, call);
    }
}
