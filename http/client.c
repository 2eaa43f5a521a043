/* libcurl on the loop: its sockets, its timer, and the transfers that have come to their end. */
#include "http/client.h"

#include "bridge/core/mem.h"
#include "http/client_internal.h"

#include <assert.h>
#include <curl/curl.h>
#include <event2/event.h>

#define MOST_CONNECTIONS  64 /**< kept for reuse */
#define WHOLE_ANSWER_MOST (SIZE_MAX / 4)

static void collect(struct http_client *client)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(client->multi, &left)) != NULL) {
        CURLcode code = message->data.result;
        struct http_transfer *transfer = NULL;

        if (message->msg == CURLMSG_DONE) {
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&transfer);
            transfer_take_result(transfer, code);
        }
    }
}

static void act(struct http_client *client, curl_socket_t fd, int what)
{
    int running;

    curl_multi_socket_action(client->multi, fd, what, &running);
    collect(client);
}

static void on_socket_event(evutil_socket_t fd, short what, void *arg)
{
    act(arg, fd, (what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0));
}

static void on_timer_event(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    act(arg, CURL_SOCKET_TIMEOUT, 0);
}

static int on_socket_wanted(CURL *easy, curl_socket_t fd, int what, void *arg, void *event_in)
{
    struct http_client *client = arg;
    struct event *event = event_in;
    short wanted = (short)(EV_PERSIST | (what == CURL_POLL_OUT ? 0 : EV_READ) |
                           (what == CURL_POLL_IN ? 0 : EV_WRITE));

    (void)easy;
    if (event != NULL) {
        event_free(event);
        event = NULL;
    }
    if (what != CURL_POLL_REMOVE) {
        event = event_new(loop_base(client->loop), fd, wanted, on_socket_event, client);
        assert(event != NULL);
        event_add(event, NULL);
    }
    curl_multi_assign(client->multi, fd, event);
    return 0;
}

static int on_timer_wanted(CURLM *multi, long delay_ms, void *arg)
{
    struct http_client *client = arg;
    struct timeval delay = { .tv_sec = delay_ms / 1000, .tv_usec = delay_ms % 1000 * 1000 };

    (void)multi;
    if (delay_ms < 0) {
        evtimer_del(client->timer);
    } else {
        evtimer_add(client->timer, &delay);
    }
    return 0;
}

bool http_client_new(struct loop *loop, const struct http_client_options *options,
    struct http_client **client_out, struct err *err)
{
    static bool is_started;

    if (!is_started && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        return err_set(err, ERR_INTERNAL, "libcurl does not start");
    }
    is_started = true;

    CURLM *multi = curl_multi_init();

    if (multi == NULL) {
        return err_set(err, ERR_INTERNAL, "libcurl does not start");
    }
    struct http_client *client = mem_alloc(sizeof(*client));

    client->loop = loop;
    client->multi = multi;
    client->timer = evtimer_new(loop_base(loop), on_timer_event, client);
    assert(client->timer != NULL);
    client->user_agent = mem_copy_text(options->user_agent.p, options->user_agent.n);
    client->connect_timeout_ms = options->connect_timeout_ms;
    client->answer_bytes =
        options->answer_bytes < WHOLE_ANSWER_MOST ? options->answer_bytes : WHOLE_ANSWER_MOST;
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket_wanted);
    curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, client);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer_wanted);
    curl_multi_setopt(multi, CURLMOPT_TIMERDATA, client);
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)MOST_CONNECTIONS);
    *client_out = client;
    return true;
}

void http_client_free(struct http_client **client_in)
{
    struct http_client *client = TAKE(*client_in);

    if (client == NULL) {
        return;
    }
    assert(client->lane_count == 0);
    curl_multi_cleanup(client->multi);
    event_free(client->timer);
    mem_free(client->user_agent);
    mem_free(client);
}
