#pragma once
/** VALARM and its kin: when the next one rings, and which one rang (mapping.md 2.8). */
#include "bridge/map/vtodo.h"

/** What upstream should hold now: the earliest alarm after `now`, on whole minutes. */
struct task_reminder alarm_next(const struct vtodo *vtodo);
/** The alarm that rings (or rang) at this minute; NULL if none does. */
struct component *alarm_find(const struct vtodo *vtodo, int64_t instant_s);
/** Does it ring at a distance from the task's dates? */
bool alarm_is_relative(const struct component *alarm);
/** The X-MOZ-SNOOZE-TIME line that says this minute; NULL if none does. */
struct property *alarm_find_snooze(const struct vtodo *vtodo, int64_t instant_s);
/** Was this alarm (NULL: any) acknowledged at or after the instant, by itself or by the VTODO? */
bool alarm_is_acknowledged(
    const struct vtodo *vtodo, const struct component *alarm, int64_t instant_s);
