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

struct str upstream_parent_of(struct str id)
{
    size_t n = id.n;

    while (n > 0 && id.p[n - 1] != UPSTREAM_SUBTASK) {
        n--;
    }
    return str_first(id, n > 0 ? n - 1 : 0);
}
