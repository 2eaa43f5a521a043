/**
 * One request through bridge/dav over the fake engine: method, path, header lines, an empty line,
 * body. Whatever comes in, there is an answer, and XML that is given out can be read.
 */
#include "bridge/core/mem.h"
#include "http/xml.h"
#include "tests/unit/dav/fake.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TODO                                                                                  \
    "BEGIN:VCALENDAR\r\nBEGIN:VTODO\r\nUID:u1\r\nSUMMARY:Buy milk\r\n"                        \
    "DTSTART;TZID=Europe/Oslo:20261101T090000\r\nDUE:20261110T120000Z\r\n"                    \
    "RRULE:FREQ=WEEKLY;UNTIL=20270101T000000Z\r\nCATEGORIES:a,b\\,c\r\nX-A;X-P=\"q;r\":v\r\n" \
    "BEGIN:VALARM\r\nTRIGGER:-PT5M\r\nEND:VALARM\r\nEND:VTODO\r\nEND:VCALENDAR\r\n"

static void check_answer(const struct fake *fake, const struct fake_answer *answer)
{
    static const struct xml_limits limits = {
        .depth = 64, .nodes = 10 * 1000 * 1000, .arena_bytes = SIZE_MAX
    };
    struct xml_node *root;
    struct err err;

    if (answer->status < 200 || answer->status > 599) {
        abort();
    }
    if (str_has_prefix(fake_header(fake, "Content-Type"), S("application/xml"))) {
        CLEANUP(arena_free) struct arena *arena = arena_new();

        if (!xml_parse(answer->body, &limits, arena, &root, &err)) {
            abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new();
    struct str rest = arena_copy(arena, (struct str){ (const char *)data, size });
    struct str method = S("");
    struct str path = S("");
    struct str headers;
    size_t end;

    (void)(str_next(&rest, '\n', &method) && str_next(&rest, '\n', &path));
    end = rest.n > 0 && rest.p[0] == '\n' ? 0 : str_find(rest, S("\n\n"));
    headers = end == SIZE_MAX ? S("") : str_first(rest, end + 1);
    rest = end == SIZE_MAX ? rest : str_skip(rest, end == 0 ? 1 : end + 2);
    if (path.n > 0 && path.p[0] == '/') {
        struct fake *fake = fake_new();

        fake_put(fake, "a.ics", TODO);
        fake_put(
            fake, "b c.ics", "BEGIN:VCALENDAR\nBEGIN:VTODO\nUID:2\nEND:VTODO\nEND:VCALENDAR\n");
        fake_remove(fake, "gone.ics");
        check_answer(
            fake, fake_request(fake, arena_copy(arena, method).p, arena_copy(arena, path).p,
                      arena_copy(arena, headers).p, rest.n > 0 ? rest.p : ""));
        fake_free(&fake);
    }
    arena_free(&arena);
    return 0;
}
