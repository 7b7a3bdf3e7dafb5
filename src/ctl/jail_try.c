/* SPDX-License-Identifier: ISC */
/* ctl/jail_try.c -- `twinpost jail try FILTER LOG`: what a filter makes of a log, and what it
 * misses. */
#include <stdio.h>
#include <string.h>

#include "ctl/jail_report.h"
#include "os/clock.h"

enum { SHOWN_SHAPES = 20 };

static const char usage[] = "[--config DIR] [--tz ZONE] [--now EPOCH] FILTER[OPTIONS]|REGEX LOG";

static void tell_regexes(const struct report *r, struct buf *b)
{
    const struct filter *f = r->tool->filter;
    for (size_t i = 0; i < filter_regexes(f); i++) {
        const struct conf_text *t = regex_text(filter_regex(f, i));
        struct conf_place p = conf_place_at(t, 0);
        buf_addf(b, "  failregex %zu: %llu  (%.*s:%u)  %.*s\n", i + 1,
                 (unsigned long long)r->fail_hits[i], STR_ARG(p.file), p.line,
                 STR_ARG(str_slice(regex_given(filter_regex(f, i)), 0, 100)));
    }
    for (size_t i = 0; i < filter_ignoreregexes(f); i++)
        buf_addf(b, "  ignoreregex %zu: %llu  %.*s\n", i + 1, (unsigned long long)r->ignore_hits[i],
                 STR_ARG(str_slice(regex_given(filter_ignoreregex(f, i)), 0, 100)));
}

static void tell_dates(const struct report *r, struct buf *b)
{
    str name;
    uint64_t hits;
    for (size_t i = 0; date_template_info(filter_dates(r->tool->filter), i, &name, &hits); i++)
        if (hits)
            buf_addf(b, "  date: %llu  %.*s\n", (unsigned long long)hits, STR_ARG(name));
}

static void tell_shape(const struct missed_shape *s, struct buf *b)
{
    buf_addf(b, "  %llu like: %.*s\n", (unsigned long long)s->count,
             STR_ARG(str_slice(s->line, 0, 300)));
    if (s->near_known)
        buf_addf(
            b,
            "    failregex %zu came closest: it goes along up to column %zu and then wants %.*s\n",
            s->near_regex + 1, s->near.column, STR_ARG(str_slice(s->near.wanted, 0, 80)));
}

static void tell(struct report *r, struct buf *b)
{
    const struct filter_counts *n = filter_counts(r->tool->filter);
    buf_addf(
        b,
        "%llu lines: %llu failures, %llu ignored or no failure, %llu others; %llu without a date\n",
        (unsigned long long)r->lines, (unsigned long long)r->matched,
        (unsigned long long)r->ignored, (unsigned long long)r->missed,
        (unsigned long long)(n->undated + n->bad_date));
    if (n->gave_up || n->cut)
        buf_addf(b, "  gave up on %llu matches, cut %llu lines short\n",
                 (unsigned long long)n->gave_up, (unsigned long long)n->cut);
    tell_dates(r, b);
    if (filter_prefregex(r->tool->filter))
        buf_addf(b, "  prefregex: %llu\n", (unsigned long long)n->pref_matched);
    tell_regexes(r, b);
    report_nearest(r);
    buf_addf(b, "%llu of the others look like failures\n", (unsigned long long)r->suspicious);
    size_t shown = 0;
    for (size_t i = 0; i < r->shapes.n && shown < SHOWN_SHAPES; i++)
        if (r->shapes.at[i].suspicious) {
            tell_shape(&r->shapes.at[i], b);
            shown++;
        }
}

static int run(struct jail_tool *t, int argc, char **argv)
{
    struct ctl *c = t->ctl;
    const char *words[2];
    int n = 0;
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        uint64_t now;
        if (strncmp(argv[i], "--", 2) != 0) {
            if (n == 2)
                return ctl_usage(c, usage);
            words[n++] = argv[i];
            continue;
        }
        if (value && strcmp(argv[i], "--config") == 0)
            t->config = value;
        else if (value && strcmp(argv[i], "--now") == 0 && str_u64(str_from(value), &now))
            t->now = (int64_t)now;
        else if (!value || strcmp(argv[i], "--tz") != 0 || !jail_tool_zone(t, value))
            return ctl_usage(c, usage);
        i++;
    }
    if (n != 2)
        return ctl_usage(c, usage);
    struct filter_options options = {.check_all = true};
    bool ok = jail_tool_is_name(str_from(words[0]))
                  ? jail_tool_load(t, str_from(words[0]), &options)
                  : jail_tool_regex(t, words[0], NULL, &options);
    jail_tool_findings(c, &t->findings);
    if (!ok)
        return CTL_PERMANENT;
    struct report r;
    report_init(&r, t);
    err e;
    auto_buf struct buf b;
    buf_init(&b, 4 << 20);
    bool read = report_file(&r, words[1], 0, &e);
    if (read)
        tell(&r, &b);
    report_done(&r);
    if (!read)
        return ctl_fail_err(c, words[1], e);
    return ctl_print(c, buf_str(&b)) ? CTL_OK : CTL_TEMPORARY;
}

int jail_try(struct ctl *c, int argc, char **argv)
{
    struct jail_tool t;
    if (!jail_tool_open(&t, c, "/etc/fail2ban", clock_seconds()))
        return CTL_TEMPORARY;
    int code = run(&t, argc, argv);
    jail_tool_close(&t);
    return code;
}
