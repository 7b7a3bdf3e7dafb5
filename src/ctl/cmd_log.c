/* SPDX-License-Identifier: ISC */
/* ctl/cmd_log.c -- events for people: `twinpost log` and `twinpost why`.
 *
 * How it works: the recorder's files are read oldest first, line by line, in parts of a
 * fixed size; what follows live comes from the recorder itself. `why` reads twice: first it
 * collects the queue ids and sessions that name what was asked, then it tells every event
 * of those. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "ipc/admin.h"
#include "ipc/channel.h"
#include "log/line.h"
#include "os/clock.h"
#include "os/file.h"
#include "queue/qmail_log.h"

enum { PART = 1 << 20, LINE_LONGEST = 16 * 1024, FILTERS_MAX = 16, IDS_MAX = 10000 };

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
    struct map *ids; /* why: queue ids and sessions of the story */
    str asked;
};

typedef bool line_fn(struct view *v, str line); /* false: stop */

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

static bool each_line(struct view *v, int fd, line_fn *fn)
{
    char *part = mem_alloc("log part", PART);
    size_t have = 0;
    bool going = true;
    while (going) {
        ssize_t n = read(fd, part + have, PART - have);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        str text = str_of(part, have + (size_t)n);
        ptrdiff_t at;
        while (going && (at = str_find(text, '\n')) >= 0) {
            going = fn(v, str_slice(text, 0, (size_t)at));
            text = str_from_at(text, (size_t)at + 1);
        }
        have = text.n < PART / 2 ? text.n : 0; /* no event is so long: not a log line */
        if (have)
            memmove(part, text.p, have);
    }
    free(part);
    return going;
}

struct names {
    VEC(char *) at;
};

static err add_name(void *ctx, const struct dir_entry *e)
{
    struct names *n = ctx;
    if (str_starts(e->name, S("events-")) && str_ends(e->name, S(".jsonl")))
        vec_push(&n->at, strdup(e->name.p));
    return OK_ERR;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static err each_event(struct view *v, line_fn *fn)
{
    auto_fd int dir = -1;
    err e = dir_open(v->ctl->root_dir, "var/log/twinpost", &dir);
    struct names names = {0};
    if (!failed(e))
        e = dir_each(dir, ".", add_name, &names);
    if (failed(e))
        return e;
    if (names.at.n)
        qsort(names.at.at, names.at.n, sizeof *names.at.at, by_name);
    vec_push(&names.at, strdup("events.jsonl"));
    bool going = true;
    for (size_t i = 0; i < names.at.n; i++) {
        auto_fd int fd = -1;
        if (going && !failed(file_open(dir, names.at.at[i], O_RDONLY, 0, &fd)))
            going = each_line(v, fd, fn);
        free(names.at.at[i]);
    }
    vec_done(&names.at);
    return OK_ERR;
}

static bool remember(struct view *v, str line)
{
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
    err e = each_event(&v, remember);
    if (failed(e))
        return ctl_fail_err(c, "cannot read the events", e);
    for (size_t i = v.seen > v.keep ? v.seen - v.keep : 0; i < v.seen; i++)
        if (!show(&v, v.last[i % v.keep]))
            return CTL_TEMPORARY;
    return follows ? follow(&v) : CTL_OK;
}

static const char *const link_keys[] = {"id", "sid", "bounce"};

static bool has_linked(const struct view *v, str line)
{
    struct log_pair p;
    for (size_t i = 0; i < 3; i++)
        if (log_line_get(line, str_from(link_keys[i]), &p) && map_get(v->ids, p.raw))
            return true;
    return false;
}

static bool mentions(const struct view *v, str line)
{
    struct log_pair p;
    str rest = line;
    while (log_line_next(&rest, &p)) {
        if (str_eq(p.key, S("t")) || str_eq(p.key, S("text")))
            continue;
        if (str_ieq(p.raw, v->asked))
            return true;
        if (p.is_text && str_find(v->asked, '@') > 0 && str_find_str(p.raw, v->asked) >= 0)
            return true; /* in a list of recipients, or as <…> */
    }
    return false;
}

static bool collect(struct view *v, str line)
{
    if (!has_linked(v, line) && !mentions(v, line))
        return true;
    struct log_pair p;
    for (size_t i = 0; i < 3; i++)
        if (log_line_get(line, str_from(link_keys[i]), &p) && p.raw.n &&
            map_count(v->ids) < IDS_MAX && !(str_eq(p.key, S("sid")) && !mentions(v, line)))
            map_put(v->ids, p.raw, v->ids); /* only presence counts */
    return true;
}

static bool tell(struct view *v, str line)
{
    if (!has_linked(v, line) && !mentions(v, line))
        return true;
    v->seen++;
    return show(v, line);
}

int cmd_why(struct ctl *c, int argc, char **argv)
{
    if (argc != 2)
        return ctl_usage(c, command_find(admin_commands, "why")->usage);
    struct view v = {.ctl = c, .ids = map_new(), .asked = str_from(argv[1])};
    (void)str_skip(&v.asked, S("<"));
    if (str_ends(v.asked, S(">")))
        v.asked.n--;
    err e = each_event(&v, collect);
    if (!failed(e))
        e = each_event(&v, tell);
    map_free(v.ids);
    if (failed(e))
        return ctl_fail_err(c, "cannot read the events", e);
    if (v.seen == 0)
        return ctl_fail(c, CTL_FOUND, "no event speaks of %s", argv[1]);
    return CTL_OK;
}
