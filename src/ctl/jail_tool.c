/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ctl/jail.h"
#include "ctl/words.h"

void jail_tool_findings(const struct ctl *c, const struct findings *f)
{
    for (size_t i = 0; i < f->list.n; i++) {
        const struct finding *x = &f->list.at[i];
        if (x->place.file.n)
            (void)fprintf(stderr, "%.*s",
                          STR_ARG(x->place.file)); /* a report: as good as it gets */
        if (x->place.line)
            (void)fprintf(stderr, ":%u", x->place.line);
        (void)fprintf(stderr, "%s%s: %.*s", x->place.file.n ? ": " : "",
                      word(c, x->level == FINDING_ERROR ? "error" : "warning"), STR_ARG(x->text));
        if (x->remedy.n)
            (void)fprintf(stderr, "; %s", word(c, x->remedy.p));
        (void)fputc('\n', stderr);
    }
}

bool jail_tool_open(struct jail_tool *t, struct ctl *c, const char *config, int64_t now)
{
    *t = (struct jail_tool){.ctl = c, .config = config, .now = now};
    findings_init(&t->findings, c->arena);
    jail_files_init(&t->files, &t->findings);
    t->dates = date_cache_new(now, true);
    return true;
}

bool jail_tool_zone(struct jail_tool *t, const char *zone)
{
    char path[300];
    int minutes;
    (void)snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", zone); /* too long: not there */
    if (zone[0] && !strstr(zone, "..") && access(path, R_OK) == 0) {
        if (setenv("TZ", zone, 1) < 0)
            return false;
        tzset();
        return true;
    }
    if (!date_zone(str_from(zone), &minutes)) {
        (void)ctl_fail(t->ctl, CTL_PERMANENT, "no time zone %s", zone);
        return false;
    }
    t->zone = zone;
    return true;
}

static void given(struct jail_tool *t, const char *text, struct filter_text *to)
{
    if (text)
        *to = (struct filter_text){
            true,
            conf_text_of(str_from(text), (struct conf_place){S("command line"), 0}, t->ctl->arena)};
}

static void put_in(struct jail_tool *t)
{
    given(t, t->datepattern, &t->def.datepattern);
    given(t, t->usedns, &t->def.usedns);
    given(t, t->maxlines, &t->def.maxlines);
    given(t, t->ignore, &t->def.ignoreregex);
}

bool jail_tool_load(struct jail_tool *t, str call, const struct filter_options *options)
{
    struct arena *a = t->ctl->arena;
    struct conf_text text = conf_text_of(call, (struct conf_place){0}, a);
    struct filter_options o = *options;
    if (t->zone)
        o.zone = str_from(t->zone);
    ptrdiff_t bracket = str_find(call, '[');
    str path = bracket < 0 ? call : str_slice(call, 0, (size_t)bracket);
    bool own = str_find(path, '/') >= 0;
    bool ok = own ? filter_read_file(&t->reader, a, &t->files.files, &t->findings, path, &text,
                                     options->journal)
                  : filter_read(&t->reader, a, &t->files.files, &t->findings, str_from(t->config),
                                &text, options->journal, NULL);
    if (ok && filter_resolve(&t->reader, &t->def) && t->findings.errors == 0) {
        put_in(t);
        t->filter = filter_new(&t->findings, t->dates, &t->def, &o);
    }
    return t->filter != NULL;
}

bool jail_tool_regex(struct jail_tool *t, const char *fail, const char *ignore,
                     const struct filter_options *options)
{
    struct filter_options o = *options;
    if (t->zone)
        o.zone = str_from(t->zone);
    given(t, fail, &t->def.failregex);
    given(t, ignore, &t->def.ignoreregex);
    put_in(t);
    t->filter = filter_new(&t->findings, t->dates, &t->def, &o);
    return t->filter != NULL;
}

bool jail_tool_is_name(str text)
{
    size_t i = 0;
    while (i < text.n && (char_is_alpha(text.p[i]) || char_is_digit(text.p[i]) ||
                          (text.p[i] && strchr("/_-.", text.p[i]))))
        i++;
    return i > 0 && (i == text.n || (text.p[i] == '[' && text.p[text.n - 1] == ']'));
}

void jail_tool_close(struct jail_tool *t)
{
    filter_free(t->filter);
    filter_reader_done(&t->reader);
    date_cache_free(t->dates);
    findings_done(&t->findings);
}

void json_text(struct buf *out, str s)
{
    if (!s.p) {
        buf_add(out, S("null"));
        return;
    }
    buf_addc(out, '"');
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c == '"' || c == '\\') {
            buf_addc(out, '\\');
            buf_addc(out, (char)c);
        } else if (c < 0x20 || c == 0x7f) {
            buf_addf(out, "\\u%04x", c);
        } else {
            buf_addc(out, (char)c);
        }
    }
    buf_addc(out, '"');
}
