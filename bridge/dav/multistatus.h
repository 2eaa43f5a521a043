#pragma once
/**
 * A 207 answer (RFC 4918 13). Responses about containers are written at once; those about objects
 * are kept as counted references and written while the socket drains, so that an answer over a
 * hundred thousand objects costs memory for the references only, and a change in the middle neither
 * tears nor skips.
 *
 * Begin, add, then send exactly once. A multistatus that is not sent is dropped by
 * multistatus_abort.
 */
#include "bridge/dav/props.h"

struct filter;
struct multistatus;

/** request: which properties; borrowed, as all else in the call's arena. */
struct multistatus *multistatus_begin(struct dav_call *call, const struct prop_request *request);
void multistatus_abort(struct multistatus **multistatus);

/** A response about a container, written now. */
void multistatus_add_container(
    struct multistatus *multistatus, struct str href, const struct prop_subject *subject);
/** An object of the call's collection; takes a reference of its own. */
void multistatus_add_object(struct multistatus *multistatus, struct resource *resource);
/** 404 for an href, at response level: Thunderbird and Evolution take nothing else as removed. */
void multistatus_add_missing(struct multistatus *multistatus, struct str href);
/** 507 for the request itself (RFC 6578 3.6). */
void multistatus_add_truncated(struct multistatus *multistatus, struct str href);
/** Give only objects that the filter matches; borrowed. It is evaluated while sending. */
void multistatus_set_filter(struct multistatus *multistatus, const struct filter *filter);
/** DAV:sync-token, at the end. */
void multistatus_set_sync_token(struct multistatus *multistatus, struct str token);
/** May the objects be written to? For their privileges. */
void multistatus_set_writable(struct multistatus *multistatus, bool is_writable);

/** Answers the call with it; takes it. */
void multistatus_send(struct multistatus **multistatus);
