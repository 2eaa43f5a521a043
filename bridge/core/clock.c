#include "bridge/core/clock.h"

#include <stdatomic.h>
#include <time.h>

static atomic_bool is_held;
static _Atomic int64_t held_wall_us;
static _Atomic int64_t held_mono_us;

static int64_t read_us(clockid_t id)
{
    struct timespec now = { 0 };

    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_now_us(void)
{
    return atomic_load(&is_held) ? atomic_load(&held_wall_us) : read_us(CLOCK_REALTIME);
}

int64_t clock_now_s(void)
{
    int64_t now_us = clock_now_us();

    return now_us / 1000000 - (now_us % 1000000 < 0);
}

int64_t clock_mono_ms(void)
{
    return (atomic_load(&is_held) ? atomic_load(&held_mono_us) : read_us(CLOCK_MONOTONIC)) / 1000;
}

void clock_hold(int64_t now_us)
{
    if (!atomic_load(&is_held)) {
        /* whole milliseconds, so that a step of n ms is n ms whenever the test began */
        atomic_store(&held_mono_us, read_us(CLOCK_MONOTONIC) / 1000 * 1000);
    } else if (now_us > atomic_load(&held_wall_us)) {
        atomic_fetch_add(&held_mono_us, now_us - atomic_load(&held_wall_us));
    }
    atomic_store(&held_wall_us, now_us);
    atomic_store(&is_held, true);
}

bool clock_is_held(void)
{
    return atomic_load(&is_held);
}
