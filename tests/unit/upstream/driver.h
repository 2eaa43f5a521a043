#pragma once
/** What the drivers' unit tests share: an arena for each test, and the services' recorded answers.
 */
#include "bridge/core/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>

/** Of the test that runs, between the two calls below. */
extern struct arena *arena;

int set_up(void **state);
int tear_down(void **state);

/** tests/fixtures/NAME, e.g. "outlook/task.json", in the arena; at most 16 KiB. */
struct str fixture(const char *name);
