#include "bridge/config_internal.h"

#include "bridge/core/mem.h"

#include <string.h>

#define WRAP 96 /* columns of the sample file */

static bool is_upstream(const struct setting *setting)
{
    return strcmp(setting->section, CONFIG_UPSTREAM_SECTION) == 0;
}

static bool starts_section(size_t at)
{
    return at == 0 || strcmp(config_settings[at].section, config_settings[at - 1].section) != 0;
}

/* text as comment lines. */
static void print_wrapped(FILE *out, struct str text)
{
    while (text.n > 0) {
        size_t n = text.n;

        if (n > WRAP) {
            for (n = WRAP; n > 0 && text.p[n] != ' '; n--) {
            }
            n = n > 0 ? n : WRAP;
        }
        fprintf(out, "# %.*s\n", STR_ARG(str_first(text, n)));
        text = str_trim(str_skip(text, n));
    }
}

static void print_sample_setting(FILE *out, const struct setting *setting, struct arena *arena)
{
    struct str kind = setting_describe(setting, arena);
    bool has_preset = setting->preset[0] != '\0';
    const char *shown = has_preset || setting->example == NULL ? setting->preset : setting->example;
    bool has_kind = setting->type != SETTING_TEXT && setting->type != SETTING_LIST;

    print_wrapped(out, arena_printf(arena, "%s%s%.*s%s%s", setting->help, has_kind ? " (" : "",
                           has_kind ? (int)kind.n : 0, kind.p, has_kind ? ")" : "",
                           has_preset ? "" : " Default: none; for example:"));
    fprintf(out, ";%s =%s%s\n\n", setting->key, *shown != '\0' ? " " : "", shown);
}

void config_print_sample(FILE *out)
{
    struct arena *arena = arena_new();

    fputs("# duedav.conf: all settings, with their defaults behind a semicolon.\n"
          "# Printed by `duedav check-config --sample`; explained in duedav.conf(5).\n\n",
        out);
    for (size_t i = 0; i < config_setting_count; i++) {
        const struct setting *setting = &config_settings[i];

        if (starts_section(i) && is_upstream(setting)) {
            fputs("# A service to which accounts can be linked. There can be several, each with a "
                  "name.\n;[upstream work]\n\n",
                out);
        } else if (starts_section(i)) {
            fprintf(out, "[%s]\n\n", setting->section);
        }
        print_sample_setting(out, setting, arena);
    }
    arena_free(&arena);
}

/* scdoc takes _ and * for markup. */
static void print_escaped(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (strchr("_*\\[]#~<>|", *text) != NULL) {
            fputc('\\', out);
        }
        fputc(*text, out);
    }
}

static void print_man_setting(FILE *out, const struct setting *setting, struct arena *arena)
{
    struct str kind = setting_describe(setting, arena);

    fputc('*', out);
    print_escaped(out, setting->key);
    fprintf(out, "* = _%.*s_", STR_ARG(kind));
    if (setting->preset[0] != '\0') {
        fputs(" (default: ", out);
        print_escaped(out, setting->preset);
        fputc(')', out);
    }
    fputs("\n\t", out);
    print_escaped(out, setting->help);
    fputs("\n\n", out);
}

void config_print_man(FILE *out)
{
    struct arena *arena = arena_new();

    for (size_t i = 0; i < config_setting_count; i++) {
        const struct setting *setting = &config_settings[i];

        if (starts_section(i)) {
            fprintf(out, "## [%s%s]\n\n", setting->section, is_upstream(setting) ? " NAME" : "");
        }
        print_man_setting(out, setting, arena);
    }
    arena_free(&arena);
}
