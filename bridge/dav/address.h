#pragma once
/** Addresses in the headers of a request: Destination, and the tags of If (RFC 4918 10.3, 10.4). */
#include "bridge/dav/call.h"
#include "bridge/dav/precondition.h"

/**
 * text: an absolute path, or a URL of this server (the host of the request, also as a proxy says
 * it, or that of public_url; ports and schemes differ behind proxies and are not looked at).
 * Returns 0, or the status that refuses it: 400 (no address), 403 (an encoded '/' in a segment),
 * 502 (another server).
 */
int address_route(struct dav_call *call, struct str text, struct route *out);

/**
 * Read the request's If-Match, If-None-Match and If. False: they are malformed and the answer has
 * been given.
 */
bool address_precondition(struct dav_call *call, struct precondition *out);
