#pragma once
/** One resource on its way through a vector of mapping.md section 7: PUT, what is sent, UP, GET. */
#include "tests/unit/map/support.h"

struct scene {
    struct fixture fixture;
    struct str document; /**< what GET returns */
    struct task base;
    struct map_plan plan; /**< of the last PUT */
    struct map_object object;
    bool exists;
};

void scene_start(struct scene *scene, const char *zone, const char *now);
void scene_end(struct scene *scene);
/** PUT these lines: a create at first, an update later. The service answers as expected. */
void scene_put(struct scene *scene, const char *lines);
void scene_put_versions(
    struct scene *scene, const char *lines, const struct map_version *versions, size_t count);
/** A task of the service, all unset, for scene_up and scene_born. */
struct task scene_task(void);
/** The service now says this. */
void scene_up(struct scene *scene, const struct task *returned);
/** A task that was born there. */
void scene_born(struct scene *scene, const struct task *task);
/** The version that is served now. */
struct map_version scene_version(const struct scene *scene);
/** A due or start as the service holds it. */
struct task_date scene_stored(const struct scene *scene, const char *iso);
struct task_date scene_day(const char *date);
struct task_reminder scene_reminder(const char *iso);

#define scene_get(scene, lines) support_assert_lines(&(scene)->fixture, (scene)->document, (lines))
/** The last PUT sent exactly these fields. */
#define scene_sent(scene, mask) assert_int_equal((scene)->plan.fields, (mask))
#define F(name)                 TASK_FIELD(TASK_##name)
