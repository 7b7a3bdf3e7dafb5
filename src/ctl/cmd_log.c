/* SPDX-License-Identifier: ISC */
/* ctl/cmd_log.c -- events for people: `twinpost log`. What follows live comes from the
 * recorder itself. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/ctl.h"
#include "ctl/events.h"
#include "ipc/admin.h"
#include "ipc/channel.h"
#include "log/line.h"
#include "os/clock.h"
#include "queue/qmail_log.h"

enum { LINE_LONGEST = 16 * 1024, FILTERS_MAX = 16 };

enum look { LOOK_READABLE, LOOK_JSON, LOOK_QMAIL };

struct view {
    struct ctl *ctl;
    enum look look;
    struct {
        str key, value;
    } filters[FILTERS_MAX];
    size_t n_filters;
    str *last; /* ring of the last lines */
    size_t keep, seen;
};

static bool passes(const struct view *v, str line)
{
    for (size_t i = 0; i < v->n_filters; i++)
        if (!log_line_is(line, v->filters[i].key, v->filters[i].value))
            return false;
    return true;
}

/* splogger's stamp (seconds.microseconds) and qmail-send's line. */
static void add_qmail_line(str line, struct buf *out)
{
    struct qmail_log_event e;
    struct log_pair p;
    if (!log_line_get(line, S("event"), &p) || !qmail_log_kind_of(p.raw, &e))
        return;
    auto_arena struct arena *a = arena_new("log line", 1 << 20);
    auto_buf struct buf text;
    buf_init(&text, LINE_LONGEST);
    while (log_line_next(&line, &p)) {
        buf_reset(&text);
        log_text(p.raw, &text);
        uint64_t number = 0;
        if (!p.is_text)
            (void)str_u64(p.raw, &number); /* no number of these is negative */
        qmail_log_field(&e, p.key, arena_copy(a, buf_str(&text)), (int64_t)number);
    }
    qmail_log_write(out, &e);
}

static bool show(struct view *v, str line)
{
    auto_buf struct buf b;
    buf_init(&b, 8 * LINE_LONGEST);
    if (v->look == LOOK_JSON)
        buf_add(&b, line);
    else if (v->look == LOOK_QMAIL)
        add_qmail_line(line, &b);
    else
        log_line_readable(line, &b);
    if (b.n == 0)
        return true;
    if (b.p[b.n - 1] != '\n')
        buf_addc(&b, '\n');
    return ctl_print(v->ctl, buf_str(&b));
}

static bool remember(void *ctx, str line)
{
    struct view *v = ctx;
    if (!passes(v, line))
        return true;
    str *slot = &v->last[v->seen++ % v->keep];
    free((void *)(uintptr_t)slot->p);
    char *copy = mem_alloc("line", line.n + 1);
    memcpy(copy, line.p, line.n);
    *slot = str_of(copy, line.n);
    return true;
}

static int follow(struct view *v)
{
    struct channel *ch;
    err e = ctl_open(v->ctl, PROGRAM_RECORDER, &ch);
    if (!failed(e))
        e = channel_send(ch, &admin_ask_schema, 1, &(struct admin_ask){S("follow\0")}, NULL, 0);
    while (!failed(e)) {
        struct packet p;
        struct admin_line line;
        e = channel_recv(ch, DEADLINE_NEVER, &p);
        if (!failed(e))
            e = ipc_decode(&admin_line_schema, p.bytes, &line);
        if (!failed(e) && passes(v, line.text) && !show(v, line.text))
            return CTL_TEMPORARY;
    }
    return e.kind == ERR_CLOSED ? CTL_OK : ctl_fail_err(v->ctl, "following the events", e);
}

static bool add_filter(struct view *v, const char *word)
{
    str key, value;
    if (v->n_filters == FILTERS_MAX || !str_cut(str_from(word), '=', &key, &value))
        return false;
    v->filters[v->n_filters].key = key;
    v->filters[v->n_filters++].value = value;
    return true;
}

int cmd_log(struct ctl *c, int argc, char **argv)
{
    struct view v = {.ctl = c, .keep = 100};
    bool follows = false;
    for (int i = 1; i < argc; i++) {
        uint64_t n;
        if (strcmp(argv[i], "--follow") == 0 || strcmp(argv[i], "-f") == 0)
            follows = true;
        else if (strcmp(argv[i], "--json") == 0)
            v.look = LOOK_JSON;
        else if (strcmp(argv[i], "--qmail") == 0)
            v.look = LOOK_QMAIL;
        else if (strcmp(argv[i], "-n") == 0 && i + 1 < argc && str_u64(str_from(argv[i + 1]), &n) &&
                 n && n < 10000000)
            v.keep = n, i++;
        else if (!add_filter(&v, argv[i]))
            return ctl_usage(c, command_find(admin_commands, "log")->usage);
    }
    v.last = mem_alloc("last lines", v.keep * sizeof *v.last);
    err e = events_each(c, remember, &v);
    if (failed(e))
        return ctl_fail_err(c, "cannot read the events", e);
    for (size_t i = v.seen > v.keep ? v.seen - v.keep : 0; i < v.seen; i++)
        if (!show(&v, v.last[i % v.keep]))
            return CTL_TEMPORARY;
    return follows ? follow(&v) : CTL_OK;
}
