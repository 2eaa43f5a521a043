#include "bridge/config.h"

#include "bridge/config_internal.h"
#include "bridge/core/buf.h"
#include "bridge/core/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>

static const char *sample_path, *man_path;

static void assert_good(const char *text, struct config *out)
{
    struct err err = { 0 };

    if (!config_parse(str_from(text), "f", out, &err)) {
        fail_msg("%s", err.text);
    }
}

static void assert_bad(const char *text, const char *reason)
{
    struct config config;
    struct err err = { 0 };

    if (config_parse(str_from(text), "f", &config, &err)) {
        fail_msg("accepted: %s", text);
    }
    assert_int_equal(err.kind, ERR_INVALID);
    if (strstr(err.text, reason) == NULL) {
        fail_msg("\"%s\" instead of \"%s\"", err.text, reason);
    }
}

static void nothing_gives_the_defaults(void **state)
{
    CLEANUP(config_done) struct config config = { 0 };

    (void)state;
    assert_good("", &config);
    assert_int_equal(config.server.listen.count, 1);
    assert_string_equal(config.server.listen.items[0], "127.0.0.1:5252");
    assert_string_equal(config.server.tls_certificate, "");
    assert_int_equal(config.server.trusted_proxies.count, 2);
    assert_false(config.server.allow_plaintext);
    assert_string_equal(config.store.url, "sqlite:/var/lib/duedav/duedav.db");
    assert_int_equal(config.sync.near_ms, 15000);
    assert_int_equal(config.sync.far_ms, 300000);
    assert_int_equal(config.sync.fresh_ms, 5000);
    assert_int_equal(config.sync.hold_ms, 1000);
    assert_int_equal(config.sync.full_ms, 6 * 3600 * 1000);
    assert_int_equal(config.sync.memory_bytes, 256 << 20);
    assert_int_equal(config.limits.body_bytes, 4 << 20);
    assert_int_equal(config.limits.connections, 10000);
    assert_int_equal(config.limits.sign_in_failures.count, 10);
    assert_int_equal(config.limits.sign_in_failures.per_ms, 60000);
    assert_int_equal(config.mapping.completed_ms, 90 * 86400000LL);
    assert_int_equal(config.mapping.delete_lists, CONFIG_DELETE_LISTS_EMPTY);
    assert_int_equal(config.mapping.series_form, CONFIG_SERIES_RESOURCE);
    assert_int_equal(config.mapping.cancelled_as, CONFIG_CANCELLED_AS_DEFERRED);
    assert_int_equal(config.mapping.month_end, CONFIG_MONTH_END_SKIP);
    assert_int_equal(config.mapping.normal_priority, CONFIG_NORMAL_PRIORITY_NONE);
    assert_int_equal(config.mapping.due_date_exclusive.count, 0);
    assert_int_equal(config.log.level, LOG_LEVEL_INFO);
    assert_int_equal(config.log.format, CONFIG_LOG_TEXT);
    assert_int_equal(config.upstream_count, 0);
    assert_null(config_find_upstream(&config, S("work")));
}

