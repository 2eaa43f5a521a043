#include "bridge/store/store.h"

#include "bridge/core/buf.h"
#include "bridge/core/mem.h"
#include "bridge/store/store_internal.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* Write jobs in one transaction: bounds what one failing commit takes with it. */
#define BATCH_MAX 128
#define READERS   2

struct store {
    int lock_fd;
    struct store_db writer_db;
    struct store_db reader_dbs[READERS];
    struct worker *writer;
    struct worker *readers;
};

/* --- jobs: on the workers ----------------------------------------------------------------- */

static struct store_job *job_of(struct job *job)
{
    return CONTAINER_OF(job, struct store_job, job);
}

/* A statement without parameters. */
static bool run_sql(struct store_db *db, const char *sql, struct err *err)
{
    struct query query;

    query_start(&query, db, sql, err);
    return query_run(&query);
}

static bool call_run(struct store_job *job, struct store_db *db)
{
    bool is_ok = job->run(job, db, &job->err);

    assert(is_ok || job->err.kind != ERR_NONE);
    if (is_ok) {
        job->err.kind = ERR_NONE; /* of a query that failed and was coped with */
    }
    return is_ok;
}

static void roll_back(struct store_db *db)
{
    struct err ignored = { 0 }; /* the caller has the cause, and ROLLBACK ends it in any case */

    if (db->class->is_in_transaction(db->db)) {
        (void)!run_sql(db, "ROLLBACK", &ignored);
    }
}

/* The jobs from first to before end are not durable; those that failed keep their own reason. */
static void fail_jobs(struct job *first, const struct job *end, const struct err *err)
{
    for (struct job *job = first; job != end; job = job->next) {
        if (job_of(job)->err.kind == ERR_NONE) {
            job_of(job)->err = *err;
        }
    }
}

/* Either the whole job stays in the transaction or nothing of it; or the transaction is over. */
static void run_in_savepoint(struct store_job *job, struct store_db *db)
{
    struct err ignored = { 0 };

    if (!run_sql(db, "SAVEPOINT job", &job->err)) {
        roll_back(db);
        return;
    }
    if (call_run(job, db)) {
        if (db->class->is_in_transaction(db->db) &&
            !run_sql(db, "RELEASE SAVEPOINT job", &job->err)) {
            roll_back(db);
        }
        return;
    }
    if (db->class->is_in_transaction(db->db) &&
        (!run_sql(db, "ROLLBACK TO SAVEPOINT job", &ignored) ||
            !run_sql(db, "RELEASE SAVEPOINT job", &ignored))) {
        roll_back(db);
    }
}

/* Run jobs from first on in one transaction. Returns the first that still has to run, or NULL. */
static struct job *run_group(struct store_db *db, struct job *first)
{
    struct err err = { 0 };

    if (!run_sql(db, db->class->begin_write, &err)) {
        fail_jobs(first, NULL, &err);
        return NULL;
    }
    for (struct job *job = first; job != NULL; job = job->next) {
        run_in_savepoint(job_of(job), db);
        if (!db->class->is_in_transaction(db->db)) {
            /* the disk was full or failed, or memory ran out: the jobs before went with it */
            err_set(&err, ERR_INTERNAL, "store: lost with another change of the same moment");
            fail_jobs(first, job->next, &err);
            return job->next;
        }
    }
    if (!run_sql(db, "COMMIT", &err)) {
        fail_jobs(first, NULL, &err);
        roll_back(db);
    }
    return NULL;
}

static void run_batch(struct job *jobs, void *context)
{
    while (jobs != NULL) {
        jobs = run_group(context, jobs);
    }
}

/* In a transaction as well, so that all its queries see the same moment. */
static void run_read(struct job *job, void *context)
{
    struct store_db *db = context;

    if (!run_sql(db, db->class->begin_read, &job_of(job)->err)) {
        return;
    }
    (void)call_run(job_of(job), db);
    roll_back(db);
}

/* --- jobs: on the loop -------------------------------------------------------------------- */

static void on_done(struct job *job)
{
    job_of(job)->done(job_of(job));
}

