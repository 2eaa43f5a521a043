#pragma once
/**
 * If-Match and If-None-Match (RFC 9110 13.1), and of If (RFC 4918 10.4) what is about entity tags
 * of the resource itself, from request headers into the struct precondition that sync/ evaluates
 * when the request's turn comes. Pure.
 */
#include "bridge/sync/sync.h"
#include "http/message.h"

/** Is this address, as an If header writes it, the one of the request? */
typedef bool precondition_own_cb(struct str address, void *arg);

/**
 * All forms are read: '*', lists, several headers of one name, weak tags (the prefix is dropped),
 * tags without quotes (some clients) and tags to which a proxy's compression added '-gzip'.
 * State tokens in If never match, because we give out none; nor do lists about other addresses
 * (is_own; NULL: every address is another).
 * fails: ERR_INVALID: more than 100 tags, a tag with bytes that none of ours has, or a malformed If
 */
MUST_CHECK bool precondition_parse(const struct http_header *headers, size_t header_count,
    precondition_own_cb *is_own, void *arg, struct arena *arena, struct precondition *out,
    struct err *err);
