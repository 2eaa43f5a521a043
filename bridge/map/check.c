#include "bridge/map/map.h"

#include "bridge/core/mem.h"
#include "bridge/map/order.h"
#include "ical/edit.h"
#include "ical/value.h"
#include <string.h>

#define FIRST_YEAR 1601
#define LAST_YEAR  4500
/* A bound on work: COMPLETED with a TZID is wrong anyhow, and there is one in a VTODO. */
#define MOST_ZONE_LOOKUPS 16

struct check {
    const struct map_context *context;
    struct document document;
    enum map_fault fault;
    struct map_object object;
    struct edit edit;
    unsigned zone_lookups;
    bool is_order_doubtful;
    struct err *err;
};

static bool refuse(struct check *check, enum map_fault fault, size_t line, const char *reason)
{
    check->fault = fault;
    return err_set(check->err, ERR_INVALID, "line %zu: %s", line, reason);
}

/* ---- bytes ---- */

/** XML can't carry it: a control character, U+FFFE or U+FFFF. The number of bytes; 0: it can. */
static size_t forbidden_bytes(struct str s, size_t at)
{
    unsigned char c = (unsigned char)s.p[at];

    if (c < 0x20) {
        return c != '\t' && c != '\n' && c != '\r';
    }
    return c == 0xEF && at + 2 < s.n && (unsigned char)s.p[at + 1] == 0xBF &&
                   (unsigned char)s.p[at + 2] >= 0xBE
               ? 3
               : 0;
}

static struct str without_forbidden(struct str body, struct arena *arena)
{
    size_t at = 0;
    size_t n = 0;

    while (at < body.n && forbidden_bytes(body, at) == 0) {
        at++;
    }
    if (at == body.n) {
        return body;
    }
    char *copy = arena_alloc(arena, body.n);
    for (at = 0; at < body.n;) {
        size_t skip = forbidden_bytes(body, at);

        if (skip == 0) {
            copy[n++] = body.p[at];
        }
        at += skip > 0 ? skip : 1;
    }
    return (struct str){ copy, n };
}

/** Lines that were folded inside a character are folded anew: no answer could carry them. */
static void refold(struct check *check, const struct component *component)
{
    for (const struct property *p = component->properties; p != NULL; p = p->next) {
        if (!str_is_utf8(p->raw)) {
            edit_replace(&check->edit, p, p->name, p->params, p->value);
        }
    }
    for (const struct component *c = component->children; c != NULL; c = c->next) {
        refold(check, c);
    }
}

/* ---- what is in it ---- */

static bool check_components(struct check *check)
{
    const struct component *calendar = check->document.calendar;
    const struct property *method = property_find(calendar->properties, S("METHOD"));
    static const struct str others[] = { STR("VEVENT"), STR("VJOURNAL"), STR("VFREEBUSY"),
        STR("VAVAILABILITY"), STR("VPOLL") };

    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        const struct component *other = component_find(calendar->children, others[i]);

        if (other != NULL) {
            return refuse(check, MAP_FAULT_SUPPORTED_COMPONENT, other->line, "not a VTODO");
        }
    }
    if (method != NULL) {
        return refuse(check, MAP_FAULT_VALID_OBJECT, method->line, "METHOD is for invitations");
    }
    if (component_find(calendar->children, S("VTODO")) == NULL) {
        return refuse(check, MAP_FAULT_VALID_OBJECT, calendar->line, "no VTODO");
    }
    return true;
}

static bool check_uids(struct check *check)
{
    struct str uid = { 0 };
    const struct component *first = component_find(check->document.calendar->children, S("VTODO"));

    for (const struct component *c = first; c != NULL; c = component_find(c->next, S("VTODO"))) {
        const struct property *p = property_find(c->properties, S("UID"));
        struct str one = p == NULL ? S("") : str_trim(property_text(p, check->context->arena));

        if (one.n == 0) {
            continue; /* left out by some clients beside a series: mapping.md P13 */
        }
        if (uid.n > 0 && !str_eq(uid, one)) {
            return refuse(check, MAP_FAULT_VALID_OBJECT, p->line, "a second UID");
        }
        uid = one;
    }
    if (uid.n == 0) {
        return refuse(check, MAP_FAULT_VALID_DATA, first->line, "a VTODO needs a UID");
    }
    check->object.uid = uid;
    return true;
}

static bool check_date(struct check *check, const struct property *p)
{
    struct value_time time;

    if (!value_parse_time(p->value, &time)) {
        return true; /* kept as written, not mapped */
    }
    int32_t year = civil_from_days(time.day).year;
    if (year < FIRST_YEAR) {
        return refuse(check, MAP_FAULT_MIN_DATE, p->line, "a date before 1601");
    }
    if (year > LAST_YEAR) {
        return refuse(check, MAP_FAULT_MAX_DATE, p->line, "a date after 4500");
    }
    return true;
}

/** The value of "NAME=value" in a rule; false if it is not there. */
static bool rule_part(struct str rule, struct str name, struct str *out)
{
    struct str part;

    while (str_next(&rule, ';', &part)) {
        size_t equals = str_find_char(part, '=');

        if (equals != SIZE_MAX && str_eq_nocase(str_trim(str_first(part, equals)), name)) {
            *out = str_trim(str_skip(part, equals + 1));
            return true;
        }
    }
    return false;
}

