#pragma once
/**
 * A sync engine and an HTTP exchange made of plain memory, so that the methods of bridge/dav are
 * tested without either: fake_request() runs one request through dav_handle and keeps the answer.
 */
#include "bridge/dav/dav.h"

struct fake;

/** One user, "alice" with password "secret", with one list "work" (name "Work & more"), and an
 * empty one "other" that no listing shows. */
struct fake *fake_new(void);
void fake_free(struct fake **fake);

/** Put an object into the list "work"; a new change each time. */
void fake_put(struct fake *fake, const char *href, const char *document);
void fake_remove(struct fake *fake, const char *href);
/** Forget all removals, as after 90 days. */
void fake_prune(struct fake *fake);
void fake_set_read_only(struct fake *fake);
/** What the next open or write answers instead of success. */
void fake_fail_opening(struct fake *fake, enum err_kind kind);
void fake_set_result(struct fake *fake, enum sync_outcome outcome, enum map_fault fault);
/** What deleting answers, if not the same; each time. */
void fake_set_delete_result(struct fake *fake, enum sync_outcome outcome);
/** Change path of public_url; empty at first. */
void fake_set_prefix(struct fake *fake, const char *prefix);

struct fake_answer {
    int status;
    struct str headers; /**< "Name: value" lines, each ended by LF */
    struct str body;
    unsigned chunks; /**< calls of produce; 0: in one piece */
};

/**
 * Run one request. headers: "Name: value" lines, each ended by LF; Authorization is added unless
 * they hold "Authorization". The answer is good until the next request.
 */
const struct fake_answer *fake_request(
    struct fake *fake, const char *method, const char *path, const char *headers, const char *body);
/** The value of a header of the last answer; empty if absent. */
struct str fake_header(const struct fake *fake, const char *name);
/** The last answer's body as text. */
const char *fake_body(const struct fake *fake);
/** Does the last answer's body hold the text? */
bool fake_has(const struct fake *fake, const char *text);

/** What the engine was last asked to do: "put work/a.ics", "poll work", "open work" ...*/
struct str fake_last_call(const struct fake *fake);
/** All that the engine was asked to do in the last request, each with a line end. */
struct str fake_calls(const struct fake *fake);
/** How often properties were set. */
unsigned fake_set_calls(const struct fake *fake);
/** The precondition of the last put or delete. */
const struct precondition *fake_precondition(const struct fake *fake);
