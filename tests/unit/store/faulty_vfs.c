#include "tests/unit/store/faulty_vfs.h"

#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stddef.h>
#include <unistd.h>

struct faulty_file {
    sqlite3_file file;
    sqlite3_file *real; /**< right behind this struct */
};

static sqlite3_vfs *real_vfs;
static sqlite3_vfs faulty_vfs;

static _Atomic int armed_fault;
static atomic_bool is_lasting, has_hit;
static atomic_long armed_nth, seen, syncs;

void faulty_arm(enum fault fault, long nth, bool lasts)
{
    armed_fault = FAULT_NONE;
    seen = 0;
    has_hit = false;
    is_lasting = lasts;
    armed_nth = nth;
    armed_fault = fault;
}

long faulty_seen(void)
{
    return seen;
}

bool faulty_has_hit(void)
{
    return has_hit;
}

long faulty_syncs(void)
{
    return syncs;
}

/* Is it this operation's turn? */
static bool is_hit(bool is_change)
{
    enum fault fault = (enum fault)armed_fault;
    long number;

    if (fault == FAULT_NONE || (fault != FAULT_IO && !is_change)) {
        return false;
    }
    number = ++seen;
    if (armed_nth != 0 && (number == armed_nth || (is_lasting && number > armed_nth))) {
        has_hit = true;
        return true;
    }
    return false;
}

static int result_of(int io_result)
{
    if (armed_fault == FAULT_KILL) {
        kill(getpid(), SIGKILL);
    }
    return armed_fault == FAULT_FULL ? SQLITE_FULL : io_result;
}

static sqlite3_file *real_of(sqlite3_file *file)
{
    return ((struct faulty_file *)file)->real;
}

static int faulty_close(sqlite3_file *file)
{
    return real_of(file)->pMethods->xClose(real_of(file));
}

static int faulty_read(sqlite3_file *file, void *out, int n, sqlite3_int64 at)
{
    return is_hit(false) ? result_of(SQLITE_IOERR_READ)
                         : real_of(file)->pMethods->xRead(real_of(file), out, n, at);
}

static int faulty_write(sqlite3_file *file, const void *bytes, int n, sqlite3_int64 at)
{
    if (is_hit(true)) {
        real_of(file)->pMethods->xWrite(real_of(file), bytes, n / 2, at);
        return result_of(SQLITE_IOERR_WRITE);
    }
    return real_of(file)->pMethods->xWrite(real_of(file), bytes, n, at);
}

static int faulty_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    return is_hit(true) ? result_of(SQLITE_IOERR_TRUNCATE)
                        : real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int faulty_sync(sqlite3_file *file, int flags)
{
    syncs++;
    return is_hit(true) ? result_of(SQLITE_IOERR_FSYNC)
                        : real_of(file)->pMethods->xSync(real_of(file), flags);
}

static int faulty_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return is_hit(false) ? result_of(SQLITE_IOERR_FSTAT)
                         : real_of(file)->pMethods->xFileSize(real_of(file), size);
}

static int faulty_lock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int faulty_unlock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int faulty_check_reserved(sqlite3_file *file, int *out)
{
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), out);
}

static int faulty_control(sqlite3_file *file, int what, void *arg)
{
    return real_of(file)->pMethods->xFileControl(real_of(file), what, arg);
}

static int faulty_sector_size(sqlite3_file *file)
{
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int faulty_characteristics(sqlite3_file *file)
{
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int faulty_shm_map(
    sqlite3_file *file, int region, int bytes, int extend, void volatile **out)
{
    return is_hit(extend != 0)
               ? result_of(SQLITE_IOERR_SHMMAP)
               : real_of(file)->pMethods->xShmMap(real_of(file), region, bytes, extend, out);
}

static int faulty_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
    return real_of(file)->pMethods->xShmLock(real_of(file), offset, n, flags);
}

static void faulty_shm_barrier(sqlite3_file *file)
{
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int faulty_shm_unmap(sqlite3_file *file, int remove)
{
    return real_of(file)->pMethods->xShmUnmap(real_of(file), remove);
}

static sqlite3_io_methods faulty_methods = {
    .iVersion = 2,
    .xClose = faulty_close,
    .xRead = faulty_read,
    .xWrite = faulty_write,
    .xTruncate = faulty_truncate,
    .xSync = faulty_sync,
    .xFileSize = faulty_size,
    .xLock = faulty_lock,
    .xUnlock = faulty_unlock,
    .xCheckReservedLock = faulty_check_reserved,
    .xFileControl = faulty_control,
    .xSectorSize = faulty_sector_size,
    .xDeviceCharacteristics = faulty_characteristics,
    .xShmMap = faulty_shm_map,
    .xShmLock = faulty_shm_lock,
    .xShmBarrier = faulty_shm_barrier,
    .xShmUnmap = faulty_shm_unmap,
};

static int faulty_open(
    sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *flags_out)
{
    struct faulty_file *faulty = (struct faulty_file *)file;
    int result;

    (void)vfs;
    faulty->file.pMethods = NULL;
    if (is_hit((flags & SQLITE_OPEN_CREATE) != 0)) {
        return result_of(SQLITE_CANTOPEN);
    }
    faulty->real = (sqlite3_file *)(faulty + 1);
    result = real_vfs->xOpen(real_vfs, name, faulty->real, flags, flags_out);
    if (faulty->real->pMethods != NULL) {
        faulty->file.pMethods = &faulty_methods;
    }
    return result;
}

static int faulty_delete(sqlite3_vfs *vfs, const char *name, int sync_folder)
{
    (void)vfs;
    return is_hit(true) ? result_of(SQLITE_IOERR_DELETE)
                        : real_vfs->xDelete(real_vfs, name, sync_folder);
}

void faulty_install(void)
{
    real_vfs = sqlite3_vfs_find(NULL);
    faulty_vfs = *real_vfs; /* what is not about files goes to the real one */
    faulty_vfs.zName = "faulty";
    faulty_vfs.pNext = NULL;
    faulty_vfs.szOsFile = (int)sizeof(struct faulty_file) + real_vfs->szOsFile;
    faulty_vfs.xOpen = faulty_open;
    faulty_vfs.xDelete = faulty_delete;
    sqlite3_vfs_register(&faulty_vfs, 1);
}
