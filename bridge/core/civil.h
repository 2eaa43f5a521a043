#pragma once
/**
 * Civil dates of the proleptic Gregorian calendar and instants in UTC, as numbers. No zones here
 * (those are ical/zone.h), no locale, no global state.
 *
 * A day is the count of days since 1970-01-01. An instant is microseconds since
 * 1970-01-01T00:00:00Z (leap seconds do not exist).
 */
#include "bridge/core/str.h"

struct civil {
    int32_t year;  /**< 1 to 9999 */
    int32_t month; /**< 1 to 12 */
    int32_t day;   /**< 1 to 31 */
    int32_t hour, minute, second;
};

#define CIVIL_SECONDS_A_DAY 86400
#define CIVIL_MICROS        1000000

int32_t civil_days(int32_t year, int32_t month, int32_t day);
/** The date of a day; hour, minute, second are 0. */
struct civil civil_from_days(int32_t days);
/** 0 Sunday to 6 Saturday. */
int civil_weekday(int32_t days);
int civil_days_in_month(int32_t year, int32_t month);
/** Is every member in its range (second up to 59)? */
bool civil_is_valid(const struct civil *civil);
/** Seconds since 1970 of a civil time read as UTC, and back. */
int64_t civil_to_seconds(const struct civil *civil);
struct civil civil_from_seconds(int64_t seconds);
/** Floor division: the day of an instant in seconds, also before 1970. */
int32_t civil_day_of_seconds(int64_t seconds);

/**
 * RFC 3339 and its looser kin: "2016-04-22T05:44:01", optional fraction of 1 to 9 digits, optional
 * "Z" or "+hh:mm". *has_offset_out says whether Z or an offset was there; the result is the instant
 * in microseconds, read as UTC if there was none. False on anything else.
 */
bool civil_parse_iso(struct str s, int64_t *micros_out, bool *has_offset_out);
/** "2016-04-22" alone. */
bool civil_parse_date(struct str s, int32_t *days_out);
/** "2016-04-22T05:44:01Z" into out (at least 24 bytes). */
void civil_format_iso(int64_t seconds, char out[24]);
