#pragma once
/** libhttp-parser, behind an interface of its own: its names and ours are the same. */
#include <stdbool.h>
#include <stddef.h>

struct reference_request {
    const char *method;
    char url[2048];
    size_t url_bytes;
    char body[4096];
    size_t body_bytes;
    bool keep_alive;
};

/**
 * What it makes of the input: up to max whole requests. *failed_out: it refused the rest (or came
 * to its end after a request that closes the connection).
 */
size_t reference_parse(
    const char *input, size_t n, struct reference_request *requests, size_t max, bool *failed_out);
