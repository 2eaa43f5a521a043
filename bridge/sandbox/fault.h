#pragma once
/** How the service is told to misbehave; the rules and their JSON are described in admin.h. */
#include "bridge/core/arena.h"
#include "bridge/core/str.h"
#include "bridge/sandbox/refusal.h"

struct cJSON;

enum sbx_fault_kind {
    SBX_FAULT_NONE,
    SBX_FAULT_STATUS,
    SBX_FAULT_STATUS_AFTER,
    SBX_FAULT_CUT_BEFORE,
    SBX_FAULT_CUT_AFTER,
    SBX_FAULT_STALL,
    SBX_FAULT_STALL_AFTER,
    SBX_FAULT_HOLD,
    SBX_FAULT_HOLD_AFTER,
    SBX_FAULT_DELAY,
    SBX_FAULT_TRUNCATE,
    SBX_FAULT_MALFORMED,
    SBX_FAULT_REWRITE,
    SBX_FAULT_REPEAT_ITEMS,
    SBX_FAULT_REPEAT_ACROSS,
    SBX_FAULT_REVERSE_ITEMS,
    SBX_FAULT_PARTIAL_ITEMS,
    SBX_FAULT_EMPTY_PAGE,
    SBX_FAULT_EXPIRE_DELTA,
    SBX_FAULT_FOREIGN_LINK,
    SBX_FAULT_NO_TRACKING,
    SBX_FAULT_IGNORE_IF_MATCH,
    SBX_FAULT_DELETE_OCCURRENCE,
    SBX_FAULT_COUNT,
};

/** A rule that has been added; its strings are its own. */
struct sbx_fault {
    struct sbx_fault *next;
    int64_t id;
    enum sbx_fault_kind kind;
    char *method, *path, *user; /**< NULL: any */
    int64_t nth;                /**< the first matching request it strikes, from 1 */
    int64_t count;              /**< how many it strikes; 0: all */
    int64_t seen, struck;
    int status;
    char *retry_after, *body, *code, *host, *location, *find, *put; /**< or NULL */
    int64_t delay_ms;
};

struct sbx_faults {
    struct sbx_fault *first;
    int64_t next_id;
};

/** Add a rule, or each of an array, behind the others. fails: 400 */
MUST_CHECK bool sbx_faults_add(
    struct sbx_faults *faults, const struct cJSON *json, struct sbx_refusal *refusal);
void sbx_faults_clear(struct sbx_faults *faults);
/**
 * The first rule that strikes this request, or NULL; counts it. Valid until the rules change.
 * target: path and query, decoded and in lower case.
 */
const struct sbx_fault *sbx_faults_match(
    struct sbx_faults *faults, struct str method, struct str target, struct str user);
struct cJSON *sbx_faults_write(const struct sbx_faults *faults);
