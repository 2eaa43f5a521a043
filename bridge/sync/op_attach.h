#pragma once
/**
 * What an operation does to the attachments of a task: one step for each that comes or goes, each
 * written down, sent and settled by itself (design section 7). A PUT does them after its fields, a
 * POST of RFC 8607 does nothing else.
 *
 * A step whose answer is lost is looked up: a link by its address, a file by its name and, read
 * back, its content. So nothing is added twice, and a repeated request finds what is there.
 */
#include "bridge/map/attach.h"
#include "bridge/sync/attachment_list.h"

struct attach_step {
    bool is_removal;
    struct map_upload upload;
    struct str id; /**< of the service's, to be removed */
    bool is_lost;  /**< there is nothing left to copy */
};

struct op_attach {
    bool is_put; /**< else the POST below */
    struct sync_attachment asked;
    struct err held_err;    /**< there was no room for its content */
    struct map_upload *cut; /**< inline in the PUT */
    size_t cut_count;

    struct attach_step *steps;
    size_t count, position;
    bool is_preparing; /**< content of other tasks is fetched before this one is made */
    bool is_under_way; /**< steps[position] is written down, and perhaps sent */

    struct task_attachment made; /**< what the service answered; no id: nothing */
    struct str made_id;          /**< MANAGED-ID, for the answer */
    struct attachment_list *list;
    struct task found; /**< while looking: what may be ours */
    size_t found_position;
    struct task returned; /**< the task when the step is settled */
    bool has_settled;     /**< it is being settled */
};

struct op;
/** op->attach; made when there is none. */
struct op_attach *op_attach_of(struct op *op);
