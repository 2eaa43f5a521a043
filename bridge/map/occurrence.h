#pragma once
/** Occurrences of a series that a document singles out by RECURRENCE-ID. */
#include "bridge/map/vtodo.h"

struct occurrence {
    struct vtodo vtodo; /**< opened on the override */
    int32_t day;        /**< of the RECURRENCE-ID */
    bool is_for_future; /**< RANGE=THISANDFUTURE */
    struct occurrence *next;
};

/** The overrides beside the master, in the order of the document. Those without a UID are left out
 * (mapping.md P13). */
struct occurrence *occurrence_list(const struct vtodo *master);
/** The document's text without the VTODO of this override. */
struct str occurrence_remove(const struct vtodo *master, int32_t day);
/**
 * The override (or with the master itself: the master) as a document of its own for `day`, made
 * from the text that the override was opened in; master may be a later state of it. No rule, its
 * own UID, RELATED-TO;RELTYPE=SIBLING the series. An override that has no dates gets the master's
 * on that day.
 */
struct str occurrence_extract(
    const struct vtodo *master, const struct vtodo *override, int32_t day);
/** The UID of that document: the same for the same occurrence, so that doing it again makes no
 * second resource. */
struct str occurrence_uid(const struct vtodo *master, int32_t day);
