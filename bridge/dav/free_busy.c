/** free-busy-query (RFC 4791 7.10): tasks take no time, so there is never any that is busy. */
#include "bridge/core/civil.h"
#include "bridge/core/clock.h"
#include "bridge/dav/call.h"
#include "bridge/dav/time_range.h"
#include "ical/value.h"

/** As a UTC date-time. */
static struct str time_text(int64_t instant_s, struct arena *arena)
{
    int32_t day = civil_day_of_seconds(instant_s);
    struct value_time time = {
        .day = day,
        .second = (int32_t)(instant_s - (int64_t)day * CIVIL_SECONDS_A_DAY),
        .has_time = true,
        .is_utc = true,
    };
    char text[VALUE_TIME_TEXT];

    return arena_copy(arena, value_format_time(&time, text));
}

void report_free_busy(struct dav_call *call, const struct xml_node *root)
{
    const struct xml_node *node =
        xml_child(root, S("urn:ietf:params:xml:ns:caldav"), S("time-range"));
    struct arena *arena = call_arena(call);
    struct time_range *range;
    enum fault fault;
    struct err err;

    if (node == NULL || !time_range_parse(node, arena, &range, &fault, &err) ||
        range->start == INT64_MIN || range->end == INT64_MAX) {
        call_respond_fault(
            call, 400, FAULT_NONE, S("A time-range with start and end in UTC is needed."));
        return;
    }
    struct str start = time_text(range->start, arena);
    struct str end = time_text(range->end, arena);
    struct str stamp = time_text(clock_now_s(), arena);
    struct str text = arena_printf(arena,
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//duedav//duedav//EN\r\nMETHOD:REPLY\r\n"
        "BEGIN:VFREEBUSY\r\nUID:%.*s-%.*s\r\nDTSTAMP:%.*s\r\nDTSTART:%.*s\r\nDTEND:%.*s\r\n"
        "END:VFREEBUSY\r\nEND:VCALENDAR\r\n",
        STR_ARG(start), STR_ARG(end), STR_ARG(stamp), STR_ARG(start), STR_ARG(end));

    http_respond_text(call->request, 200, S("text/calendar; charset=utf-8"), text);
}
