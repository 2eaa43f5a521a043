#pragma once
/**
 * What a document says about attachments, both ways (mapping.md 2.11, RFC 8607): the ATTACH lines
 * of the master VTODO. Those of alarms and overrides are the client's alone.
 *
 * An attachment that the service holds is a line with MANAGED-ID and an address of ours,
 * map_context.attachments_url followed by the id. A link is a line with the address that it leads
 * to, in the client's spelling. Everything else that a line may say is kept and sent to nobody.
 */
#include "bridge/map/map.h"

/** What is common to all addresses of content; USER/LIST/NAME/ID follows, percent-encoded. */
#define MAP_ATTACHMENTS "/dav/attachments/"

/** The MANAGED-ID of an attachment: 32 hexadecimal digits, made from the service's id. */
struct str map_managed_id(struct str upstream_id, struct arena *arena);
bool map_is_managed_id(struct str text);
/** The attachment of that MANAGED-ID; NULL if there is none. */
const struct task_attachment *map_find_managed(
    const struct task *task, struct str managed_id, struct arena *arena);
/** A file of the same content and name that the service has already; NULL if there is none. */
const struct task_attachment *map_find_content(
    const struct task *task, const struct task_attachment *wanted);
/** A name for a file from what somebody outside calls it: without path and control characters, at
 * most 255 bytes, never empty. */
struct str map_file_name(struct str name, struct arena *arena);
/** A media type without parameters in lower case; empty if it is none. */
struct str map_media_type(struct str type, struct arena *arena);

/** An attachment that the service is to get. */
struct map_upload {
    struct task_attachment attachment; /**< without id */
    struct str content;                /**< of a file that the client sent */
    struct str source;                 /**< USER/LIST/NAME/ID whose content is to be copied */
    struct str params;                 /**< what the client's line says besides */
};

/** Does an ATTACH line stand in it? Cheap, and may say yes for nothing. */
bool map_mentions_attachments(struct str body);
/** What the service refuses stays with the document. fails: ERR_INVALID */
MUST_CHECK bool map_put_inline(struct str document, const struct map_upload *upload,
    const struct map_context *context, struct str *out, struct err *err);

/**
 * Take what is inline out of a PUT's body, so that a document is left. A body that can't be read is
 * left alone, and so is what is no base64.
 * fails: ERR_LIMIT: one has more than most_bytes
 */
MUST_CHECK bool map_cut_attachments(struct str body, size_t most_bytes, struct arena *arena,
    struct str *document_out, struct map_upload **out, size_t *count_out, struct err *err);

struct map_attach_plan {
    struct str document; /**< to store before anything is sent: the lines that stay */
    struct map_upload *uploads;
    size_t upload_count;
    struct str *removed; /**< ids of the service's */
    size_t removed_count;
    bool has_lines; /**< the client wrote an ATTACH */
};

/**
 * What a PUT asks for.
 * document    the client's, after map_cut_attachments
 * current     what is served now; empty for a new resource
 * cut         what was taken out of it
 * may_remove  a line that is missing was left out on purpose
 * takes_links the service can hold a link
 * fails       ERR_INVALID
 */
MUST_CHECK bool map_plan_attachments(struct str document, struct str current,
    const struct task *base, const struct map_upload *cut, size_t cut_count, bool may_remove,
    bool takes_links, const struct map_context *context, struct map_attach_plan *out,
    struct err *err);

/**
 * The document after the service's list has changed from base's to returned's; the document itself
 * when nothing is to be said. params: further parameters for the line of the attachment `fresh`.
 * fails: ERR_INVALID
 */
MUST_CHECK bool map_merge_attachments(struct str document, const struct task *base,
    const struct task *returned, const struct map_upload *fresh, const struct map_context *context,
    struct str *out, struct err *err);
