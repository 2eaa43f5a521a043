#include "bridge/dav/status.h"

#include "check.h"

static void every_fault_has_its_element(void **state)
{
    (void)state;
    for (enum fault fault = FAULT_NONE + 1; fault < FAULT_COUNT; fault++) {
        struct fault_element element = fault_element(fault);

        assert_non_null(element.name);
        assert_true(element.ns == XML_DAV || element.ns == XML_CALDAV);
        for (enum fault other = FAULT_NONE + 1; other < fault; other++) {
            assert_string_not_equal(element.name, fault_element(other).name);
        }
    }
}

static void every_kind_and_outcome_has_its_status(void **state)
{
    (void)state;
    for (enum err_kind kind = ERR_NONE; kind <= ERR_INTERNAL; kind++) {
        assert_in_range(status_of_err(kind).code, 200, 503);
    }
    for (enum sync_outcome outcome = SYNC_CREATED; outcome <= SYNC_BUSY; outcome++) {
        assert_in_range(status_of_outcome(outcome, MAP_FAULT_NONE).code, 200, 507);
    }
    for (enum map_fault fault = MAP_FAULT_NONE; fault <= MAP_FAULT_MAX_SIZE; fault++) {
        struct status status = status_of_outcome(SYNC_INVALID, fault);

        assert_int_equal(status.code, 403);
        assert_int_not_equal(status.fault, FAULT_NONE);
        assert_int_equal(status.fault, fault_of_map(fault));
    }
}

/* Clients drop a list on 403, 404 and 410 (design section 7, 'What clients punish'). */
static void trouble_upstream_is_never_a_4xx(void **state)
{
    (void)state;
    assert_int_equal(status_of_err(ERR_BUSY).code, 503);
    assert_int_equal(status_of_err(ERR_UPSTREAM).code, 503);
    assert_int_equal(status_of_err(ERR_INTERNAL).code, 500);
    assert_int_equal(status_of_outcome(SYNC_BUSY, MAP_FAULT_NONE).code, 503);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_fault_has_its_element),
        cmocka_unit_test(every_kind_and_outcome_has_its_status),
        cmocka_unit_test(trouble_upstream_is_never_a_4xx),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
