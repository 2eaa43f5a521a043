#include "bridge/core/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>

static void clock_runs_until_held(void **state)
{
    int64_t mono = clock_mono_ms();

    (void)state;
    assert_false(clock_is_held());
    assert_true(clock_now_us() > 1700000000000000);
    assert_true(clock_now_s() >= 1700000000);
    assert_true(clock_mono_ms() >= mono);
}

static void held_clock_moves_only_by_hand(void **state)
{
    int64_t mono;

    (void)state;
    clock_hold(5000000);
    assert_true(clock_is_held());
    assert_int_equal(clock_now_us(), 5000000);
    assert_int_equal(clock_now_s(), 5);
    mono = clock_mono_ms();
    clock_hold(65000000);
    assert_int_equal(clock_now_s(), 65);
    assert_int_equal(clock_mono_ms(), mono + 60000);
    clock_hold(1000000); /* the wall clock may be put back, durations never shrink */
    assert_int_equal(clock_now_s(), 1);
    assert_int_equal(clock_mono_ms(), mono + 60000);
    clock_hold(1001000);
    assert_int_equal(clock_mono_ms(), mono + 60001);
    clock_hold(-1);
    assert_int_equal(clock_now_s(), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clock_runs_until_held),
        cmocka_unit_test(held_clock_moves_only_by_hand),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
