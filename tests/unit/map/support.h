#pragma once
/** What the tests of bridge/map share: a context, a reference projection, short ways to say things.
 */
#include "bridge/map/map.h"

struct fixture {
    struct arena *arena;
    struct map_context context;
};

/** zone: IANA name; now: "2026-05-01T08:00:00Z" */
void fixture_start(struct fixture *fixture, const char *zone, const char *now);
void fixture_end(struct fixture *fixture);
void fixture_set_now(struct fixture *fixture, const char *now);

/** What an Outlook v2.0 service would say back, written here once more from mapping.md. */
void support_project(
    const struct task *task, const struct zone *zone, struct arena *arena, struct task *out);

/** "2026-05-06" as a day. */
int32_t support_day(const char *date);
/** "2026-05-06T18:00:00Z" as seconds. */
int64_t support_instant(const char *iso);
/** D() of mapping.md 3.2: the date of a stored instant in the account zone. */
int32_t support_stored_day(const struct fixture *fixture, const char *iso);

/** VCALENDAR around VTODO lines that are separated by "|"; UID, DTSTAMP and SUMMARY:x are implied
 * ("-SUMMARY" takes the last away). */
struct str support_document(const struct fixture *fixture, const char *lines);
/** Does the document have each of the lines (unfolded, "|" between them), and none marked '!'? */
void support_assert_lines_at(
    const struct fixture *fixture, struct str document, const char *lines, int line);
#define support_assert_lines(fixture, document, lines) \
    support_assert_lines_at((fixture), (document), (lines), __LINE__)
