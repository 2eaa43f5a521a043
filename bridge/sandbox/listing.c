#include "bridge/core/buf.h"
#include "bridge/core/mem.h"
#include "bridge/sandbox/service.h"
#include "http/uri.h"

#include <cjson/cJSON.h>

#define PAGE_DEFAULT 10

int64_t sbx_page_size(const struct sbx_call *call)
{
    return call->query.has_top ? call->query.top : PAGE_DEFAULT;
}

static void put_option(struct buf *link, const char *name, struct str value)
{
    if (value.n > 0) {
        buf_printf(link, "%%24%s=", name);
        uri_encode_segment(link, value);
        buf_put_char(link, '&');
    }
}

static void add_next_link(struct sbx_call *call, const struct sbx_listing *listing)
{
    CLEANUP(buf_done) struct buf link = { 0 };

    buf_init(&link, 64 * 1024);
    buf_printf(&link, "%.*s/%.*s?", STR_ARG(call->mailbox.base), STR_ARG(listing->path));
    put_option(&link, "select", call->query.select_text);
    put_option(&link, "expand", call->query.expand_text);
    put_option(&link, "filter", call->query.filter_text);
    put_option(&link, "orderby", call->query.orderby_text);
    if (call->query.has_top) {
        buf_printf(&link, "%%24top=%lld&", (long long)call->query.top);
    }
    buf_printf(&link, "%%24skip=%lld", (long long)(call->query.skip + sbx_page_size(call)));
    sbx_add_str(call, call->json, "@odata.nextLink", buf_str(&link));
}

bool sbx_list(struct sbx_call *call, const struct sbx_listing *listing)
{
    int64_t end = listing->first + (int64_t)listing->count;
    int64_t stop = call->query.skip + sbx_page_size(call);
    cJSON *value = NULL;

    if (!sbx_check_select(call, listing->kind)) {
        return false;
    }
    call->status = 200;
    call->json = cJSON_CreateObject();
    sbx_add_context(call, call->json, "%.*s", STR_ARG(listing->context));
    value = cJSON_AddArrayToObject(call->json, "value");
    for (int64_t i = call->query.skip; i < stop && i < end; i++) {
        cJSON_AddItemToArray(
            value, listing->show_cb(call, (size_t)(i - listing->first), listing->items));
    }
    if (end > stop) {
        add_next_link(call, listing);
    }
    return true;
}
