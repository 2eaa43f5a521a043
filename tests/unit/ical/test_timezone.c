#include "ical/timezone.h"

#include "bridge/core/mem.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>

#define PART(kind, from, to, start, rule)                                                        \
    "BEGIN:" kind "\r\nTZOFFSETFROM:" from "\r\nTZOFFSETTO:" to "\r\nDTSTART:" start "\r\n" rule \
    "END:" kind "\r\n"
#define ZONE(parts)                                                             \
    "BEGIN:VCALENDAR\r\nBEGIN:VTIMEZONE\r\nTZID:Customized Time Zone\r\n" parts \
    "END:VTIMEZONE\r\nEND:VCALENDAR\r\n"

struct match {
    const char *name;
    const char *text;
    const char *like; /**< a zone with the same offsets; NULL: none matches */
};

static void definitions_find_a_zone_of_the_same_offsets(void **state)
{
    static const struct match rows[] = {
        { "Paris",
            ZONE(PART("DAYLIGHT", "+0100", "+0200", "19700329T020000",
                "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\n") PART("STANDARD", "+0200", "+0100",
                "19701025T030000", "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\n")),
            "Europe/Paris" },
        { "Outlook's form",
            ZONE(PART("STANDARD", "-0400", "-0500", "16011104T020000",
                "RRULE:FREQ=YEARLY;BYDAY=1SU;BYMONTH=11\r\n") PART("DAYLIGHT", "-0500", "-0400",
                "16010311T020000", "RRULE:FREQ=YEARLY;BYDAY=2SU;BYMONTH=3\r\n")),
            "America/New_York" },
        { "old rules beside new ones",
            ZONE(PART("DAYLIGHT", "-0500", "-0400", "19870405T020000",
                "RRULE:FREQ=YEARLY;BYMONTH=4;BYDAY=1SU;UNTIL=20060402T070000Z\r\n") PART("STANDARD",
                "-0400", "-0500", "19671029T020000",
                "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU;UNTIL=20061029T060000Z\r\n")
                    PART("DAYLIGHT", "-0500", "-0400", "20070311T020000",
                        "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU\r\n") PART("STANDARD", "-0400",
                        "-0500", "20071104T020000", "RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU\r\n")),
            "America/New_York" },
        { "no change of clocks", ZONE(PART("STANDARD", "+0530", "+0530", "19700101T000000", "")),
            "Asia/Kolkata" },
        { "south",
            ZONE(PART("STANDARD", "+1300", "+1200", "20080406T030000",
                "RRULE:FREQ=YEARLY;BYMONTH=4;BYDAY=1SU\r\n") PART("DAYLIGHT", "+1200", "+1300",
                "20070930T020000", "RRULE:FREQ=YEARLY;BYMONTH=9;BYDAY=-1SU\r\n")),
            "Pacific/Auckland" },
        { "nowhere", ZONE(PART("STANDARD", "+0217", "+0217", "19700101T000000", "")), NULL },
        { "no offsets", ZONE("BEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nEND:STANDARD\r\n"),
            NULL },
        { "no parts", ZONE(""), NULL },
        { "bad offset", ZONE(PART("STANDARD", "+1", "east", "19700101T000000", "")), NULL },
    };
    struct arena *arena = arena_new();

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct document document;
        struct err err;

        if (!document_parse(
                str_from(rows[i].text), &document_default_limits, arena, &document, &err)) {
            fail_msg("%s: %s", rows[i].name, err.text);
        }
        const struct zone *zone =
            timezone_match(document.calendar->children, 2026, zone_find(S("Europe/Berlin")));
        assert_int_equal(zone == NULL, rows[i].like == NULL);
        if (zone == NULL) {
            continue;
        }
        const struct zone *like = zone_find(str_from(rows[i].like));
        for (int64_t t = 1767225600; t < 1798761600; t += 86400) { /* 2026 */
            if (zone_offset_at(zone, t) != zone_offset_at(like, t)) {
                fail_msg("%s: %.*s", rows[i].name, STR_ARG(zone_name(zone)));
            }
        }
    }
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(definitions_find_a_zone_of_the_same_offsets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
