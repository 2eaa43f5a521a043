#include "bridge/sandbox/record.h"

#include "bridge/core/clock.h"
#include "bridge/core/mem.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define RECORDS_MAX    16384
#define BODY_MAX_BYTES ((size_t)16 * 1024)

struct record {
    int64_t number; /**< 0: empty slot */
    int64_t at_us;
    char *method, *path, *query, *target, *user, *headers, *body;
    int status;
    bool is_answered;
};

struct sbx_records {
    struct record slots[RECORDS_MAX];
    int64_t last;
};

static void record_done(struct record *record)
{
    mem_free(record->method);
    mem_free(record->path);
    mem_free(record->query);
    mem_free(record->target);
    mem_free(record->user);
    mem_free(record->headers);
    mem_free(record->body);
    *record = (struct record){ 0 };
}

struct sbx_records *sbx_records_new(void)
{
    return (struct sbx_records *)mem_alloc(sizeof(struct sbx_records));
}

void sbx_records_clear(struct sbx_records *records)
{
    for (size_t i = 0; i < RECORDS_MAX; i++) {
        record_done(&records->slots[i]);
    }
}

void sbx_records_free(struct sbx_records **records)
{
    if (*records != NULL) {
        sbx_records_clear(*records);
        mem_free(TAKE(*records));
    }
}

static char *copy(struct str text)
{
    return mem_copy_text(text.p != NULL ? text.p : "", text.n);
}

/* An object with names in lower case; several of one name are joined. Never the token. */
static char *write_headers(const struct http_request *request)
{
    cJSON *json = cJSON_CreateObject();
    char *printed = NULL;
    char *text = NULL;

    for (size_t i = 0; i < request->header_count; i++) {
        char *name = copy(request->headers[i].name);
        char *value = copy(request->headers[i].value);
        cJSON *old = NULL;

        for (char *p = name; *p != '\0'; p++) {
            *p = (char)tolower((unsigned char)*p);
        }
        old = cJSON_GetObjectItemCaseSensitive(json, name);
        if (strcmp(name, "authorization") == 0) {
            cJSON_AddStringToObject(json, name, "...");
        } else if (old != NULL) {
            size_t n = strlen(old->valuestring) + strlen(value) + 3;
            char *joined = (char *)mem_alloc(n);

            snprintf(joined, n, "%s, %s", old->valuestring, value);
            cJSON_ReplaceItemInObjectCaseSensitive(json, name, cJSON_CreateString(joined));
            mem_free(joined);
        } else {
            cJSON_AddStringToObject(json, name, value);
        }
        mem_free(name);
        mem_free(value);
    }
    printed = cJSON_PrintUnformatted(json);
    text = mem_copy_text(printed, strlen(printed));
    cJSON_free(printed);
    cJSON_Delete(json);
    return text;
}

int64_t sbx_records_add(struct sbx_records *records, const struct http_request *request,
    struct str target, struct str user)
{
    int64_t number = ++records->last;
    struct record *record = &records->slots[number % RECORDS_MAX];

    record_done(record);
    *record = (struct record){
        .number = number,
        .at_us = clock_now_us(),
        .method = copy(request->method_text),
        .path = copy(request->path),
        .query = copy(request->query),
        .target = copy(target),
        .user = copy(user),
        .headers = write_headers(request),
        .body = copy(str_is_utf8(request->body) ? str_first(request->body, BODY_MAX_BYTES) : S("")),
    };
    return number;
}

void sbx_records_answer(struct sbx_records *records, int64_t number, int status)
{
    struct record *record = &records->slots[number % RECORDS_MAX];

    if (record->number == number) {
        record->status = status;
        record->is_answered = true;
    }
}

static bool matches(const struct record *record, const struct sbx_record_match *match)
{
    return record->number > match->after && (record->is_answered || match->is_arrived) &&
           (match->status == 0 || record->status == match->status) &&
           (match->method.n == 0 || str_eq(str_from(record->method), match->method)) &&
           (match->user.n == 0 || str_eq(str_from(record->user), match->user)) &&
           (match->path.n == 0 || str_find(str_from(record->target), match->path) != SIZE_MAX);
}

size_t sbx_records_count(const struct sbx_records *records, const struct sbx_record_match *match)
{
    size_t count = 0;

    for (size_t i = 0; i < RECORDS_MAX; i++) {
        count += records->slots[i].number != 0 && matches(&records->slots[i], match);
    }
    return count;
}

static cJSON *write_record(const struct record *record)
{
    cJSON *json = cJSON_CreateObject();

    cJSON_AddNumberToObject(json, "number", (double)record->number);
    cJSON_AddNumberToObject(json, "at_us", (double)record->at_us);
    cJSON_AddStringToObject(json, "method", record->method);
    cJSON_AddStringToObject(json, "path", record->path);
    cJSON_AddStringToObject(json, "query", record->query);
    cJSON_AddStringToObject(json, "user", record->user);
    cJSON_AddRawToObject(json, "headers", record->headers);
    cJSON_AddStringToObject(json, "body", record->body);
    if (record->is_answered) {
        cJSON_AddNumberToObject(json, "status", record->status);
    } else {
        cJSON_AddNullToObject(json, "status");
    }
    return json;
}

cJSON *sbx_records_write(const struct sbx_records *records, const struct sbx_record_match *match)
{
    cJSON *list = cJSON_CreateArray();

    for (int64_t i = 1; i <= RECORDS_MAX; i++) {
        const struct record *record = &records->slots[(records->last + i) % RECORDS_MAX];

        if (record->number != 0 && matches(record, match)) {
            cJSON_AddItemToArray(list, write_record(record));
        }
    }
    return list;
}
