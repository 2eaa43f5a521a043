/** GET of what is no list and no task, by one who has signed in: how the accounts are doing. */
#include "bridge/dav/call.h"

#include "bridge/core/buf.h"
#include "bridge/core/mem.h"
#include "http/date.h"

static void put_escaped(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        switch (text.p[i]) {
        case '<':
            buf_put(out, S("&lt;"));
            break;
        case '>':
            buf_put(out, S("&gt;"));
            break;
        case '&':
            buf_put(out, S("&amp;"));
            break;
        case '"':
            buf_put(out, S("&quot;"));
            break;
        default:
            buf_put_char(out, text.p[i]);
            break;
        }
    }
}

static void put_health(struct buf *out, const struct account_health *health)
{
    char when[30];

    buf_put(out, S("<h2>"));
    put_escaped(out, health->label);
    buf_put(out, S("</h2>\n<p>"));
    if (health->needs_sign_in) {
        buf_put(out, S("<strong>duedav needs you to sign in again:</strong> the service refuses "
                       "the access that it was given. Ask whoever runs this server to link the "
                       "account again. Your tasks are served as they were."));
    } else if (health->failures > 0) {
        buf_printf(out, "The service could not be read %u times in a row: ", health->failures);
        put_escaped(out, health->trouble);
        buf_put(out, S(". Your tasks are served as they were; duedav goes on trying."));
    } else if (health->last_round_s == 0) {
        buf_put(out, S("It has not been read since the server started."));
    } else {
        buf_put(out, S("All is well."));
    }
    if (health->last_round_s != 0) {
        http_date_format(health->last_round_s, when);
        buf_printf(out, " Last read at %s.", when);
    }
    if (health->open_operations > 0) {
        buf_printf(out, " Changes on their way: %u.", health->open_operations);
    }
    buf_put(out, S("</p>\n"));
}

void dav_answer_status(struct dav_call *call)
{
    CLEANUP(buf_done) struct buf out;
    struct account_health health;
    struct user *user = call_user(call);
    size_t i = 0;

    buf_init(&out, SIZE_MAX / 2);
    buf_put(&out, S("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                    "<title>duedav</title>\n</head>\n<body>\n<h1>Accounts of "));
    put_escaped(&out, call->user);
    buf_put(&out, S("</h1>\n"));
    while (user != NULL && user_account_health(user, i, &health)) {
        put_health(&out, &health);
        i++;
    }
    if (i == 0) {
        buf_put(&out, S("<p>No account is linked yet.</p>\n"));
    }
    buf_put(&out, S("<p>This is an address of a CalDAV server for tasks: give it to a client such "
                    "as Thunderbird, Evolution or DAVx5.</p>\n</body>\n</html>\n"));
    http_respond_text(call->request, 200, S("text/html; charset=utf-8"), buf_str(&out));
}