static bool check_rule(struct check *check, const struct property *p)
{
    struct str value;
    struct str other;

    if (rule_part(p->value, S("FREQ"), &value) &&
        (str_eq_nocase(value, S("SECONDLY")) || str_eq_nocase(value, S("MINUTELY")) ||
            str_eq_nocase(value, S("HOURLY")))) {
        return refuse(check, MAP_FAULT_MAX_INSTANCES, p->line, "a rule finer than daily");
    }
    if (rule_part(p->value, S("COUNT"), &value) && rule_part(p->value, S("UNTIL"), &other)) {
        return refuse(check, MAP_FAULT_VALID_DATA, p->line, "COUNT and UNTIL in one rule");
    }
    return true;
}

/** mapping.md 2.7: clients write dates and local times; it is served as the UTC time it must be. */
static void repair_completed(struct check *check, const struct property *p)
{
    struct value_time time;
    struct value_time utc = { .has_time = true, .is_utc = true };
    char text[VALUE_TIME_TEXT];
    const struct zone *zone = check->context->zone;
    struct str tzid;

    if (!value_parse_time(p->value, &time) || time.is_utc) {
        return;
    }
    if (check->zone_lookups < MOST_ZONE_LOOKUPS &&
        property_param(p, S("TZID"), check->context->arena, &tzid)) {
        check->zone_lookups++;
        const struct zone *named = vtodo_zone(&check->document, tzid, check->context);
        zone = named == NULL ? zone : named;
    }
    int64_t instant =
        zone_to_instant(zone, (int64_t)time.day * CIVIL_SECONDS_A_DAY +
                                  (time.has_time ? time.second : CIVIL_SECONDS_A_DAY / 2));
    utc.day = civil_day_of_seconds(instant);
    utc.second = (int32_t)(instant - (int64_t)utc.day * CIVIL_SECONDS_A_DAY);
    edit_replace(&check->edit, p, p->name, S(""),
        arena_copy(check->context->arena, value_format_time(&utc, text)));
}

static void take_rev(struct check *check, const struct property *p)
{
    struct str value = str_trim(p->value);
    struct str number = { 0 };
    uint64_t rev;

    edit_remove(&check->edit, p);
    if (!check->object.has_rev && str_next(&value, '-', &number) && str_to_u64(number, &rev) &&
        rev > 0 && value.p != NULL && value.n > 0) {
        check->object.has_rev = true;
        check->object.rev = rev;
        check->object.rev_hash = value;
    }
}

static bool is_name(const struct property *p, const char *name)
{
    return str_eq_nocase(p->name, str_from(name));
}

static bool check_todo(struct check *check, const struct component *todo)
{
    check->is_order_doubtful = check->is_order_doubtful || order_is_doubtful(todo);
    for (const struct property *p = todo->properties; p != NULL; p = p->next) {
        bool is_fine = true;

        if (is_name(p, "DTSTART") || is_name(p, "DUE") || is_name(p, "RECURRENCE-ID")) {
            is_fine = check_date(check, p);
        } else if (is_name(p, "COMPLETED")) {
            is_fine = check_date(check, p);
            repair_completed(check, p);
        } else if (is_name(p, "RRULE") || is_name(p, "EXRULE")) {
            is_fine = check_rule(check, p);
        } else if (is_name(p, "X-MSTASK-REV")) {
            take_rev(check, p);
        }
        if (!is_fine) {
            return false;
        }
    }
    return true;
}

static bool check_all(struct check *check, struct str text)
{
    struct err *err = check->err;

    check->fault = MAP_FAULT_VALID_DATA;
    if (!document_parse(
            text, &document_default_limits, check->context->arena, &check->document, err)) {
        if (err->kind == ERR_LIMIT && text.n > document_default_limits.bytes) {
            check->fault = MAP_FAULT_MAX_SIZE;
        }
        return false;
    }
    edit_init(&check->edit, &check->document, check->context->arena);
    if (!check_components(check) || !check_uids(check)) {
        return false;
    }
    if (!str_is_utf8(text)) {
        refold(check, check->document.calendar);
    }
    for (const struct component *c = component_find(check->document.calendar->children, S("VTODO"));
         c != NULL; c = component_find(c->next, S("VTODO"))) {
        if (!check_todo(check, c)) {
            return false;
        }
    }
    return true;
}

bool map_check(struct str body, const struct map_context *context, struct map_object *out,
    enum map_fault *fault_out, struct err *err)
{
    struct check check = { .context = context, .err = err };
    struct str text = without_forbidden(body, context->arena);

    if (!check_all(&check, text)) {
        *fault_out = check.fault;
        return false;
    }
    check.object.document = edit_finish(&check.edit);
    if (check.is_order_doubtful &&
        !order_dates(check.object.document, context, &check.object.document, err)) {
        *fault_out = MAP_FAULT_VALID_DATA;
        return false;
    }
    check.object.is_verbatim = check.object.document.p == body.p;
    *out = check.object;
    *fault_out = MAP_FAULT_NONE;
    return true;
}
