#pragma once
/** Random documents and random changes by a service, from a seed. */
#include "tests/unit/map/support.h"

struct random {
    uint64_t state;
};

uint32_t random_below(struct random *random, uint32_t bound);
/** The seed of this run: DUEDAV_TEST_SEED, else fixed; printed. */
uint64_t generate_seed(void);
/** How many rounds: DUEDAV_TEST_ROUNDS, else `usual`. */
unsigned generate_rounds(unsigned usual);
/** VTODO lines in random shape; a document that map_check takes. */
struct str generate_document(struct random *random, const struct fixture *fixture);
/** Change up to `most` fields of a task as a service could; which ones it touched. */
void generate_change(
    struct random *random, const struct fixture *fixture, unsigned most, struct task *task);
