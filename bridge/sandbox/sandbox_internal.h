#pragma once
/** What sandbox.c, exchange.c and admin.c share: the whole sandbox, and requests on their way. */
#include "bridge/sandbox/call.h"
#include "bridge/sandbox/record.h"
#include "bridge/sandbox/sandbox.h"

/** Requests in flight of one mailbox. */
struct sbx_load {
    struct sbx_load *next;
    int64_t user;
    unsigned now, most;
    unsigned refused; /**< with 429, for being the fifth */
};

/** A request to the service; in the list of held ones while a fault holds it. */
struct sbx_exchange {
    struct sandbox *sandbox;
    struct http_request *request;
    struct sbx_call call;
    struct sbx_fault fault; /**< a copy; call.fault points here */
    struct str target;      /**< decoded, lower case */
    struct sbx_load *load;  /**< NULL: not counted */
    int64_t record;         /**< 0: none */
    struct loop_timer timer;
    struct sbx_exchange *next; /**< in the list of held ones */
};

/** POST /admin/wait on its way. */
struct sbx_wait {
    struct sandbox *sandbox;
    struct http_request *request;
    struct sbx_record_match match;
    size_t count;
    struct sbx_wait *next;
};

struct sandbox {
    struct loop *loop;
    struct http_server *server;
    struct sbx_db *db;
    struct sbx_service service;
    bool has_admin;
    struct sbx_records *records; /**< NULL without administration */
    struct sbx_faults faults;
    struct sbx_load *loads;
    struct sbx_exchange *held; /**< oldest first */
    struct sbx_wait *waits;
};

/** Handler of the server: carry out a request, as its faults want it. */
void sbx_on_request(struct http_request *request, void *arg);
/** Cut every held request and every wait. */
void sbx_cut_all(struct sandbox *sandbox);
/** Let the oldest `count` held requests (with `path` in their target) go on. Returns how many. */
size_t sbx_release(struct sandbox *sandbox, struct str path, size_t count);
/** Answer the waits whose requests have all come. */
void sbx_check_waits(struct sandbox *sandbox);
/** Answer a request below /admin/. */
void sbx_admin_answer(struct sandbox *sandbox, struct http_request *request);
/** The mailbox as it shows itself at `base`. */
struct sbx_mailbox sbx_mailbox_of(
    const struct sbx_user *user, struct str base, struct arena *arena);
