#include "bridge/sandbox/personality.h"

#include "bridge/core/mem.h"

#include <cjson/cJSON.h>
#include <stddef.h>
#include <string.h>

#define SWITCH(name)                                  \
    {                                                 \
#name, offsetof(struct sbx_personality, name) \
    }

static const struct {
    const char *name;
    size_t offset;
} switches[] = {
    SWITCH(refuses_range),
    SWITCH(refuses_extensions),
    SWITCH(hides_extensions),
    SWITCH(inline_checklist),
    SWITCH(silent_children),
    SWITCH(moves_series),
    SWITCH(copies_series),
    SWITCH(lists_recurrence),
    SWITCH(ignores_immutable_id),
    SWITCH(ignores_timezone),
    SWITCH(keeps_text),
    SWITCH(null_in_delta),
};

bool sbx_personality_read(
    struct sbx_personality *personality, const cJSON *json, struct sbx_refusal *refusal)
{
    const cJSON *member = NULL;

    cJSON_ArrayForEach(member, json)
    {
        bool is_known = false;

        for (size_t i = 0; i < ARRAY_LEN(switches) && cJSON_IsBool(member); i++) {
            if (strcmp(switches[i].name, member->string) == 0) {
                *(bool *)((char *)personality + switches[i].offset) = cJSON_IsTrue(member);
                is_known = true;
            }
        }
        if (!is_known) {
            return sbx_refuse(refusal, 400, "BadRequest", "no such switch, or not a boolean: %.60s",
                member->string);
        }
    }
    return true;
}

cJSON *sbx_personality_write(const struct sbx_personality *personality)
{
    cJSON *json = cJSON_CreateObject();

    for (size_t i = 0; i < ARRAY_LEN(switches); i++) {
        cJSON_AddBoolToObject(json, switches[i].name,
            *(const bool *)((const char *)personality + switches[i].offset));
    }
    return json;
}
