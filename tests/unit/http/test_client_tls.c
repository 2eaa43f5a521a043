/*
 * The client believes no certificate but one that leads to a known anchor and names the host. The
 * server is a thread with a certificate made for the occasion.
 */
#include "bridge/core/mem.h"
#include "http/client.h"

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

struct server {
    int fd;
    pthread_t thread;
    SSL_CTX *context;
    char url[64];
    char ca_path[32];
    bool was_asked; /**< a request came through; read after the thread has ended */
};

static void add_name(X509 *certificate, const char *alternative)
{
    X509V3_CTX context;
    X509_EXTENSION *extension;

    X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &context, NID_subject_alt_name, alternative);
    assert_non_null(extension);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

/* Self-signed for `alternative`, into the context and, as a trust anchor, into a file. */
static void make_certificate(struct server *server, const char *alternative)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    X509_NAME *name = X509_get_subject_name(certificate);
    int fd;
    FILE *file;

    assert_non_null(key);
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -86400);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
    X509_NAME_add_entry_by_txt(
        name, "CN", MBSTRING_ASC, (const unsigned char *)"duedav test", -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    X509_set_pubkey(certificate, key);
    add_name(certificate, alternative);
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    assert_int_equal(SSL_CTX_use_certificate(server->context, certificate), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(server->context, key), 1);
    snprintf(server->ca_path, sizeof(server->ca_path), "/tmp/duedav-ca-XXXXXX");
    fd = mkstemp(server->ca_path);
    assert_true(fd >= 0);
    file = fdopen(fd, "w");
    assert_int_equal(PEM_write_X509(file, certificate), 1);
    fclose(file);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

/* One connection, one request, one answer. */
static void *serve(void *arg)
{
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
    struct server *server = (struct server *)arg;
    int fd = accept(server->fd, NULL, NULL);
    SSL *ssl = SSL_new(server->context);
    char bytes[4096];

    SSL_set_fd(ssl, fd);
    if (SSL_accept(ssl) == 1 && SSL_read(ssl, bytes, sizeof(bytes)) > 0) {
        server->was_asked = true;
        SSL_write(ssl, answer, sizeof(answer) - 1);
    }
    SSL_free(ssl);
    close(fd);
    return NULL;
}

static void server_start(struct server *server, const char *alternative)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    socklen_t n = sizeof(address);

    *server = (struct server){ .context = SSL_CTX_new(TLS_server_method()) };
    make_certificate(server, alternative);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(server->fd, (struct sockaddr *)&address, n), 0);
    assert_int_equal(listen(server->fd, 4), 0);
    assert_int_equal(getsockname(server->fd, (struct sockaddr *)&address, &n), 0);
    snprintf(server->url, sizeof(server->url), "https://127.0.0.1:%u/", ntohs(address.sin_port));
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void server_end(struct server *server)
{
    pthread_join(server->thread, NULL);
    close(server->fd);
    unlink(server->ca_path);
    SSL_CTX_free(server->context);
}

struct result {
    struct loop *loop;
    enum http_reach reach;
    struct err err;
};

static void on_answer(const struct http_answer *answer, void *arg)
{
    struct result *result = (struct result *)arg;

    result->reach = answer->reach;
    result->err = answer->err;
    loop_stop(result->loop);
}

static struct result ask(struct server *server, bool is_trusted)
{
    struct http_client_options options = { .connect_timeout_ms = 10000, .answer_bytes = 4096 };
    struct http_call call = { .method = S("POST"),
        .url = str_from(server->url),
        .bearer = S("the-token"),
        .has_body = true,
        .deadline_ms = 20000 };
    struct result result = { .loop = loop_new() };
    struct http_client *client;
    struct err err;

    assert_true(http_client_new(result.loop, &options, &client, &err));
    struct http_lane *lane =
        http_lane_new(client, 1, is_trusted ? str_from(server->ca_path) : S(""));
    (void)http_lane_start(lane, &call, on_answer, &result);
    loop_run(result.loop);
    http_lane_free(&lane);
    http_client_free(&client);
    loop_free(&result.loop);
    return result;
}

static void only_a_trusted_certificate_for_the_host_gets_the_request(void **state)
{
    static const struct {
        const char *alternative;
        bool is_trusted, is_asked;
    } cases[] = {
        { "IP:127.0.0.1", true, true },
        { "IP:127.0.0.1", false, false },
        { "IP:127.0.0.2", true, false },
        { "DNS:localhost", true, false },
    };

    (void)state;
    alarm(100);
    signal(SIGPIPE, SIG_IGN);
    unsetenv("https_proxy");
    unsetenv("HTTPS_PROXY");
    unsetenv("all_proxy");
    unsetenv("ALL_PROXY");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct server server;
        struct result result;

        server_start(&server, cases[i].alternative);
        result = ask(&server, cases[i].is_trusted);
        server_end(&server);
        assert_int_equal(server.was_asked, cases[i].is_asked);
        assert_int_equal(result.reach, cases[i].is_asked ? HTTP_ANSWERED : HTTP_NOT_SENT);
        assert_int_equal(result.err.kind, cases[i].is_asked ? ERR_NONE : ERR_BUSY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_a_trusted_certificate_for_the_host_gets_the_request),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
