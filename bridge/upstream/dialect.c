#include "bridge/upstream/dialect.h"

#include "bridge/core/mem.h"

static const struct dialect *const dialects[] = {
    &dialect_outlook,
    &dialect_todo,
};

const struct dialect *dialect_find(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(dialects); i++) {
        if (str_eq(str_from(dialects[i]->name), name)) {
            return dialects[i];
        }
    }
    return NULL;
}
