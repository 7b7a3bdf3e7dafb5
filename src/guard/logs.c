/* SPDX-License-Identifier: ISC */
/* guard/logs.c -- the logs of all jails, followed: inotify on the files and on their directories,
 * and a look at all of them every few seconds, for what inotify does not tell. */
#include <glob.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guard/guard.h"
#include "os/clock.h"
#include "os/fd.h"

static void watch_file(struct watched *w)
{
    struct stat st;
    if (w->guard->inotify < 0 || stat(w->path, &st) < 0 || (w->wd >= 0 && st.st_ino == w->wd_ino))
        return;
    w->wd = inotify_add_watch(w->guard->inotify, w->path, IN_MODIFY | IN_ATTRIB);
    w->wd_ino = (uint64_t)st.st_ino;
}

static void watch_directory(struct guard *g, const char *path)
{
    char room[PATH_MAX];
    if (g->inotify < 0 || snprintf(room, sizeof room, "%s", path) >= (int)sizeof room)
        return;
    (void)inotify_add_watch(g->inotify, dirname(room), /* not there: looked at every few seconds */
                            IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE);
}

static void end_catching_up(struct watched *w)
{
    if (w->caught_up)
        return;
    w->caught_up = true;
    for (size_t i = 0; i < w->posts.n; i++) {
        struct post *p = w->posts.at[i];
        p->behind -= p->behind > 0;
        if (!p->behind)
            jail_time(p->jail, FILTER_TIME_LIVE);
    }
}

/* Where to begin: where we were, or at the first line that can still count. */
static void begin(struct watched *w)
{
    struct guard *g = w->guard;
    int64_t now = clock_seconds(), longest = 0;
    uint64_t at = 0;
    struct stat st;
    bool known = stat(w->path, &st) == 0 &&
                 store_position_of(g->store, str_from(w->path), (uint64_t)st.st_dev,
                                   (uint64_t)st.st_ino, &at) &&
                 at <= (uint64_t)st.st_size;
    follow_init(&w->follow, w->path, at, w->tail && !known);
    w->begun = true;
    if (known || w->tail)
        return;
    for (size_t i = 0; i < w->posts.n; i++)
        longest = w->posts.at[i]->def->findtime > longest ? w->posts.at[i]->def->findtime : longest;
    struct date_detector *dates =
        date_detector_new(g->dates, &g->findings,
                          w->posts.at[0]->def->filter.datepattern.present &&
                                  str_trim(w->posts.at[0]->def->filter.datepattern.text.s).n
                              ? &w->posts.at[0]->def->filter.datepattern.text
                              : NULL);
    if (dates)
        (void)failed(follow_seek(&w->follow, dates, now - longest, now)); /* else from its start */
    date_detector_free(dates);
}

static void tell_trouble(struct watched *w, err e)
{
    enum err_kind kind = e.kind == ERR_TEMP && w->follow.fd >= 0 ? ERR_NONE : e.kind;
    if (kind == w->trouble)
        return;
    w->trouble = kind;
    for (size_t i = 0; i < w->posts.n; i++) {
        struct post *p = w->posts.at[i];
        if (kind == ERR_NONE)
            p->why[0] = 0;
        else
            post_fails(p, "%s: %s", w->path, err_text(e));
    }
}

/* All that is there, but no more than a turn's worth. */
static void pump(struct watched *w)
{
    int64_t now = clock_seconds();
    str line;
    err e = OK_ERR;
    if (!w->begun)
        begin(w);
    w->more = false;
    for (int n = 0; !failed(e = follow_line(&w->follow, &line)); n++) {
        for (size_t i = 0; i < w->posts.n; i++)
            jail_line(w->posts.at[i]->jail, line, now);
        if (n >= GUARD_TURN_LINES) {
            w->more = true;
            loop_timer_move(w->guard->again, deadline_in_ms(0));
            return;
        }
    }
    if (e.kind == ERR_TEMP && w->follow.fd >= 0)
        end_catching_up(w);
    tell_trouble(w, e);
    watch_file(w);
}

static void on_more(void *ctx)
{
    struct guard *g = ctx;
    for (size_t i = 0; i < g->logs.n; i++)
        if (g->logs.at[i]->more)
            pump(g->logs.at[i]);
    guard_tick(g);
}

static struct watched *find(struct guard *g, const char *path)
{
    for (size_t i = 0; i < g->logs.n; i++)
        if (strcmp(g->logs.at[i]->path, path) == 0)
            return g->logs.at[i];
    return NULL;
}

