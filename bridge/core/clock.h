#pragma once
/**
 * The time, which tests can hold in their hand. May be read from any thread; set only on the loop.
 */
#include "bridge/core/err.h"
#include <stdint.h>

/** Wall clock, microseconds since 1970 UTC. */
int64_t clock_now_us(void);
/** The same in whole seconds. */
int64_t clock_now_s(void);
/** Monotonic, milliseconds; for durations and time-outs. */
int64_t clock_mono_ms(void);
/**
 * From now on the clock stands still at `now_us` (wall) and only moves by further calls; the
 * monotonic clock moves by the same distance. Never backwards for the monotonic one.
 */
void clock_hold(int64_t now_us);
bool clock_is_held(void);
