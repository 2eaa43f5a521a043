#pragma once
/** The stored text of single fields; shared by task.c (hashes) and task_text.c. */
#include "bridge/task.h"

/** "name value\n" of one field; nothing when it is not set. Without what is no part of equality. */
void task_text_put_field(const struct task *task, enum task_field field, struct buf *out);
