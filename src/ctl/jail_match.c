/* SPDX-License-Identifier: ISC */
/* ctl/jail_match.c -- `twinpost jail match`: log lines on the input, what a filter says to each
 * as one JSON object a line. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ban/follow_split.h"
#include "ctl/jail.h"
#include "os/clock.h"

enum { BLOCK = 1 << 16, OUT_AT = 1 << 16 };

struct match_job {
    struct jail_tool tool;
    struct buf call, out;
    uint64_t lines;
    bool failed;
};

static void number(struct buf *out, double v)
{
    if (v > -9e15 && v < 9e15 && v - (double)(int64_t)v == 0)
        buf_addf(out, "%lld", (long long)v);
    else
        buf_addf(out, "%.6f", v);
}

static void tell(struct match_job *j, const struct filter_result *r)
{
    static const char *const words[] = {[FILTER_NO] = "false",
                                        [FILTER_FOUND] = "true",
                                        [FILTER_NOFAIL] = "\"nofail\"",
                                        [FILTER_PENDING] = "\"nofail\"",
                                        [FILTER_IGNORED] = "\"ignored\""};
    struct buf *b = &j->out;
    buf_addf(b, "{\"line\":%llu,\"matched\":%s", (unsigned long long)j->lines, words[r->verdict]);
    if (r->verdict == FILTER_NO) {
        buf_add(b, S("}\n"));
        return;
    }
    buf_add(b, S(",\"host\":"));
    json_text(b, r->host);
    buf_add(b, S(",\"id\":"));
    json_text(b, r->id);
    buf_add(b, S(",\"time\":"));
    if (r->has_time)
        number(b, r->time);
    else
        buf_add(b, S("null"));
    buf_add(b, S(",\"user\":"));
    json_text(b, r->user);
    buf_addf(b, ",\"regex\":%u%s}\n", r->regex + 1,
             r->verdict == FILTER_PENDING ? ",\"pending\":true" : "");
}

static void flush(struct match_job *j)
{
    if (!j->failed && j->out.n)
        j->failed = !ctl_print(j->tool.ctl, buf_str(&j->out));
    buf_reset(&j->out);
}

static void line_read(struct match_job *j, str line)
{
    const struct filter_result *r;
    j->lines++;
    size_t n = filter_feed(j->tool.filter, line, j->tool.now, &r);
    tell(j, n ? &r[n - 1] : &(struct filter_result){.verdict = FILTER_NO});
    if (j->out.n > OUT_AT)
        flush(j);
}

static int read_lines(struct match_job *j)
{
    struct follow_split split;
    follow_split_init(&split);
    char *block = arena_alloc(j->tool.ctl->arena, BLOCK, 1);
    ssize_t n = 0;
    str line;
    while (!j->failed && (n = read(STDIN_FILENO, block, BLOCK)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            break;
        str rest = str_of(block, (size_t)n);
        while (follow_split_next(&split, &rest, &line))
            line_read(j, line);
        flush(j);
    }
    if (follow_split_rest(&split, &line))
        line_read(j, line);
    flush(j);
    follow_split_done(&split);
    return j->failed || n < 0 ? CTL_TEMPORARY : CTL_OK;
}

/* --option k=v becomes [k="v"]. */
static bool add_option(struct match_job *j, str option)
{
    str key, value;
    if (!str_cut(option, '=', &key, &value) || !key.n)
        return false;
    char q = str_find(value, '"') < 0 ? '"' : '\'';
    buf_addf(&j->call, "[%.*s=%c%.*s%c]", STR_ARG(key), q, STR_ARG(value), q);
    return str_find(value, q) < 0;
}

static int match(struct match_job *j, int argc, char **argv)
{
    struct ctl *c = j->tool.ctl;
    static const char usage[] = "[--config DIR] --filter NAME [--option KEY=VALUE …] [--tz ZONE] "
                                "[--now EPOCH] [--journal]";
    struct filter_options options = {0};
    const char *filter = NULL;
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        uint64_t now;
        if (strcmp(argv[i], "--journal") == 0) {
            options.journal = true;
            continue;
        }
        if (!value)
            return ctl_usage(c, usage);
        if (strcmp(argv[i], "--config") == 0)
            j->tool.config = value;
        else if (strcmp(argv[i], "--filter") == 0)
            filter = value;
        else if (strcmp(argv[i], "--now") == 0 && str_u64(str_from(value), &now) && now < 1u << 31)
            j->tool.now = (int64_t)now;
        else if (strcmp(argv[i], "--tz") == 0) {
            if (!jail_tool_zone(&j->tool, value))
                return CTL_PERMANENT;
        } else if (strcmp(argv[i], "--option") != 0 || !add_option(j, str_from(value)))
            return ctl_usage(c, usage);
        i++;
    }
    if (!filter)
        return ctl_usage(c, usage);
    str call = arena_printf(c->arena, "%s%.*s", filter, STR_ARG(buf_str(&j->call)));
    bool ok = jail_tool_load(&j->tool, call, &options);
    jail_tool_findings(c, &j->tool.findings);
    return ok ? read_lines(j) : CTL_PERMANENT;
}

int jail_match(struct ctl *c, int argc, char **argv)
{
    struct match_job j = {0};
    buf_init(&j.call, 1 << 16);
    buf_init(&j.out, 8 << 20);
    if (!jail_tool_open(&j.tool, c, "/etc/fail2ban", clock_seconds()))
        return CTL_TEMPORARY;
    int code = match(&j, argc, argv);
    jail_tool_close(&j.tool);
    buf_done(&j.call);
    buf_done(&j.out);
    return code;
}
