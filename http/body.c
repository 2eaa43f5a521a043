#include "http/body.h"

#include <assert.h>
#include <event2/buffer.h>
#include <stdlib.h>

struct evbuffer *http_body_new(void)
{
    struct evbuffer *body = evbuffer_new();

    if (body == NULL) {
        abort(); /* out of memory, as in core/mem.c */
    }
    return body;
}

void http_body_free(struct evbuffer **body)
{
    if (*body != NULL) {
        evbuffer_free(*body);
        *body = NULL;
    }
}

size_t http_body_length(const struct evbuffer *body)
{
    return evbuffer_get_length(body);
}

void http_body_put(struct evbuffer *body, struct str bytes)
{
    int added = evbuffer_add(body, bytes.p, bytes.n);

    assert(added == 0);
    (void)added;
}

void http_body_move(struct evbuffer *to, struct evbuffer *from)
{
    int moved = evbuffer_add_buffer(to, from);

    assert(moved == 0);
    (void)moved;
}
