#include "bridge/upstream/service_date.h"

#include <stdio.h>

#define FIRST_DAY (-134774) /* 1601-01-01 */
#define LAST_DAY  924428    /* 4500-12-31 */

bool service_date_is_possible(int32_t day)
{
    return day >= FIRST_DAY && day <= LAST_DAY;
}

static const struct zone *find_zone(struct str name, const struct zone *account)
{
    const struct zone *zone;

    if (str_eq_nocase(name, S("tzone://Microsoft/Utc"))) {
        return zone_utc();
    }
    zone = zone_find(name);
    return zone != NULL ? zone : account;
}

static int64_t floor_seconds(int64_t micros)
{
    return micros / CIVIL_MICROS - (micros % CIVIL_MICROS < 0);
}

bool service_date_read(struct str date_time, struct str zone_name, const struct zone *account,
    bool *has_instant_out, int64_t *instant_out, struct err *err)
{
    int64_t micros, seconds;
    bool has_offset;

    if (!civil_parse_iso(date_time, &micros, &has_offset)) {
        return err_set(err, ERR_UPSTREAM, "not a date with time");
    }
    seconds = floor_seconds(micros);
    *has_instant_out = !str_has_prefix(date_time, S("0001-"));
    *instant_out = has_offset ? seconds : zone_to_instant(find_zone(zone_name, account), seconds);
    return true;
}

int32_t service_date_day(int64_t instant_s, const struct zone *account)
{
    int64_t wall_s = zone_to_wall(account, instant_s);

    if (wall_s % CIVIL_SECONDS_A_DAY == 0) {
        return civil_day_of_seconds(wall_s);
    }
    return civil_day_of_seconds(instant_s + CIVIL_SECONDS_A_DAY / 2);
}

struct str service_date_zone_name(const struct zone *account)
{
    struct str name = account != NULL ? zone_windows_name(account) : (struct str){ 0 };

    return name.n > 0 ? name : S("UTC");
}

void service_date_format(int32_t day, char out[11])
{
    struct civil civil = civil_from_days(day);

    snprintf(out, 11, "%04u-%02u-%02u", (unsigned)civil.year % 10000u, (unsigned)civil.month % 100u,
        (unsigned)civil.day % 100u);
}
