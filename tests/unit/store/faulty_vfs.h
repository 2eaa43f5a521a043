#pragma once
/**
 * A layer below SQLite that lets the n-th file operation fail, or kills the process there. Threads
 * share one count.
 */
#include <stdbool.h>

enum fault {
    FAULT_NONE,
    FAULT_FULL, /**< writing, growing and syncing files: no room */
    FAULT_IO,   /**< any operation: the disk fails */
    FAULT_KILL, /**< SIGKILL; a write is half done */
};

/** Put it below everything that is opened from now on. Once per process. */
void faulty_install(void);
/**
 * From now on the nth operation (1: the next; only those that the fault can hit are counted) has
 * the fault; `lasts`: all after it, too. nth 0: none.
 */
void faulty_arm(enum fault fault, long nth, bool lasts);
/** Operations that the fault could have hit since faulty_arm. */
long faulty_seen(void);
/** Has any been hit? */
bool faulty_has_hit(void);
/** Syncs of any file since faulty_install. */
long faulty_syncs(void);
