#pragma once
/** What dav.c needs of attachment.c besides the methods. */
struct dav;
struct dav_call;

/** Tell the engine how addresses of content are spelled. */
void attachment_set_addresses(struct dav *dav);
void attachment_respond_too_large(struct dav_call *call);