static void add(struct guard *g, const char *path, struct post *p, bool tail)
{
    struct watched *w = find(g, path);
    if (!w && g->logs.n >= GUARD_LOGS_MAX) {
        post_fails(p, "more than %d logs", GUARD_LOGS_MAX);
        return;
    }
    if (!w) {
        w = mem_alloc("log", sizeof *w);
        *w = (struct watched){.guard = g, .tail = tail, .wd = -1};
        w->path = strdup(path);
        if (!w->path)
            oom("log");
        w->follow.fd = -1;
        vec_push(&g->logs, w);
    }
    for (size_t i = 0; i < w->posts.n; i++)
        if (w->posts.at[i] == p)
            return;
    vec_push(&w->posts, p);
    if (!w->caught_up) {
        p->behind++;
        jail_time(p->jail, FILTER_TIME_CATCH_UP);
    }
}

static size_t add_glob(struct guard *g, struct post *p, const struct jail_log *l)
{
    char pattern[PATH_MAX];
    glob_t found;
    size_t n = 0;
    struct stat st;
    if (snprintf(pattern, sizeof pattern, "%.*s", STR_ARG(l->glob)) >= (int)sizeof pattern)
        return 0;
    watch_directory(g, pattern);
    if (glob(pattern, 0, NULL, &found) != 0)
        return 0;
    for (size_t i = 0; i < found.gl_pathc; i++)
        if (stat(found.gl_pathv[i], &st) == 0 && S_ISREG(st.st_mode)) {
            add(g, found.gl_pathv[i], p, l->tail);
            n++;
        }
    globfree(&found);
    return n;
}

/* Files that came since, by the jails' patterns. */
static void find_all(struct guard *g)
{
    for (size_t i = 0; i < g->posts.n; i++) {
        struct post *p = g->posts.at[i];
        size_t n = 0;
        if (!p->jail || p->ours || p->def->journal)
            continue;
        for (size_t k = 0; k < p->def->logs.n; k++)
            n += add_glob(g, p, &p->def->logs.at[k]);
        for (size_t k = 0; !n && k < g->logs.n; k++) /* it was there and is between two files */
            for (size_t q = 0; q < g->logs.at[k]->posts.n; q++)
                n += g->logs.at[k]->posts.at[q] == p;
        if (!n && !p->why[0])
            post_fails(p, "there is no log: %.*s",
                       STR_ARG(p->def->logs.n ? p->def->logs.at[0].glob : S("no logpath")));
        else if (n && str_starts(str_from(p->why), S("there is no log")))
            p->why[0] = 0;
    }
}

static void look_at_all(struct guard *g)
{
    find_all(g);
    for (size_t i = 0; i < g->logs.n; i++)
        pump(g->logs.at[i]);
    guard_tick(g);
}

static void on_look(void *ctx)
{
    struct guard *g = ctx;
    look_at_all(g);
    logs_save(g);
    loop_timer_move(g->look, deadline_in_ms(GUARD_LOOK_MS));
}

static void on_inotify(void *ctx, int fd, unsigned events)
{
    struct guard *g = ctx;
    (void)events;
    char room[16384] __attribute__((aligned(__alignof__(struct inotify_event))));
    bool all = false;
    for (ssize_t n; (n = read(fd, room, sizeof room)) > 0;) {
        for (char *p = room; p < room + n;) {
            const struct inotify_event *e = (const void *)p;
            p += sizeof *e + e->len;
            if (!(e->mask & (IN_MODIFY | IN_ATTRIB)) || (e->mask & IN_Q_OVERFLOW))
                all = true;
            for (size_t i = 0; i < g->logs.n; i++)
                if (g->logs.at[i]->wd == e->wd)
                    g->logs.at[i]->more = true;
        }
    }
    if (all)
        look_at_all(g);
    else
        on_more(g);
}

void logs_open(struct guard *g)
{
    g->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (g->inotify >= 0)
        g->inotify_watch = loop_add(g->loop, g->inotify, LOOP_IN, on_inotify, g);
    g->again = loop_at(g->loop, DEADLINE_NEVER, on_more, g);
    g->look = loop_at(g->loop, deadline_in_ms(GUARD_LOOK_MS), on_look, g);
    look_at_all(g);
}

void logs_save(struct guard *g)
{
    for (size_t i = 0; i < g->logs.n; i++) {
        struct watched *w = g->logs.at[i];
        if (w->begun && w->follow.fd >= 0 && follow_position(&w->follow) != w->saved) {
            w->saved = follow_position(&w->follow);
            store_position(g->store, str_from(w->path), w->follow.dev, w->follow.ino, w->saved);
        }
    }
    guard_flush_later(g);
}

void logs_close(struct guard *g)
{
    logs_save(g);
    loop_del(g->inotify_watch);
    g->inotify_watch = NULL;
    fd_closep(&g->inotify);
    loop_timer_del(g->again);
    loop_timer_del(g->look);
    g->again = g->look = NULL;
    for (size_t i = 0; i < g->logs.n; i++) {
        struct watched *w = g->logs.at[i];
        if (w->begun)
            follow_done(&w->follow);
        free(w->path);
        vec_done(&w->posts);
        free(w);
    }
    vec_done(&g->logs);
}
