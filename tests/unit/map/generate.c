#include "tests/unit/map/generate.h"

#include "bridge/core/mem.h"
#include <stdio.h>
#include <stdlib.h>

uint32_t random_below(struct random *random, uint32_t bound)
{
    random->state ^= random->state << 13;
    random->state ^= random->state >> 7;
    random->state ^= random->state << 17;
    return (uint32_t)((random->state >> 33) % bound);
}

uint64_t generate_seed(void)
{
    const char *text = getenv("DUEDAV_TEST_SEED");
    uint64_t seed = text == NULL ? 20261122 : strtoull(text, NULL, 10);

    printf("seed %llu\n", (unsigned long long)seed);
    return seed == 0 ? 1 : seed;
}

unsigned generate_rounds(unsigned usual)
{
    const char *text = getenv("DUEDAV_TEST_ROUNDS");

    return text == NULL ? usual : (unsigned)strtoul(text, NULL, 10);
}

static bool chance(struct random *r, uint32_t percent)
{
    return random_below(r, 100) < percent;
}

#define PICK(r, table) (table)[random_below((r), ARRAY_LEN(table))]

static const char *const texts[] = { "milk", "Buy milk\\, eggs", "a\\nb\\n\\nc",
    "\xC3\xA9t\xC3\xA9", "semi\\;colon \\\\ back", "\xF0\x9F\x98\x80 smile",
    "a rather long line of text that does not fit into seventy-five octets and so must be folded",
    "trailing blanks  ", "C:\\\\path" };
static const char *const zones[] = { "Europe/Paris", "America/New_York", "Asia/Tokyo",
    "Pacific/Auckland", "/mozilla.org/20050126_1/Europe/Berlin", "W. Europe Standard Time",
    "Nowhere/Zone" };

static void put_date(struct random *r, struct buf *out, const char *name, int32_t day, int form,
    const char *zone, unsigned hour)
{
    struct civil c = civil_from_days(day);
    char date[16];

    snprintf(date, sizeof date, "%04d%02d%02d", (int)c.year, (int)c.month, (int)c.day);
    if (form == 0) {
        buf_printf(out, "%s;VALUE=DATE:%s|", name, date);
    } else if (form == 1) {
        buf_printf(out, "%s:%sT%02u3000|", name, date, hour);
    } else if (form == 2) {
        buf_printf(out, "%s:%sT%02u1500Z|", name, date, hour);
    } else {
        buf_printf(out, "%s;%sTZID=%s:%sT%02u0000|", name, chance(r, 20) ? "VALUE=DATE-TIME;" : "",
            zone, date, hour);
    }
}

static void put_dates(struct random *r, struct buf *out)
{
    int32_t start = 20500 + (int32_t)random_below(r, 400);
    int form = (int)random_below(r, 4);
    const char *zone = PICK(r, zones);
    unsigned hour = 9 + random_below(r, 6);
    uint32_t shape = random_below(r, 8);

    if (shape == 1 || shape == 3 || shape == 4 || shape == 5) {
        put_date(r, out, "DTSTART", start, form, zone, hour);
    }
    if (shape == 2 || shape == 3 || shape == 4) {
        /* sometimes of another form than DTSTART, as some clients do */
        put_date(r, out, "DUE", start + (int32_t)random_below(r, 5),
            chance(r, 90) ? form : (int)random_below(r, 4), zone, hour + random_below(r, 4));
    } else if (shape == 5) {
        buf_printf(out, "DURATION:P%uD|", 1 + random_below(r, 9));
    }
}

static void put_rule(struct random *r, struct buf *out)
{
    static const char *const rules[] = { "FREQ=DAILY", "FREQ=WEEKLY;BYDAY=MO,TH",
        "FREQ=MONTHLY;BYMONTHDAY=-1", "FREQ=MONTHLY;BYDAY=2TU", "FREQ=YEARLY",
        "FREQ=DAILY;INTERVAL=3;COUNT=7", "FREQ=WEEKLY;UNTIL=20300101T120000Z",
        "FREQ=MONTHLY;BYDAY=1MO,3MO", "FREQ=MONTHLY;BYMONTHDAY=31" };

    buf_printf(out, "RRULE:%s|", PICK(r, rules));
    if (chance(r, 20)) {
        buf_put_text(out, "EXDATE;VALUE=DATE:20260604|");
    }
}

static void put_status(struct random *r, struct buf *out)
{
    static const char *const states[] = { "NEEDS-ACTION", "IN-PROCESS", "COMPLETED", "CANCELLED" };

    if (chance(r, 70)) {
        const char *state = PICK(r, states);

        buf_printf(out, "STATUS:%s|", state);
        if (state == states[2] && chance(r, 90)) {
            buf_printf(out, "COMPLETED:202603%02uT%02u0000Z|", 1 + random_below(r, 28),
                random_below(r, 24));
        }
    }
    if (chance(r, 30)) {
        buf_printf(out, "PERCENT-COMPLETE:%u|", random_below(r, 101));
    }
}

static void put_alarm(struct random *r, struct buf *out)
{
    buf_put_text(out, "BEGIN:VALARM|ACTION:DISPLAY|DESCRIPTION:ring|");
    if (chance(r, 50)) {
        buf_printf(out, "TRIGGER;VALUE=DATE-TIME:2026%02u%02uT%02u0000Z|", 1 + random_below(r, 12),
            1 + random_below(r, 28), random_below(r, 24));
    } else {
        buf_printf(
            out, "TRIGGER%s:-PT%uM|", chance(r, 50) ? ";RELATED=END" : "", random_below(r, 300));
    }
    buf_put_text(out, "X-OWN:kept|END:VALARM|");
}

