#include "bridge/dav/signin.h"

#include "check.h"

static void so_many_failures_in_a_window_and_then_a_wait(void **state)
{
    struct signin signin;

    (void)state;
    signin_init(&signin, 3, 60000);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(signin_count_failure(&signin, S("10.0.0.1"), 1000), 0);
    }
    assert_int_equal(signin_count_failure(&signin, S("10.0.0.1"), 1000), 60);
    assert_int_equal(signin_count_failure(&signin, S("10.0.0.1"), 60500), 1);
    assert_int_equal(signin_count_failure(&signin, S("10.0.0.2"), 60500), 0);
    assert_int_equal(signin_count_failure(&signin, S("10.0.0.1"), 61000), 0);
    signin_done(&signin);
}

static void a_flood_of_addresses_is_bounded(void **state)
{
    struct signin signin;
    unsigned refused = 0;

    (void)state;
    signin_init(&signin, 3, 60000);
    for (int i = 0; i < 20000; i++) {
        char address[32];
        int n = snprintf(address, sizeof(address), "2001:db8::%x", i);

        refused += signin_count_failure(&signin, (struct str){ address, (size_t)n }, 0) > 0 ? 1 : 0;
    }
    assert_int_equal(signin.peers.count, 10000);
    assert_int_equal(refused, 10000);
    assert_int_equal(signin_count_failure(&signin, S("a"), 60000), 0);
    assert_int_equal(signin.peers.count, 1);
    signin_done(&signin);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(so_many_failures_in_a_window_and_then_a_wait),
        cmocka_unit_test(a_flood_of_addresses_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
