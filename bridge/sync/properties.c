#include "bridge/sync/properties.h"

/** Properties that only we keep. Memory follows the store. */
struct kept_property {
    struct kept_property *next;
    struct text ns, name, xml;
};

/** Those of one resource, in its collection's table. */
struct kept_list {
    int64_t resource; /**< 0: the collection itself */
    struct kept_property *first;
};

/* --- lists -------------------------------------------------------------------------------- */

static struct str key_of(const int64_t *resource)
{
    return (struct str){ (const char *)resource, sizeof(*resource) };
}

/** Where the owner's begin; NULL if it has never had one. */
static struct kept_property *const *list_find(const struct kept_owner *owner)
{
    int64_t resource = owner->object != NULL ? owner->object->id : 0;
    const struct kept_list *list;

    if (!owner->collection) {
        return &owner->user->kept;
    }
    list = table_find(&owner->collection->kept, key_of(&resource));
    return list ? &list->first : NULL;
}

static struct kept_property **list_make(struct collection *c, int64_t resource)
{
    struct kept_list *list = table_find(&c->kept, key_of(&resource));

    if (!list) {
        list = mem_alloc(sizeof(*list));
        list->resource = resource;
        table_put(&c->kept, key_of(&list->resource), list);
    }
    return &list->first;
}

static struct kept_property **place_of(struct kept_property **first, struct str ns, struct str name)
{
    struct kept_property **place = first;

    while (*place &&
           !(str_eq(text_str(&(*place)->name), name) && str_eq(text_str(&(*place)->ns), ns))) {
        place = &(*place)->next;
    }
    return place;
}

static void drop(struct kept_property **place)
{
    struct kept_property *gone = *place;

    *place = gone->next;
    text_done(&gone->ns);
    text_done(&gone->name);
    text_done(&gone->xml);
    mem_free(gone);
}

static void apply(struct kept_property **first, const struct sync_property *change)
{
    struct kept_property **place = place_of(first, change->ns, change->name);

    if (change->xml.n == 0) {
        if (*place) {
            drop(place);
        }
        return;
    }
    if (!*place) {
        *place = mem_alloc(sizeof(**place));
        text_set(&(*place)->ns, change->ns);
        text_set(&(*place)->name, change->name);
    }
    text_set(&(*place)->xml, change->xml);
}

void properties_apply(struct user *user, struct collection *collection, int64_t resource,
    const struct sync_property *change)
{
    apply(collection ? list_make(collection, resource) : &user->kept, change);
}

void properties_fill(struct collection *c, const struct store_collection *row)
{
    table_init(&c->kept);
    for (size_t i = 0; i < row->property_count; i++) {
        const struct store_property *p = &row->properties[i];

        properties_apply(NULL, c, p->resource, &(struct sync_property){ p->ns, p->name, p->xml });
    }
}

static void list_free(struct kept_list *list)
{
    while (list->first) {
        drop(&list->first);
    }
    mem_free(list);
}

void properties_forget_resource(struct collection *c, int64_t resource)
{
    struct kept_list *list = table_remove(&c->kept, key_of(&resource));

    if (list) {
        list_free(list);
    }
}

void properties_forget(struct collection *c)
{
    size_t cursor = 0;
    struct kept_list *list;

    while ((list = table_next(&c->kept, &cursor))) {
        list_free(list);
    }
    table_done(&c->kept);
}

void properties_forget_home(struct user *user)
{
    while (user->kept) {
        drop(&user->kept);
    }
}

/* --- what dav/ reads ---------------------------------------------------------------------- */

struct str kept_find(const struct kept_owner *owner, struct str ns, struct str name)
{
    struct kept_property *const *list = list_find(owner);

    for (const struct kept_property *p = list ? *list : NULL; p; p = p->next) {
        if (str_eq(text_str(&p->name), name) && str_eq(text_str(&p->ns), ns)) {
            return text_str(&p->xml);
        }
    }
    return S("");
}

struct str collection_property(const struct collection *c, struct str ns, struct str name)
{
    return kept_find(&(struct kept_owner){ .collection = c }, ns, name);
}

bool kept_at(const struct kept_owner *owner, size_t index, struct sync_property *out)
{
    struct kept_property *const *list = list_find(owner);
    const struct kept_property *p = list ? *list : NULL;

    while (p && index > 0) {
        p = p->next;
        index--;
    }
    if (!p) {
        return false;
    }
    *out = (struct sync_property){ text_str(&p->ns), text_str(&p->name), text_str(&p->xml) };
    return true;
}

static size_t count_of(const struct kept_property *p)
{
    size_t count = 0;

    for (; p; p = p->next) {
        count++;
    }
    return count;
}

/** Of all objects of the collection together. */
static size_t count_of_objects(const struct collection *c)
{
    size_t cursor = 0, count = 0;
    const struct kept_list *list;

    while ((list = table_next(&c->kept, &cursor))) {
        count += list->resource != 0 ? count_of(list->first) : 0;
    }
    return count;
}

bool kept_has_room(
    const struct kept_owner *owner, const struct sync_property *changes, size_t count)
{
    struct kept_property *const *list = list_find(owner);
    size_t added = 0;

    for (size_t i = 0; i < count; i++) {
        if (changes[i].xml.n > 0 && kept_find(owner, changes[i].ns, changes[i].name).n == 0) {
            added++;
        }
        if (owner->object && changes[i].xml.n > SYNC_OBJECT_PROPERTY_BYTES_MAX) {
            return false;
        }
    }
    return added == 0 || (count_of(list ? *list : NULL) + added <= SYNC_PROPERTIES_MAX &&
                             (!owner->object || count_of_objects(owner->collection) + added <=
                                                    SYNC_OBJECT_PROPERTIES_MAX));
}

/* --- in an operation's row ---------------------------------------------------------------- */

struct str properties_format(
    const struct sync_property *properties, size_t count, struct arena *arena)
{
    struct buf out;
    struct str text;

    buf_init(&out, SIZE_MAX); /* bounded by the request they come from */
    for (size_t i = 0; i < count; i++) {
        const struct sync_property *p = &properties[i];

        buf_printf(&out, "%zu %zu %zu ", p->ns.n, p->name.n, p->xml.n);
        buf_put(&out, p->ns);
        buf_put(&out, p->name);
        buf_put(&out, p->xml);
    }
    text = arena_copy(arena, buf_str(&out));
    buf_done(&out);
    return text;
}

static bool take(struct str *rest, struct str *out)
{
    struct str length;
    uint64_t n;

    if (!str_next(rest, ' ', &length) || !str_to_u64(length, &n)) {
        return false;
    }
    *out = (struct str){ NULL, (size_t)n };
    return true;
}

/** The next n bytes. */
static bool cut(struct str *rest, struct str *out)
{
    if (out->n > rest->n) {
        return false;
    }
    out->p = rest->p;
    *rest = str_skip(*rest, out->n);
    return true;
}

size_t properties_parse(struct str text, struct arena *arena, struct store_property **out)
{
    size_t count = 0;

    *out = arena_alloc_array(arena, SYNC_PROPERTIES_MAX, sizeof(struct store_property));
    while (text.n > 0 && count < SYNC_PROPERTIES_MAX) {
        struct store_property *p = &(*out)[count];

        if (!take(&text, &p->ns) || !take(&text, &p->name) || !take(&text, &p->xml) ||
            !cut(&text, &p->ns) || !cut(&text, &p->name) || !cut(&text, &p->xml)) {
            break; /* a row that we did not write: a list without a colour is still a list */
        }
        count++;
    }
    return count;
}
