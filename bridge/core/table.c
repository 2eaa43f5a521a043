#include "bridge/core/table.h"

#include "bridge/core/mem.h"

#include <assert.h>

#define FIRST_CAPACITY 16

struct table_slot {
    struct str key;
    void *value; /**< NULL: empty or a grave */
    uint64_t hash;
    bool is_grave; /**< was in use; a search goes on behind it */
};

void table_init(struct table *table)
{
    *table = (struct table){ 0 };
}

void table_done(struct table *table)
{
    mem_free(table->slots);
    *table = (struct table){ 0 };
}

/* The slot of the key, or NULL. */
static struct table_slot *find_slot(const struct table *table, struct str key, uint64_t hash)
{
    if (table->capacity == 0) {
        return NULL;
    }
    for (size_t i = hash & (table->capacity - 1);; i = (i + 1) & (table->capacity - 1)) {
        struct table_slot *slot = &table->slots[i];

        if (slot->value == NULL && !slot->is_grave) {
            return NULL;
        }
        if (slot->value != NULL && slot->hash == hash && str_eq(slot->key, key)) {
            return slot;
        }
    }
}

/* There is always an empty slot: resize keeps a quarter free. */
static void insert(struct table *table, struct str key, void *value, uint64_t hash)
{
    size_t i = hash & (table->capacity - 1);

    while (table->slots[i].value != NULL) {
        i = (i + 1) & (table->capacity - 1);
    }
    if (!table->slots[i].is_grave) {
        table->used++;
    }
    table->slots[i] = (struct table_slot){ .key = key, .value = value, .hash = hash };
    table->count++;
}

/* Make room for one more and sweep the graves. */
static void resize(struct table *table)
{
    struct table larger = { .capacity = FIRST_CAPACITY };

    while (larger.capacity / 2 < table->count + 1) {
        larger.capacity *= 2;
    }
    larger.slots = (struct table_slot *)mem_alloc_array(larger.capacity, sizeof(struct table_slot));
    for (size_t i = 0; i < table->capacity; i++) {
        struct table_slot *slot = &table->slots[i];

        if (slot->value != NULL) {
            insert(&larger, slot->key, slot->value, slot->hash);
        }
    }
    table_done(table);
    *table = larger;
}

void *table_find(const struct table *table, struct str key)
{
    struct table_slot *slot = find_slot(table, key, str_hash(key));

    return slot == NULL ? NULL : slot->value;
}

void *table_put(struct table *table, struct str key, void *value)
{
    uint64_t hash = str_hash(key);
    struct table_slot *slot = find_slot(table, key, hash);

    assert(value != NULL);
    if (slot != NULL) {
        void *before = slot->value;

        slot->key = key; /* the old one may die with the old value */
        slot->value = value;
        return before;
    }
    if (table->used + 1 > table->capacity / 4 * 3) {
        resize(table);
    }
    insert(table, key, value, hash);
    return NULL;
}

void *table_remove(struct table *table, struct str key)
{
    struct table_slot *slot = find_slot(table, key, str_hash(key));
    void *before;

    if (slot == NULL) {
        return NULL;
    }
    before = slot->value;
    *slot = (struct table_slot){ .is_grave = true };
    table->count--;
    return before;
}

void *table_next(const struct table *table, size_t *cursor)
{
    while (*cursor < table->capacity) {
        void *value = table->slots[(*cursor)++].value;

        if (value != NULL) {
            return value;
        }
    }
    return NULL;
}
