#include "tests/unit/map/scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>

void scene_start(struct scene *scene, const char *zone, const char *now)
{
    *scene = (struct scene){ .exists = false };
    fixture_start(&scene->fixture, zone, now);
}

void scene_end(struct scene *scene)
{
    fixture_end(&scene->fixture);
}

void scene_put_versions(
    struct scene *scene, const char *lines, const struct map_version *versions, size_t count)
{
    struct str body = support_document(&scene->fixture, lines);
    enum map_fault fault;
    struct err err = { 0 };
    bool is_fine;

    if (!map_check(body, &scene->fixture.context, &scene->object, &fault, &err)) {
        fail_msg("%s: %s", lines, err.text);
    }
    is_fine = scene->exists
                  ? map_plan_update(&scene->object, scene->document, &scene->base, versions, count,
                        &scene->fixture.context, &scene->plan, &err)
                  : map_plan_create(&scene->object, &scene->fixture.context, &scene->plan, &err);
    if (!is_fine) {
        fail_msg("%s: %s", lines, err.text);
    }
    scene->document = scene->plan.document;
    scene->base = scene->plan.expected;
    scene->exists = true;
}

void scene_put(struct scene *scene, const char *lines)
{
    scene_put_versions(scene, lines, NULL, 0);
}

struct task scene_task(void)
{
    struct task task;

    task_init(&task);
    task.title = S("x");
    return task;
}

void scene_up(struct scene *scene, const struct task *returned)
{
    struct err err = { 0 };

    if (!map_merge(scene->document, &scene->base, returned, &scene->fixture.context,
            &scene->document, &err)) {
        fail_msg("merge: %s", err.text);
    }
    scene->base = *returned;
}

void scene_born(struct scene *scene, const struct task *task)
{
    scene->document = map_render(task, S("born"), &scene->fixture.context);
    scene->base = *task;
    scene->exists = true;
}

struct map_version scene_version(const struct scene *scene)
{
    struct map_version version;
    struct task task;
    struct err err;

    assert_true(map_read(scene->document, &scene->fixture.context, &task, &err));
    task_hash_fields(&task, version.fields);
    return version;
}

struct task_date scene_day(const char *date)
{
    return (struct task_date){ .is_set = true, .day = support_day(date) };
}

struct task_date scene_stored(const struct scene *scene, const char *iso)
{
    return (struct task_date){ .is_set = true, .day = support_stored_day(&scene->fixture, iso) };
}

struct task_reminder scene_reminder(const char *iso)
{
    return (struct task_reminder){ .is_on = true, .instant_s = support_instant(iso) };
}
