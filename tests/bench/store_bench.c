/**
 * store_bench PATH: how fast is the store on the disk of PATH (a new file)? Writes per second with
 * 1, 8 and 64 of them waiting at once, as a PUT makes them (operation, then resource, version and
 * change number), and loading a large collection.
 */
#include "bridge/core/mem.h"
#include "bridge/core/secret.h"
#include "bridge/store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RESOURCES      10000
#define DOCUMENT_BYTES 900
#define LOADS          10

static struct store *store;
static struct loop *loop;
static int64_t account, collection;
static char document[DOCUMENT_BYTES], base[400];

static int64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void die(const struct err *err)
{
    fprintf(stderr, "store_bench: %s\n", err->text);
    exit(1);
}

/* --- one write: what a PUT does, in two commits ------------------------------------------- */

struct put {
    struct store_job job;
    int64_t operation;
    char href[32];
    int64_t begun_us;
};

static int next_number, last_number, in_hand;
static int64_t slowest_us;

static bool open_operation(struct store_job *job, struct store_db *db, struct err *err)
{
    struct put *put = CONTAINER_OF(job, struct put, job);
    struct store_operation row = { .account = account,
        .collection = collection,
        .kind = 1,
        .href = str_from(put->href),
        .uid = str_from(put->href),
        .document = { document, sizeof(document) },
        .wanted = { base, sizeof(base) },
        .expected = { base, sizeof(base) },
        .marker = S("0123456789abcdef0123456789") };

    return store_operation_add(db, &row, &put->operation, err);
}

static bool settle(struct store_job *job, struct store_db *db, struct err *err)
{
    struct put *put = CONTAINER_OF(job, struct put, job);
    struct store_version version = {
        .rev = 1, .etag = S("\"0123456789abcdef\""), .fields = { base, 120 }, .is_put = true
    };
    struct store_resource row = { .account = account,
        .collection = collection,
        .href = str_from(put->href),
        .uid = str_from(put->href),
        .upstream_id = str_from(put->href),
        .upstream_etag = S("W/\"0123456789\""),
        .etag = S("\"0123456789abcdef\""),
        .document = { document, sizeof(document) },
        .base = { base, sizeof(base) },
        .rev = 1,
        .put_hash = { base, 32 } };

    return store_change_next(db, account, collection, S("run"), &row.change, err) &&
           store_resource_put(db, &row, &row.id, err) &&
           store_version_add(db, account, collection, row.id, &version, 8, err) &&
           store_operation_remove(db, account, put->operation, err);
}

static void put_next(struct put *put);

static void on_settled(struct store_job *job)
{
    struct put *put = CONTAINER_OF(job, struct put, job);
    int64_t took_us = now_us() - put->begun_us;

    if (job->err.kind != ERR_NONE) {
        die(&job->err);
    }
    slowest_us = took_us > slowest_us ? took_us : slowest_us;
    in_hand--;
    put_next(put);
}

static void on_opened(struct store_job *job)
{
    if (job->err.kind != ERR_NONE) {
        die(&job->err);
    }
    job->run = settle;
    job->done = on_settled;
    store_write(store, job);
}

static void put_next(struct put *put)
{
    if (next_number == last_number) {
        if (in_hand == 0) {
            loop_stop(loop);
        }
        return;
    }
    *put =
        (struct put){ .job = { .run = open_operation, .done = on_opened }, .begun_us = now_us() };
    snprintf(put->href, sizeof(put->href), "AAMkAGI2TG93AAA=%d.ics", next_number++);
    in_hand++;
    store_write(store, &put->job);
}

static void measure_puts(int at_once, int count)
{
    struct put *puts = mem_alloc_array((size_t)at_once, sizeof(*puts));
    int64_t begin_us = now_us();
    double seconds;

    last_number = next_number + count;
    slowest_us = 0;
    for (int i = 0; i < at_once; i++) {
        put_next(&puts[i]);
    }
    loop_run(loop);
    seconds = (double)(now_us() - begin_us) / 1e6;
    printf("%2d at once: %6.0f PUTs/s (two durable commits each), slowest %.1f ms\n", at_once,
        count / seconds, (double)slowest_us / 1e3);
    mem_free(puts);
}

/* --- loading ------------------------------------------------------------------------------ */

static size_t loaded, loaded_bytes;

static bool load(struct store_job *job, struct store_db *db, struct err *err)
{
    CLEANUP(arena_free) struct arena *arena = arena_new();
    struct store_resource *rows;

    (void)job;
    if (!store_resource_load(db, account, collection, arena, &rows, &loaded, err)) {
        return false;
    }
    loaded_bytes = arena_size(arena);
    return true;
}

static bool set_up(struct store_job *job, struct store_db *db, struct err *err)
{
    struct store_account new_account = { 0 };
    struct store_collection new_collection = { .slug = S("tasks") };

    (void)job;
    if (!store_user_add(db, S("bench"), 1, &new_account.user, err) ||
        !store_account_add(db, &new_account, &account, err)) {
        return false;
    }
    new_collection.account = account;
    return store_collection_add(db, &new_collection, &collection, err);
}

static void on_done(struct store_job *job)
{
    if (job->err.kind != ERR_NONE) {
        die(&job->err);
    }
    loop_stop(loop);
}

static double run_job(
    bool (*run)(struct store_job *job, struct store_db *db, struct err *err), bool is_read)
{
    struct store_job job = { .run = run, .done = on_done };
    int64_t begin_us = now_us();

    if (is_read) {
        store_read(store, &job);
    } else {
        store_write(store, &job);
    }
    loop_run(loop);
    return (double)(now_us() - begin_us) / 1e3;
}

int main(int count, char **arguments)
{
    double best_ms = 1e9, open_ms;
    int64_t begin_us;
    struct err err;

    if (count != 2) {
        fprintf(stderr, "usage: store_bench PATH\n");
        return 2;
    }
    secret_start();
    secret_random(document, sizeof(document));
    secret_random(base, sizeof(base));
    loop = loop_new();
    if (!store_open(loop, arguments[1], &store, &err)) {
        die(&err);
    }
    run_job(set_up, false);
    measure_puts(1, 1000);
    measure_puts(8, 3000);
    measure_puts(64, RESOURCES - 4000);
    for (int i = 0; i < LOADS; i++) {
        double ms = run_job(load, true);

        best_ms = ms < best_ms ? ms : best_ms;
    }
    printf(
        "load of %zu resources: %.1f ms, %.1f MB\n", loaded, best_ms, (double)loaded_bytes / 1e6);
    store_close(&store);
    begin_us = now_us();
    if (!store_open(loop, arguments[1], &store, &err)) {
        die(&err);
    }
    open_ms = (double)(now_us() - begin_us) / 1e3;
    printf("opening it, with its check: %.1f ms\n", open_ms);
    store_close(&store);
    loop_free(&loop);
    return 0;
}