static void everything_can_be_set(void **state)
{
    CLEANUP(config_done) struct config config = { 0 };
    const struct config_upstream *upstream;

    (void)state;
    assert_good("\xef\xbb\xbf; a comment\r\n"
                "[server]\r\n"
                "  listen = 0.0.0.0:80, [::]:443 ; inline\n"
                "listen = unix:/run/duedav/http   # list goes on\n"
                "tls_certificate=/c.pem\n"
                "tls_key\t=\t/k.pem\n"
                "public_url = https://tasks.example.org/dav/x\n"
                "trusted_proxies =\n"
                "metrics_from = 10.0.0.1\n"
                "allow_plaintext = YES\n"
                "user = duedav\n"
                "[store]\nurl = sqlite:/x.db\nkey_file = /k\n"
                "[sync]\nnear = 250ms\nfar = 2h\nfresh = 0\nhold = 0s\nfull = 1d\nmemory = 1G\n"
                "sign_in_task = yes\n"
                "[limits]\nbody = 1K\nattachment = 0\nbuffered = 2M\nconnections = 5\n"
                "per_address = 2\nsign_in_failures = 3 / 30s\n"
                "[mapping]\ncompleted = 0\ndelete_lists = no\nseries_form = override\n"
                "keep_upstream = yes\naltrep = on\nnormal_priority = 5\ncancelled_as = completed\n"
                "all_day_alarm_time = 09:30\nurl_as_link = true\nmonth_end = clamp\n"
                "due_date_exclusive = -//eM Client/x\n"
                "[log]\nlevel = debug\nformat = json\n"
                "[upstream work]\ndialect = outlook\nurl = http://127.0.0.1:99/api/\n"
                "authority = http://localhost/a\nclient_id = 1\nclient_secret_file = /s\n"
                "scopes = a b=c\nca_file = /ca\n"
                "[upstream home-2]\ndialect = todo\n"
                "[server]\n",
        &config);
    assert_int_equal(config.server.listen.count, 3);
    assert_string_equal(config.server.listen.items[1], "[::]:443");
    assert_string_equal(config.server.listen.items[2], "unix:/run/duedav/http");
    assert_string_equal(config.server.tls_key, "/k.pem");
    assert_string_equal(config.server.public_url, "https://tasks.example.org/dav/x");
    assert_int_equal(config.server.trusted_proxies.count, 0);
    assert_true(config.server.allow_plaintext);
    assert_int_equal(config.sync.near_ms, 250);
    assert_int_equal(config.sync.far_ms, 7200000);
    assert_int_equal(config.sync.full_ms, 24 * 3600 * 1000);
    assert_int_equal(config.sync.memory_bytes, 1 << 30);
    assert_true(config.sync.sign_in_task);
    assert_int_equal(config.limits.body_bytes, 1024);
    assert_int_equal(config.limits.sign_in_failures.count, 3);
    assert_int_equal(config.limits.sign_in_failures.per_ms, 30000);
    assert_int_equal(config.mapping.delete_lists, CONFIG_DELETE_LISTS_NO);
    assert_int_equal(config.mapping.series_form, CONFIG_SERIES_OVERRIDE);
    assert_true(config.mapping.altrep);
    assert_int_equal(config.mapping.normal_priority, CONFIG_NORMAL_PRIORITY_5);
    assert_int_equal(config.mapping.cancelled_as, CONFIG_CANCELLED_AS_COMPLETED);
    assert_int_equal(config.mapping.all_day_alarm_minute, 570);
    assert_int_equal(config.mapping.month_end, CONFIG_MONTH_END_CLAMP);
    assert_string_equal(config.mapping.due_date_exclusive.items[0], "-//eM Client/x");
    assert_int_equal(config.log.level, LOG_LEVEL_DEBUG);
    assert_int_equal(config.log.format, CONFIG_LOG_JSON);
    assert_int_equal(config.upstream_count, 2);
    upstream = config_find_upstream(&config, S("work"));
    assert_string_equal(upstream->dialect, "outlook");
    assert_string_equal(upstream->url, "http://127.0.0.1:99/api/");
    assert_string_equal(upstream->scopes, "a b=c");
    upstream = config_find_upstream(&config, S("home-2"));
    assert_string_equal(upstream->url, "");
    assert_string_equal(upstream->authority, "https://login.microsoftonline.com/common");
}

