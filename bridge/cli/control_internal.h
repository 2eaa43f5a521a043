#pragma once
/** What the handlers of the control commands share. */
#include "bridge/cli/control.h"
#include "bridge/core/secret.h"

struct control_call {
    struct runtime *runtime;
    cJSON *request;
    control_answer_cb *cb; /**< NULL: abandoned */
    void *arg;
    /* the handlers' own */
    int64_t account; /**< the one that is being linked or synced */
    uint64_t tasks;  /**< sync: seen so far in this account */
    unsigned lists_done, lists;
    char password[SECRET_ID_TEXT];
};

typedef void control_handler(struct control_call *call);
control_handler control_user_add, control_user_remove, control_user_list;
control_handler control_password_add, control_password_list, control_password_revoke;
control_handler control_account_link, control_account_list, control_account_set,
    control_account_unlink;
control_handler control_status, control_sync;

/** A member of the request; empty if it is absent or no text. */
struct str control_text(const struct control_call *call, const char *name);
/** False if it is absent or no whole number. */
bool control_number(const struct control_call *call, const char *name, int64_t *out);
bool control_flag(const struct control_call *call, const char *name);

/** The user and the account that the request names; NULL after the call has been failed. */
struct user *control_find_user(struct control_call *call);
struct account *control_find_account(struct control_call *call, struct user *user);

/** Each ends the call. result (taken) is an object with what "ok" is added to; NULL for nothing. */
void control_succeed(struct control_call *call, cJSON *result);
void control_fail(struct control_call *call, const struct err *err);
/** progress is taken. */
void control_progress(struct control_call *call, cJSON *progress);
/** An engine_cb (arg: the call) that ends it without a result. */
void control_finish(const struct err *err, void *call);

/** Add texts and times; a time of 0 is null. */
void control_put(cJSON *object, const char *name, struct str value);
void control_put_time(cJSON *object, const char *name, int64_t seconds);
/** An object with an empty array in it. */
cJSON *control_list(const char *name, cJSON **array_out);
