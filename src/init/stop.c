/* SPDX-License-Identifier: ISC */
#include "init/house.h"

#include <signal.h>
#include <unistd.h>

#include "log/event.h"
#include "os/child.h"
#include "os/clock.h"
#include "os/file.h"

/* In this order: no new clients, then no new work, then what the work needs. */
static const enum program phases[][4] = {
    {PROGRAM_FRONT, PROGRAM_GUARD},
    {PROGRAM_SMTPD, PROGRAM_IMAPD, PROGRAM_POPD, PROGRAM_SIEVED},
    {PROGRAM_SCHED},
    {PROGRAM_AUTH, PROGRAM_ROUTE},
    {PROGRAM_RECORDER},
};
enum { PHASES = sizeof phases / sizeof phases[0], PHASE_MS = 10000 };

static bool phase_is_over(const struct house *h)
{
    for (size_t i = 0; i < 4 && phases[h->stop_phase][i]; i++)
        if (h->services[phases[h->stop_phase][i]].pid)
            return false;
    return true;
}

static void drain_phase(struct house *h)
{
    for (size_t i = 0; i < 4 && phases[h->stop_phase][i]; i++) {
        struct service_process *s = &h->services[phases[h->stop_phase][i]];
        if (!s->pid || s->drained)
            continue;
        s->drained = true;
        err e = s->channel ? channel_try_send(s->channel, &init_drain_schema, 0,
                                              &(struct init_nothing){0}, NULL, 0)
                           : err_new(ERR_CLOSED, "no channel");
        if (failed(e))
            child_kill(s->pid, SIGTERM);
    }
}

static void phase_takes_too_long(void *ctx)
{
    struct house *h = ctx;
    for (size_t i = 0; i < 4 && h->stop_phase < PHASES && phases[h->stop_phase][i]; i++)
        if (h->services[phases[h->stop_phase][i]].pid)
            child_kill(h->services[phases[h->stop_phase][i]].pid, SIGKILL);
    loop_timer_move(h->stop_timer, deadline_in_ms(PHASE_MS));
}

static void end_guests(struct house *h)
{
    list_each (l, &h->guests)
        child_kill(container_of(l, struct guest, link)->pid, SIGTERM);
}

void house_stop_step(struct house *h)
{
    while (h->stop_phase < PHASES && phase_is_over(h)) {
        h->stop_phase++;
        loop_timer_move(h->stop_timer, deadline_in_ms(PHASE_MS));
        if (h->stop_phase == 3)
            end_guests(h); /* the workers are done with sched; sessions and keepers write at once */
    }
    if (h->stop_phase < PHASES) {
        drain_phase(h);
        return;
    }
    (void)unlinkat(h->run, "ready", 0); /* absent is as wanted */
    loop_stop(h->loop);
}

void house_stop(struct house *h)
{
    if (h->stopping)
        return;
    h->stopping = true;
    log_event(NULL, EV_HOUSE_STOPPING, F_STR("me", h->site.me));
    h->stop_timer = loop_at(h->loop, deadline_in_ms(PHASE_MS), phase_takes_too_long, h);
    house_stop_step(h);
}

err house_reload(struct house *h)
{
    err e = house_load_site(h);
    if (failed(e)) {
        log_event(NULL, EV_HOUSE_RELOAD_REFUSED, F_ERR(e));
        return e;
    }
    for (enum program p = PROGRAM_INIT; p < PROGRAM_COUNT; p++) {
        struct service_process *s = &h->services[p];
        if (!s->channel)
            continue;
        err sent = house_send_site(h, channel_fd(s->channel));
        if (failed(sent))
            log_event(NULL, EV_PROGRAM_FAILED, F_STR("name", str_from(program_name(p))),
                      F_ERR(sent));
    }
    log_event(NULL, EV_HOUSE_RELOADED, F_INT("generation", h->generation));
    return OK_ERR;
}
