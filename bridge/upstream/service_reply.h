#pragma once
/** What the answers of the Microsoft services have in common: pages of entities under "value", and
 * what is to be made of an answer without any (upstream.md A.3, B.2, G.7). */
#include "bridge/upstream/dialect.h"

struct cJSON;

/** The marker that an entity shows; empty if none. Borrowed from the entity. */
typedef struct str service_read_marker(const struct cJSON *entity);

struct upstream_page {
    struct cJSON *root;
    const struct cJSON *next;
    const struct zone *zone;
    enum upstream_kind kind;
    char *marker; /**< FIND_*: entries that do not show it are skipped; NULL otherwise */
    service_read_marker *read_marker;
    const struct cJSON *check; /**< todo: the next one of the checklist that comes before `next` */
    struct str parent;         /**< whose it is; a view into root, or of parent_text */
    char *parent_text;         /**< NULL: none */
    bool has_links, has_first; /**< todo: linked resources, and with the first of them */
    size_t kept_left;          /**< todo: bytes that what is kept may still come to */
};

/** Takes root, whose "value" is an array; freed by service_page_free. */
struct upstream_page *service_page_new(
    struct cJSON *root, const struct upstream_call *call, service_read_marker *read_marker);
/** The next entry that counts; NULL at the end. */
const struct cJSON *service_page_next(struct upstream_page *page);
void service_page_free(struct upstream_page **page);

/** An answer that says no more than 204 where the documents promise an entity: false if it is none.
 */
bool service_reply_silence(const struct upstream_call *call, const struct upstream_answer *answer,
    struct arena *arena, struct upstream_reply *reply);
/** Its Date header in seconds; 0 if none. */
int64_t service_reply_date(const struct upstream_answer *answer);
