/** GET / without signing in: what this is and how to connect. */
#include "bridge/dav/call.h"

static const struct str page = STR(
    "<!DOCTYPE html>\n"
    "<html lang=\"en\">\n"
    "<head>\n"
    "<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<title>duedav</title>\n"
    "</head>\n"
    "<body>\n"
    "<h1>duedav</h1>\n"
    "<p>This server gives your Microsoft task lists to CalDAV clients: Thunderbird, Evolution,\n"
    "Apple Reminders, DAVx5 with Tasks.org, vdirsyncer and others.</p>\n"
    "<h2>How to connect</h2>\n"
    "<p>In your client add a CalDAV account (in Thunderbird: New Calendar, On the Network) "
    "with</p>\n"
    "<ul>\n"
    "<li>the address of this page,</li>\n"
    "<li>your user name,</li>\n"
    "<li>an app password, which whoever runs this server makes with\n"
    "<code>duedav password add USER --label TEXT</code>.</li>\n"
    "</ul>\n"
    "<p><a href=\"dav/\">Sign in</a> to see how your accounts are doing.</p>\n"
    "<p>Apple devices and most phones want an address that begins with https.</p>\n"
    "</body>\n"
    "</html>\n");

void dav_answer_page(struct dav_call *call)
{
    http_respond_text(call->request, 200, S("text/html; charset=utf-8"), page);
}
