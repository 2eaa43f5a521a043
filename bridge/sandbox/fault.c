#include "bridge/sandbox/fault.h"

#include "bridge/core/mem.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define FAULTS_MAX 1000

static const char *const kind_names[SBX_FAULT_COUNT] = {
    [SBX_FAULT_NONE] = "none",
    [SBX_FAULT_STATUS] = "status",
    [SBX_FAULT_STATUS_AFTER] = "status_after",
    [SBX_FAULT_CUT_BEFORE] = "cut_before",
    [SBX_FAULT_CUT_AFTER] = "cut_after",
    [SBX_FAULT_STALL] = "stall",
    [SBX_FAULT_STALL_AFTER] = "stall_after",
    [SBX_FAULT_HOLD] = "hold",
    [SBX_FAULT_HOLD_AFTER] = "hold_after",
    [SBX_FAULT_DELAY] = "delay",
    [SBX_FAULT_TRUNCATE] = "truncate",
    [SBX_FAULT_MALFORMED] = "malformed",
    [SBX_FAULT_REWRITE] = "rewrite",
    [SBX_FAULT_REPEAT_ITEMS] = "repeat_items",
    [SBX_FAULT_REPEAT_ACROSS] = "repeat_across",
    [SBX_FAULT_REVERSE_ITEMS] = "reverse_items",
    [SBX_FAULT_PARTIAL_ITEMS] = "partial_items",
    [SBX_FAULT_EMPTY_PAGE] = "empty_page",
    [SBX_FAULT_EXPIRE_DELTA] = "expire_delta",
    [SBX_FAULT_FOREIGN_LINK] = "foreign_link",
    [SBX_FAULT_NO_TRACKING] = "no_tracking",
    [SBX_FAULT_IGNORE_IF_MATCH] = "ignore_if_match",
    [SBX_FAULT_DELETE_OCCURRENCE] = "delete_occurrence",
};

static void fault_free(struct sbx_fault *fault)
{
    mem_free(fault->method);
    mem_free(fault->path);
    mem_free(fault->user);
    mem_free(fault->retry_after);
    mem_free(fault->body);
    mem_free(fault->code);
    mem_free(fault->host);
    mem_free(fault->location);
    mem_free(fault->find);
    mem_free(fault->put);
    mem_free(fault);
}

static char *copy_member(const cJSON *json, const char *name)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(json, name);
    char text[32];

    if (member != NULL && cJSON_IsNumber(member)) { /* Retry-After: 30 */
        snprintf(text, sizeof(text), "%g", member->valuedouble);
        return mem_copy_text(text, strlen(text));
    }
    return member != NULL && cJSON_IsString(member)
               ? mem_copy_text(member->valuestring, strlen(member->valuestring))
               : NULL;
}

static int64_t number_member(const cJSON *json, const char *name, int64_t other)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(json, name);

    return member != NULL && cJSON_IsNumber(member) ? (int64_t)member->valuedouble : other;
}

/* A typing mistake in a test must not make its rule match nothing, or everything. */
static bool check_members(
    const cJSON *json, const char *const *names, size_t count, struct sbx_refusal *refusal)
{
    const cJSON *member = NULL;

    cJSON_ArrayForEach(member, json)
    {
        bool is_known = false;

        for (size_t i = 0; i < count; i++) {
            is_known = is_known || strcmp(names[i], member->string) == 0;
        }
        if (!is_known) {
            return sbx_refuse(refusal, 400, "BadFault", "unknown member '%.60s'", member->string);
        }
    }
    return true;
}

