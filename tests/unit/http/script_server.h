#pragma once
/**
 * A server on loopback for tests of the client side: it gives prepared answers, in order, one to
 * each request, byte for byte, and keeps what it was asked. It runs on the loop of the test.
 */
#include "bridge/core/loop.h"
#include "bridge/core/str.h"

struct script;

enum script_then {
    SCRIPT_KEEP,  /**< the connection stays open */
    SCRIPT_CLOSE, /**< it is closed behind the answer */
};

struct script *script_new(struct loop *loop);
void script_free(struct script **script);
/** "http://127.0.0.1:PORT/" */
struct str script_url(const struct script *script);
/** The next prepared answer. NULL: none at all (with SCRIPT_KEEP the request hangs). */
void script_add(struct script *script, const char *answer, enum script_then then);
/** A whole answer: status line, extra header lines (each with CRLF; may be ""), JSON body. */
void script_add_json(
    struct script *script, const char *status, const char *headers, const char *json);
/** Stop the loop when so many requests have come. */
void script_stop_at(struct script *script, size_t requests);
size_t script_requests(const struct script *script);
size_t script_connections(const struct script *script);
/** Request number `index`, head and body. */
const char *script_request(const struct script *script, size_t index);
/** Most requests that were open at the same time. */
size_t script_most_open(const struct script *script);
/** Give the answers that were held back (see script_hold). */
void script_release(struct script *script);
/** Give one of them. */
void script_release_one(struct script *script);
/** From now on requests are read but not answered, until script_release. */
void script_hold(struct script *script);
