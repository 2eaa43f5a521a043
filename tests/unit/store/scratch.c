#include "tests/unit/store/scratch.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int scratch_set_up_folder(void **state)
{
    struct scratch *scratch = mem_alloc(sizeof(*scratch));

    /* in memory where there is such a place: nobody pulls the plug here, so syncing only takes time
     */
    snprintf(scratch->folder, sizeof(scratch->folder), "%s/duedav-store-XXXXXX",
        access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(scratch->folder));
    snprintf(scratch->path, sizeof(scratch->path), "%s/store.db", scratch->folder);
    scratch->arena = arena_new();
    scratch->db.class = &db_sqlite;
    *state = scratch;
    return 0;
}

int scratch_set_up(void **state)
{
    scratch_set_up_folder(state);
    scratch_open(*state);
    return 0;
}

int scratch_set_up_populated(void **state)
{
    struct scratch *scratch;

    scratch_set_up(state);
    scratch = *state;
    scratch->user = add_user(&scratch->db, "alice");
    scratch->account = add_account(&scratch->db, scratch->user, 1);
    scratch->collection = add_collection(&scratch->db, scratch->account, 1);
    return 0;
}

static void remove_folder(const char *path)
{
    DIR *folder = opendir(path);
    struct dirent *entry;

    assert_non_null(folder);
    while ((entry = readdir(folder)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            assert_return_code(unlinkat(dirfd(folder), entry->d_name, 0), 0);
        }
    }
    closedir(folder);
    assert_return_code(rmdir(path), 0);
}

int scratch_tear_down(void **state)
{
    struct scratch *scratch = *state;

    scratch_close(scratch);
    arena_free(&scratch->arena);
    chmod(scratch->folder, 0700);
    remove_folder(scratch->folder);
    mem_free(scratch);
    return 0;
}

void scratch_open(struct scratch *scratch)
{
    struct err err;

    OK(db_sqlite.open(scratch->path, true, &scratch->db.db, &err));
}

void scratch_close(struct scratch *scratch)
{
    db_sqlite.close(&scratch->db.db);
}

/* A text that lives as long as the program, from a small pool of formats and numbers. */
static struct str name(const char *format, int number)
{
    static char pool[64][96];
    static size_t next;
    char *text = pool[next++ % 64];
    int n;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    n = snprintf(text, sizeof(pool[0]), format, number);
#pragma GCC diagnostic pop
    return (struct str){ text, (size_t)n };
}

struct store_account sample_account(int64_t user, int number)
{
    return (struct store_account){
        .user = user,
        .upstream = name("upstream %d", number),
        .label = name("label %d", number),
        .timezone = name("Europe/Z%d", number),
        .is_zone_guessed = true,
        .is_read_only = true,
        .needs_sign_in = true,
        .token = name("token %d", number),
        .created_s = 1000 + number,
        .unlinked_s = 2000 + number,
        .folder_link = name("https://h/folders/%d", number),
        .is_folder_link_final = true,
        .folder_round = 3000 + number,
    };
}

struct store_collection sample_collection(int64_t account, int number)
{
    return (struct store_collection){
        .account = account,
        .upstream_id = name("folder %d", number),
        .slug = name("slug-%d", number),
        .name = name("Name %d", number),
        .is_default = true,
        .is_hidden = true,
        .is_writable = true,
        .link = name("https://h/tasks/%d", number),
        .is_link_final = true,
        .round = 10 + number,
        .is_round_full = true,
        .round_started_s = 4000 + number,
        .is_synced = true,
        .seen_folder_round = 20 + number,
    };
}

struct store_resource sample_resource(int64_t account, int64_t collection, int number)
{
    return (struct store_resource){
        .account = account,
        .collection = collection,
        .href = name("task-%d.ics", number),
        .uid = name("uid-%d", number),
        .upstream_id = name("AAMk%d", number),
        .upstream_etag = name("W/\"up%d\"", number),
        .etag = name("\"etag%d\"", number),
        .document = name("BEGIN:VCALENDAR\r\nX:%d\r\nEND:VCALENDAR\r\n", number),
        .base = name("task 1\ntitle %d\n", number),
        .rev = 1,
        .change = number,
        .round = 1,
        .written_s = 5000 + number,
        .modified_s = 6000 + number,
        .put_hash = name("hash%d", number),
        .replaced_etag = name("\"old%d\"", number),
    };
}

int64_t add_user(struct store_db *db, const char *user_name)
{
    struct err err;
    int64_t id;

    OK(store_user_add(db, str_from(user_name), 100, &id, &err));
    return id;
}

int64_t add_account(struct store_db *db, int64_t user, int number)
{
    struct store_account account = sample_account(user, number);
    struct err err;
    int64_t id;

    OK(store_account_add(db, &account, &id, &err));
    return id;
}

int64_t add_collection(struct store_db *db, int64_t account, int number)
{
    struct store_collection collection = sample_collection(account, number);
    struct err err;
    int64_t id;

    OK(store_collection_add(db, &collection, &id, &err));
    return id;
}

int64_t add_resource(struct store_db *db, int64_t account, int64_t collection, int number)
{
    struct store_resource resource = sample_resource(account, collection, number);
    struct err err;
    int64_t id;

    OK(store_resource_put(db, &resource, &id, &err));
    return id;
}

char *read_file(const char *path, size_t *n_out)
{
    FILE *file = fopen(path, "rb");
    char *bytes;

    if (file == NULL) {
        *n_out = 0;
        return NULL;
    }
    bytes = mem_alloc(8 << 20);
    *n_out = fread(bytes, 1, 8 << 20, file);
    assert_true(*n_out < 8 << 20);
    fclose(file);
    return bytes;
}

void write_file(const char *path, const void *bytes, size_t n)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}
