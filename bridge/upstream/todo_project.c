/* What the service says back (upstream.md B.4 to B.7; mapping.md section 2). */
#include "bridge/upstream/service_project.h"
#include "bridge/upstream/todo_internal.h"

#define NO_TITLE "(no title)" /**< mapping.md 2.2 */

void todo_project(
    const struct task *task, const struct zone *zone, struct arena *arena, struct task *out)
{
    struct task result;
    struct task_recurrence ignored;

    service_project(task, zone, arena, &result);
    if (str_trim(result.title).n == 0) {
        result.title = S(NO_TITLE);
    }
    result.sensitivity = TASK_NORMAL;
    result.url = todo_is_address(task->url) ? task->url : (struct str){ 0 };
    if (!todo_rule_to_due(&result, &ignored)) {
        result.recurrence = (struct task_recurrence){ 0 };
    }
    *out = result;
}

void todo_project_check(
    const struct task *task, const struct zone *zone, struct arena *arena, struct task *out)
{
    struct task result;

    task_init(&result);
    result.title = task->title;
    result.status = task->status == TASK_DONE ? TASK_DONE : TASK_NOT_STARTED;
    todo_project(&result, zone, arena, out);
}