static void submit(struct worker *worker, struct store_job *job)
{
    job->err = (struct err){ 0 };
    job->job = (struct job){ .run = run_read, .done = on_done };
    worker_submit(worker, &job->job);
}

void store_write(struct store *store, struct store_job *job)
{
    submit(store->writer, job);
}

void store_read(struct store *store, struct store_job *job)
{
    submit(store->readers, job);
}

/* --- open and close ----------------------------------------------------------------------- */

static bool fail_lock(const char *path, int code, struct err *err)
{
    if (code == EACCES || code == EPERM || code == EROFS) {
        return err_set_code(err, ERR_DENIED, code,
            "%s cannot be written by user id %u: %s; check owner and mode of its directory", path,
            (unsigned)geteuid(), strerror(code));
    }
    return err_set_code(err, ERR_INTERNAL, code, "%s cannot be made: %s; the directory must exist",
        path, strerror(code));
}

/* For people: who holds it. */
static bool fail_held(const char *path, int fd, struct err *err)
{
    char holder[24] = "";
    ssize_t n = pread(fd, holder, sizeof(holder) - 1, 0);

    holder[n > 0 ? strspn(holder, "0123456789") : 0] = '\0';
    return err_set_code(err, ERR_BUSY, EWOULDBLOCK,
        "another process%s%s holds %s; end it, or let it do the work", *holder == '\0' ? "" : " ",
        holder, path);
}

/* The file stays when the lock is released: to remove it would race with the next holder. */
static bool take_lock(const char *path, int *fd_out, struct err *err)
{
    char pid[24];
    int n = snprintf(pid, sizeof(pid), "%d\n", (int)getpid());
    /* A link there would have us truncate another file. */
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0) {
        return fail_lock(path, errno, err);
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK) {
            fail_held(path, fd, err);
        } else {
            fail_lock(path, errno, err);
        }
        close(fd);
        return false;
    }
    (void)!(ftruncate(fd, 0) == 0 && write(fd, pid, (size_t)n) == n); /* holds without it, too */
    *fd_out = fd;
    return true;
}

static bool connect_all(struct store *store, const char *location, struct err *err)
{
    store->writer_db.class = &db_sqlite;
    if (!db_sqlite.open(location, true, &store->writer_db.db, err)) {
        return false;
    }
    for (size_t i = 0; i < READERS; i++) {
        store->reader_dbs[i].class = &db_sqlite;
        if (!db_sqlite.open(location, false, &store->reader_dbs[i].db, err)) {
            return false;
        }
    }
    return true;
}

bool store_open(struct loop *loop, const char *location, struct store **store_out, struct err *err)
{
    CLEANUP(store_close) struct store *store = mem_alloc(sizeof(*store));
    CLEANUP(buf_done) struct buf lock_path;
    void *contexts[READERS];
    void *writer_context = &store->writer_db;

    store->lock_fd = -1;
    buf_init(&lock_path, PATH_MAX);
    buf_printf(&lock_path, "%s.lock", location);
    if (!buf_ok(&lock_path, err) || !take_lock(lock_path.p, &store->lock_fd, err) ||
        !connect_all(store, location, err)) {
        return false;
    }
    for (size_t i = 0; i < READERS; i++) {
        contexts[i] = &store->reader_dbs[i];
    }
    store->writer = worker_new(loop, "store-write", 1, &writer_context, run_batch, BATCH_MAX);
    store->readers = worker_new(loop, "store-read", READERS, contexts, NULL, 0);
    *store_out = TAKE(store);
    return true;
}

void store_close(struct store **store_in)
{
    struct store *store = TAKE(*store_in);

    if (store == NULL) {
        return;
    }
    worker_free(&store->readers);
    worker_free(&store->writer);
    for (size_t i = 0; i < READERS; i++) {
        db_sqlite.close(&store->reader_dbs[i].db);
    }
    db_sqlite.close(&store->writer_db.db); /* the last one: it empties the write-ahead log */
    if (store->lock_fd >= 0) {
        close(store->lock_fd);
    }
    mem_free(store);
}
