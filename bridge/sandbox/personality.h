#pragma once
/**
 * What the documents of the To Do side leave open (upstream.md B and J): each is a switch that the
 * administration turns (admin.h). All off is what the sandbox does by itself.
 */
#include "bridge/sandbox/refusal.h"

struct cJSON;

struct sbx_personality {
    bool refuses_range;        /**< a date in recurrence.range is 400 InvalidModel (B.7) */
    bool refuses_extensions;   /**< no extension can be made, on a task or with it */
    bool hides_extensions;     /**< $expand=extensions shows none (B.8) */
    bool inline_checklist;     /**< POST of a task may bring checklistItems (B.8) */
    bool silent_children;      /**< changes of what a task holds leave its version alone (B.10) */
    bool moves_series;         /**< completing keeps the id with the series, as v2.0 does (B.7) */
    bool copies_series;        /**< a new rule leaves the series as it was beside it (B.7) */
    bool lists_recurrence;     /**< also listings without a $filter show recurrence (B.7) */
    bool ignores_immutable_id; /**< Prefer: IdType is not honoured (G.4) */
    bool ignores_timezone;     /**< nor is outlook.timezone: all answers are in UTC (B.5) */
    bool keeps_text;           /**< a text body comes back as it was sent (B.6) */
    bool null_in_delta;        /**< unset members are null in delta pages, not absent (B.4) */
};

/** An object of names above with booleans; the others stay. fails: 400 */
MUST_CHECK bool sbx_personality_read(
    struct sbx_personality *personality, const struct cJSON *json, struct sbx_refusal *refusal);
/** All switches. The caller frees. */
struct cJSON *sbx_personality_write(const struct sbx_personality *personality);