struct str generate_document(struct random *r, const struct fixture *fixture)
{
    CLEANUP(buf_done) struct buf out;
    static const char *const classes[] = { "PUBLIC", "PRIVATE", "CONFIDENTIAL", "X-TEAM" };
    static const char *const categories[] = { "Home", "Home,Work", "Tom\\, Dick", " a , b ,A" };

    buf_init(&out, 1 << 20);
    if (chance(r, 90)) {
        buf_printf(&out, "SUMMARY%s:%s|", chance(r, 20) ? ";LANGUAGE=en" : "", PICK(r, texts));
    }
    put_status(r, &out);
    if (chance(r, 50)) {
        buf_printf(&out, "DESCRIPTION:%s|", PICK(r, texts));
    }
    if (chance(r, 50)) {
        buf_printf(&out, "PRIORITY:%u|", random_below(r, 10));
    }
    if (chance(r, 40)) {
        buf_printf(&out, "CLASS:%s|", PICK(r, classes));
    }
    put_dates(r, &out);
    if (chance(r, 20)) {
        put_rule(r, &out);
    }
    for (unsigned n = random_below(r, 3); n > 0; n--) {
        buf_printf(&out, "CATEGORIES:%s|", PICK(r, categories));
    }
    if (chance(r, 50)) {
        buf_printf(&out, "SEQUENCE:%u|LAST-MODIFIED:20260101T000000Z|", random_below(r, 9));
    }
    buf_printf(&out, "X-APPLE-SORT-ORDER:%u|LOCATION:here\\, there|", random_below(r, 1000000));
    for (unsigned n = random_below(r, 3); n > 0; n--) {
        put_alarm(r, &out);
    }
    return support_document(fixture, buf_str(&out).p);
}

/* ---- changes upstream ---- */

static void change_dates(struct random *r, struct task *task)
{
    int32_t start = 20500 + (int32_t)random_below(r, 400);

    task->start = task->due = (struct task_date){ 0 };
    switch (random_below(r, 4)) {
    case 0:
        break;
    case 1:
        task->due = (struct task_date){ .is_set = true, .day = start };
        break;
    default:
        task->start = (struct task_date){ .is_set = true, .day = start };
        task->due =
            (struct task_date){ .is_set = true, .day = start + (int32_t)random_below(r, 4) };
    }
}

static void change_one(struct random *r, const struct fixture *fixture, struct task *task)
{
    static const char *const plain[] = { "Milk", "two\nlines", "a, b; c\\d", "\xF0\x9F\x98\x80",
        "" };
    static struct str words[] = { STR("Home"), STR("x, y"), STR("Later") };
    static const int32_t buckets[] = { 0, 1, 9 };
    static const struct task_recurrence patterns[] = {
        { .is_set = false },
        { .is_set = true, .pattern = TASK_DAILY, .interval = 2 },
        { .is_set = true,
            .pattern = TASK_DAILY,
            .interval = 1,
            .range = TASK_NUMBERED,
            .count = 9 },
        { .is_set = true,
            .pattern = TASK_WEEKLY,
            .interval = 2,
            .weekdays = 127,
            .first_weekday = 0 },
        { .is_set = true,
            .pattern = TASK_DAILY,
            .interval = 1,
            .range = TASK_END_DATE,
            .end_day = 25000 },
    };

    switch (random_below(r, 9)) {
    case 8:
        if (task->due.is_set && task->status != TASK_DONE) {
            task->recurrence = patterns[random_below(r, ARRAY_LEN(patterns))];
            task->recurrence.start_day = task->start.is_set ? task->start.day : task->due.day;
        }
        break;
    case 0:
        task->title = str_from(PICK(r, plain));
        if (str_find_char(task->title, '\n') != SIZE_MAX) {
            task->title = S("no break");
        }
        break;
    case 1:
        task->body = (struct task_body){ false, str_from(PICK(r, plain)) };
        break;
    case 2:
        task->priority = PICK(r, buckets);
        break;
    case 3:
        task->sensitivity = (enum task_sensitivity)random_below(r, 4);
        break;
    case 4:
        task->status = (enum task_status)random_below(r, TASK_DEFERRED + 1);
        task->completed = (struct task_date){ .is_set = task->status == TASK_DONE,
            .day = task->status == TASK_DONE ? 20500 + (int32_t)random_below(r, 99) : 0 };
        if (task->status == TASK_DONE) {
            task->reminder = (struct task_reminder){ 0 };
        }
        break;
    case 5:
        change_dates(r, task);
        break;
    case 6:
        task->categories =
            (struct task_list_of_text){ words + random_below(r, 2), random_below(r, 3) };
        break;
    default:
        task->reminder = (struct task_reminder){ 0 };
        if (task->status != TASK_DONE && chance(r, 70)) {
            task->reminder.is_on = true;
            task->reminder.instant_s = fixture->context.now_us / CIVIL_MICROS / 60 * 60 +
                                       60 * (int64_t)(1 + random_below(r, 500000));
        }
    }
    task->modified_us = fixture->context.now_us;
}

void generate_change(
    struct random *r, const struct fixture *fixture, unsigned most, struct task *task)
{
    for (unsigned n = 1 + random_below(r, most); n > 0; n--) {
        change_one(r, fixture, task);
    }
}