static bool add_one(struct sbx_faults *faults, const cJSON *json, struct sbx_refusal *refusal)
{
    static const char *const names[] = { "match", "fault", "count", "status", "retry_after", "body",
        "code", "host", "location", "ms", "find", "put" };
    static const char *const match_names[] = { "method", "path", "user", "nth" };
    const cJSON *match = cJSON_GetObjectItemCaseSensitive(json, "match");
    const cJSON *kind = cJSON_GetObjectItemCaseSensitive(json, "fault");
    struct sbx_fault **end = &faults->first;
    struct sbx_fault *fault = NULL;
    int number = 0;

    if (!cJSON_IsObject(json) || kind == NULL || !cJSON_IsString(kind)) {
        return sbx_refuse(refusal, 400, "BadFault", "a rule is an object with 'fault'");
    }
    if (!check_members(json, names, ARRAY_LEN(names), refusal) ||
        !check_members(match, match_names, ARRAY_LEN(match_names), refusal)) {
        return false;
    }
    while (number < SBX_FAULT_COUNT && strcmp(kind_names[number], kind->valuestring) != 0) {
        number++;
    }
    if (number == SBX_FAULT_COUNT) {
        return sbx_refuse(refusal, 400, "BadFault", "unknown fault '%.60s'", kind->valuestring);
    }
    while (*end != NULL) {
        end = &(*end)->next;
    }
    fault = (struct sbx_fault *)mem_alloc(sizeof(*fault));
    fault->id = ++faults->next_id;
    fault->kind = (enum sbx_fault_kind)number;
    fault->method = copy_member(match, "method");
    fault->path = copy_member(match, "path");
    for (char *p = fault->path; p != NULL && *p != '\0'; p++) {
        *p = (char)tolower((unsigned char)*p);
    }
    fault->user = copy_member(match, "user");
    fault->nth = number_member(match, "nth", 1);
    fault->count = number_member(json, "count", 1);
    fault->status = (int)number_member(json, "status", 0);
    fault->retry_after = copy_member(json, "retry_after");
    fault->body = copy_member(json, "body");
    fault->code = copy_member(json, "code");
    fault->host = copy_member(json, "host");
    fault->location = copy_member(json, "location");
    fault->find = copy_member(json, "find");
    fault->put = copy_member(json, "put");
    fault->delay_ms = number_member(json, "ms", 0);
    *end = fault;
    return true;
}

bool sbx_faults_add(struct sbx_faults *faults, const cJSON *json, struct sbx_refusal *refusal)
{
    const cJSON *entry = NULL;
    size_t count = 0;

    for (struct sbx_fault *fault = faults->first; fault != NULL; fault = fault->next) {
        count++;
    }
    if (count >= FAULTS_MAX) {
        return sbx_refuse(refusal, 400, "BadFault", "too many rules");
    }
    if (!cJSON_IsArray(json)) {
        return add_one(faults, json, refusal);
    }
    cJSON_ArrayForEach(entry, json)
    {
        if (!add_one(faults, entry, refusal)) {
            return false;
        }
    }
    return true;
}

void sbx_faults_clear(struct sbx_faults *faults)
{
    while (faults->first != NULL) {
        struct sbx_fault *fault = faults->first;

        faults->first = fault->next;
        fault_free(fault);
    }
}

const struct sbx_fault *sbx_faults_match(
    struct sbx_faults *faults, struct str method, struct str target, struct str user)
{
    for (struct sbx_fault *fault = faults->first; fault != NULL; fault = fault->next) {
        if ((fault->method != NULL && !str_eq(method, str_from(fault->method))) ||
            (fault->path != NULL && str_find(target, str_from(fault->path)) == SIZE_MAX) ||
            (fault->user != NULL && !str_eq(user, str_from(fault->user)))) {
            continue;
        }
        fault->seen++;
        if (fault->seen >= fault->nth && (fault->count == 0 || fault->struck < fault->count)) {
            fault->struck++;
            return fault;
        }
    }
    return NULL;
}

cJSON *sbx_faults_write(const struct sbx_faults *faults)
{
    cJSON *list = cJSON_CreateArray();

    for (const struct sbx_fault *fault = faults->first; fault != NULL; fault = fault->next) {
        cJSON *json = cJSON_CreateObject();

        cJSON_AddNumberToObject(json, "id", (double)fault->id);
        cJSON_AddStringToObject(json, "fault", kind_names[fault->kind]);
        cJSON_AddNumberToObject(json, "seen", (double)fault->seen);
        cJSON_AddNumberToObject(json, "struck", (double)fault->struck);
        cJSON_AddItemToArray(list, json);
    }
    return list;
}
