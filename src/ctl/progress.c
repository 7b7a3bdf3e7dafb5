/* SPDX-License-Identifier: ISC */
#include "ctl/progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "os/clock.h"

enum { EVERY_MS = 100, BAR = 30 };

void progress_begin(struct progress *p)
{
    *p = (struct progress){.terminal = isatty(STDERR_FILENO) == 1, .began_ms = clock_ms()};
}

void progress_clear(struct progress *p)
{
    if (p->shown)
        (void)fputs("\r\033[K", stderr); /* only looks */
    p->shown = false;
}

static double per_second(const struct progress *p)
{
    int64_t ms = clock_ms() - p->began_ms;
    return ms > 0 ? (double)(p->all + p->done) * 1000 / (double)ms : 0;
}

static void draw(struct progress *p)
{
    char bar[BAR + 1];
    size_t full = p->total ? p->done * BAR / p->total : 0;
    for (size_t i = 0; i < BAR; i++)
        bar[i] = i < full ? '#' : '.';
    bar[BAR] = '\0';
    progress_clear(p);
    if (p->total)
        (void)fprintf(stderr, "[%s] %3zu%%  %s  %zu of %zu, %.0f a second", bar,
                      p->done * 100 / p->total, p->part, p->done, p->total, per_second(p));
    else
        (void)fprintf(stderr, "%s  %zu, %.0f a second", p->part, p->done, per_second(p));
    (void)fflush(stderr);
    p->shown = true;
}

static void end_part(struct progress *p)
{
    if (!p->part[0])
        return;
    progress_clear(p);
    (void)fprintf(stderr, "%s: %zu\n", p->part, p->done);
    p->all += p->done;
    p->part[0] = '\0';
}

void progress_show(struct progress *p, str part, size_t done, size_t total)
{
    str now = str_slice(part, 0, sizeof p->part - 1);
    if (!str_eq(now, str_from(p->part))) {
        end_part(p);
        for (size_t i = 0; i < now.n; i++)
            p->part[i] = now.p[i];
        p->part[now.n] = '\0';
        p->next_ms = 0;
    }
    p->done = done;
    p->total = total && total < done ? done : total; /* estimates are low at times */
    if (!p->terminal || clock_ms() < p->next_ms)
        return;
    p->next_ms = clock_ms() + EVERY_MS;
    draw(p);
}

void progress_end(struct progress *p)
{
    end_part(p);
}
