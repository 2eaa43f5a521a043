#pragma once
/**
 * A hash table from text to a pointer. Keys are borrowed: they must live in the value or longer.
 * Hashing is keyed (str_hash), so outside strings cannot make it slow.
 */
#include "bridge/core/str.h"

struct table {
    struct table_slot *slots;
    size_t capacity; /**< a power of two, or 0 */
    size_t used;     /**< live entries and graves */
    size_t count;    /**< live entries */
};

void table_init(struct table *table);
/** Frees the slots, not the values. */
void table_done(struct table *table);
/** The value, or NULL. */
void *table_find(const struct table *table, struct str key);
/** Sets or replaces; returns the value that was there before, or NULL. value is not NULL. */
void *table_put(struct table *table, struct str key, void *value);
/** Returns the removed value, or NULL. */
void *table_remove(struct table *table, struct str key);
/**
 * Walk all values in no particular order: start with *cursor = 0; NULL at the end. The entry just
 * returned may be removed during the walk, nothing may be added.
 */
void *table_next(const struct table *table, size_t *cursor);