static void mistakes_are_told_with_file_and_line(void **state)
{
    static const struct {
        const char *text, *reason;
    } cases[] = {
        { "\n\n[sync]\nnear = x\n", "f:4: [sync] near = x: not a time" },
        { "a = b\n", "f:1: a setting before any [SECTION]" },
        { "[bogus]\n", "f:1: unknown section [bogus]" },
        { "[upstream]\n", "f:1: unknown section [upstream]" },
        { "[upstream ]\n", "f:1: unknown section [upstream]" },
        { "[upstream a/b]\n", "takes a name" },
        { "[upstream aaaaaaaaaabbbbbbbbbbccccccccccddd]\n", "takes a name" },
        { "[upstream a]\ndialect = todo\n[upstream a]\n", "f:3: [upstream a] is here twice" },
        { "[upstream a]\n", "f:1: [upstream a] has no dialect" },
        { "[upstream a]\ndialect = x\n", "f:2: [upstream] dialect = x: not outlook" },
        { "[upstream a]\ndialect = planner\n", "not in this version yet" },
        { "[upstream a]\ndialect = todo\nurl = http://example.org/\n", "this machine only" },
        { "[upstream a]\ndialect = todo\nurl = http://127.0.0.1.example.org/\n", "f:3:" },
        { "[upstream a]\ndialect = todo\nurl = ftp://127.0.0.1/\n", "f:3:" },
        { "[upstream a]\ndialect = todo\nurl = https://x/?a\n", "query" },
        { "[upstream a]\ndialect = todo\nclient_secret_file = /s\n", "no client_id" },
        { "[server\n", "a section is [NAME]" },
        { "[server]\nlisten\n", "f:2: neither" },
        { "[server]\n= x\n", "f:2: neither" },
        { "[server]\nlist = x\n", "f:2: [server] has no setting \"list\"" },
        { "[server]\nnear = 5s\n", "[server] has no setting \"near\"" },
        { "[server]\nlisten = localhost:80\n", "not a numeric address" },
        { "[server]\nlisten = 127.0.0.1\n", "not a numeric address" },
        { "[server]\nlisten = 127.0.0.1:65536\n", "not a numeric address" },
        { "[server]\nlisten = ::1:80\n", "not a numeric address" },
        { "[server]\nlisten = 127.0.0.1:1,,127.0.0.1:2\n", "an item is empty" },
        { "[server]\nlisten = unix:run\n", "not an absolute path" },
        { "[server]\nlisten =\n", "at least one address" },
        { "[server]\n\nlisten = 0.0.0.0:80\n", "f:3: [server] listen = 0.0.0.0:80: other mach" },
        { "[server]\nlisten = [::]:80\n", "other machines" },
        { "[server]\nlisten = 127.0.0.1:1, 10.0.0.1:80\n", "10.0.0.1:80: other machines" },
        { "[server]\ntls_key = /k\n", "f:2: [server] tls_certificate and tls_key" },
        { "[server]\ntls_key = k\n", "not an absolute path" },
        { "[server]\npublic_url = tasks.example.org\n", "f:2:" },
        { "[server]\nmetrics_from = localhost\n", "not a numeric address" },
        { "[server]\nallow_plaintext = maybe\n", "neither yes nor no" },
        { "[store]\nurl = /x.db\n", "not sqlite:/path" },
        { "[store]\nurl = sqlite:x.db\n", "not an absolute path" },
        { "[store]\nurl = postgresql://h/d\n", "without PostgreSQL" },
        { "[store]\nkey_file =\n", "cannot be empty" },
        { "[sync]\nnear = 15\n", "not a time" },
        { "[sync]\nnear = 15M\n", "not a time" },
        { "[sync]\nnear = 15 s\n", "not a time" },
        { "[sync]\nnear = -15s\n", "not a time" },
        { "[sync]\nnear =\n", "not a time" },
        { "[sync]\nnear = 99999999999999999s\n", "not a time" },
        { "[sync]\nnear = 10ms\n", "out of range (100ms to 1h)" },
        { "[sync]\nnear = 2h\n", "out of range (100ms to 1h)" },
        { "[sync]\nnear = 1m\nfar = 30s\n", "f:3: [sync] near is longer than far" },
        { "[sync]\nnear = 1s\nnear = 1s\n", "f:3: [sync] near is set already in line 2" },
        { "[sync]\nmemory = 1m\n", "not a size" },
        { "[sync]\nmemory = 1\n", "not a size" },
        { "[sync]\nmemory = 1K\n", "out of range (1M to 1024G)" },
        { "[limits]\nbody = 128M\n", "f:2: [limits] body is larger than buffered" },
        { "[limits]\nconnections = 1K\n", "not a number" },
        { "[limits]\nconnections = 0\n", "out of range (1 to 1000000)" },
        { "[limits]\nsign_in_failures = 10\n", "not a rate" },
        { "[limits]\nsign_in_failures = 10/0\n", "not a rate" },
        { "[limits]\nsign_in_failures = 0/1m\n", "out of range" },
        { "[mapping]\ndelete_lists = maybe\n", "not yes, empty or no" },
        { "[mapping]\nall_day_alarm_time = 24:00\n", "not a time of day" },
        { "[mapping]\nall_day_alarm_time = 9:00\n", "not a time of day" },
        { "[log]\nlevel = INFO\n", "not error, warn, info or debug" },
        { "[log]\nlevel = in\x01"
          "fo\n",
            "f:2: not text" },
        { "[log]\nlevel = \xe4\n", "f:2: not text" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_bad(cases[i].text, cases[i].reason);
    }
}

static void long_lines_are_an_error_and_not_two_lines(void **state)
{
    char text[1000];
    CLEANUP(config_done) struct config config = { 0 };

    (void)state;
    snprintf(text, sizeof(text), "[server]\nuser = %0300d\n", 1);
    assert_bad(text, "f:2: longer than ");
    snprintf(text, sizeof(text), "[server] ; %0300d\nuser = %0150d\n", 1, 2);
    assert_good(text, &config);
    assert_int_equal(strlen(config.server.user), 150);
}

static void nul_bytes_are_an_error(void **state)
{
    struct config config;
    struct err err;

    (void)state;
    assert_false(config_parse(S("[log]\nlevel = info\0x\n"), "f", &config, &err));
    assert_non_null(strstr(err.text, "f:2: not text"));
}

static void lists_and_upstreams_have_limits(void **state)
{
    CLEANUP(buf_done) struct buf text;

    (void)state;
    buf_init(&text, 10000);
    buf_put_text(&text, "[server]\n");
    for (int i = 0; i < 65; i++) {
        buf_printf(&text, "metrics_from = 10.0.0.%d\n", i);
    }
    assert_bad(text.p, "f:66: [server] metrics_from = 10.0.0.64: more than 64 items");
    buf_clear(&text);
    for (int i = 0; i < 33; i++) {
        buf_printf(&text, "[upstream u%d]\ndialect=todo\n", i);
    }
    assert_bad(text.p, "f:65: more than 32 upstreams");
}

static void plaintext_is_allowed_on_request_or_with_tls(void **state)
{
    CLEANUP(config_done) struct config a = { 0 };
    CLEANUP(config_done) struct config b = { 0 };

    (void)state;
    assert_good("[server]\nlisten = 0.0.0.0:80\nallow_plaintext = yes\n", &a);
    assert_good("[server]\nlisten = 0.0.0.0:80\ntls_key=/k\ntls_certificate=/c\n", &b);
}

static void check_prints_every_mistake(void **state)
{
    char path[] = "/tmp/duedav-config-XXXXXX";
    char *printed = NULL;
    size_t size;
    FILE *out = open_memstream(&printed, &size);
    int fd = mkstemp(path);
    CLEANUP(config_done) struct config config = { 0 };
    struct err err;

    (void)state;
    assert_true(fd >= 0);
    dprintf(fd, "[sync]\nnear = x\nfar = y\n[log]\nlevel = z\n");
    assert_int_equal(config_check(path, out), 3);
    fclose(out);
    assert_non_null(strstr(printed, ":2: [sync] near"));
    assert_non_null(strstr(printed, ":3: [sync] far"));
    assert_non_null(strstr(printed, ":5: [log] level"));
    free(printed);
    assert_false(config_load(path, &config, &err));
    assert_non_null(strstr(err.text, ":2: "));
    close(fd);
    unlink(path);
    assert_false(config_load(path, &config, &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    assert_false(config_load("/tmp", &config, &err));
    assert_int_equal(err.kind, ERR_INTERNAL);
}

static void table_is_consistent(void **state)
{
    (void)state;
    for (size_t i = 0; i < config_setting_count; i++) {
        const struct setting *setting = &config_settings[i];

        assert_non_null(setting->preset);
        assert_true(setting->help[strlen(setting->help) - 1] == '.' ||
                    strchr("?", setting->help[strlen(setting->help) - 1]) != NULL);
        assert_true((setting->type == SETTING_WORD) == (setting->words != NULL));
        for (size_t k = 0; k < i; k++) {
            assert_false(strcmp(setting->section, config_settings[k].section) == 0 &&
                         (strcmp(setting->key, config_settings[k].key) == 0 ||
                             setting->offset == config_settings[k].offset));
        }
    }
}

/* A whole file; the caller frees it. */
static char *read_whole(const char *path)
{
    FILE *file = fopen(path, "r");
    struct buf text;
    int c;

    assert_non_null(file);
    buf_init(&text, 1 << 20);
    while ((c = fgetc(file)) != EOF) {
        buf_put_char(&text, (char)c);
    }
    fclose(file);
    return buf_take(&text);
}

static char *printed_by(void (*print)(FILE *))
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    print(out);
    fclose(out);
    return text;
}

static void sample_file_is_current_and_good(void **state)
{
    CLEANUP(config_done) struct config config = { 0 };
    CLEANUP(config_done) struct config all = { 0 };
    char *printed = printed_by(config_print_sample);
    char *file = read_whole(sample_path);

    (void)state;
    if (strcmp(printed, file) != 0) {
        fail_msg("stale: duedav check-config --sample > deploy/duedav.conf");
    }
    assert_good(file, &config);
    for (char *p = file; *p != '\0'; p++) { /* with every line of it taken in */
        if (*p == ';' && p[-1] == '\n') {
            *p = ' ';
        }
    }
    assert_good(file, &all);
    assert_int_equal(all.upstream_count, 1);
    assert_string_equal(all.upstreams[0].dialect, "todo");
    mem_free(file);
    free(printed);
}

static void manual_page_is_current(void **state)
{
    char *printed = printed_by(config_print_man);
    char *file = read_whole(man_path);

    (void)state;
    if (strstr(file, printed) == NULL) {
        fail_msg(
            "stale: put what `duedav check-config --man` prints into deploy/duedav.conf.5.scd");
    }
    mem_free(file);
    free(printed);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_gives_the_defaults),
        cmocka_unit_test(everything_can_be_set),
        cmocka_unit_test(mistakes_are_told_with_file_and_line),
        cmocka_unit_test(long_lines_are_an_error_and_not_two_lines),
        cmocka_unit_test(nul_bytes_are_an_error),
        cmocka_unit_test(lists_and_upstreams_have_limits),
        cmocka_unit_test(plaintext_is_allowed_on_request_or_with_tls),
        cmocka_unit_test(check_prints_every_mistake),
        cmocka_unit_test(table_is_consistent),
        cmocka_unit_test(sample_file_is_current_and_good),
        cmocka_unit_test(manual_page_is_current),
    };

    if (argc != 3) {
        fprintf(stderr, "usage: test_config SAMPLE MANPAGE\n");
        return 2;
    }
    sample_path = argv[1];
    man_path = argv[2];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
