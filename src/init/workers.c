/* SPDX-License-Identifier: ISC */
#include "init/house.h"

#include "log/event.h"
#include "os/fd.h"

static err start_worker(struct house *h, const struct init_worker_ask *ask, int *ret_channel)
{
    const struct program_plan *plan = program_plan((enum program)ask->program);
    bool local = ask->program == PROGRAM_DELIVER;
    if (!plan || (!local && ask->program != PROGRAM_RELAY))
        return err_new(ERR_DENIED, "sched may not start that");
    auto_arena struct arena *a = arena_new("worker", 1 << 14);
    struct start s = {.plan = plan, .uid = ask->uid, .gid = ask->gid};
    s.cwd = local ? arena_cstr(a, ask->home) : NULL;
    err e = local ? OK_ERR : house_account(h, plan->user, &s.uid, &s.gid);
    if (!failed(e) && h->real_users && s.uid == 0)
        e = err_new(ERR_DENIED, "Not allowed to perform deliveries as root. (#4.7.0)");
    auto_fd int mine = -1, theirs = -1, boot = -1;
    if (!failed(e))
        e = fd_pair(FD_PAIR_PACKET, &mine, &theirs);
    pid_t pid;
    if (!failed(e))
        e = program_start(h, &s, &pid, &boot);
    if (failed(e))
        return e;
    guest_add(h, plan->program, pid, NULL);
    struct init_keeper who = {.user = ask->user, .home = ask->home};
    e = packet_send(boot, &init_keeper_schema, 0, &who, &theirs, 1);
    if (!failed(e))
        e = program_send_all(h, plan, boot);
    if (!failed(e))
        e = packet_send(boot, &init_go_schema, 0, &(struct init_nothing){0}, NULL, 0);
    if (failed(e))
        return e;
    *ret_channel = fd_take(&mine);
    return OK_ERR;
}

void worker_asked(struct house *h, struct service_process *sched, uint32_t id,
                  const struct init_worker_ask *ask)
{
    auto_fd int fd = -1;
    err e = start_worker(h, ask, &fd);
    struct init_worker answer = {.ok = !failed(e),
                                 .text = failed(e) ? str_from(err_text(e)) : S("")};
    if (failed(e))
        log_event(NULL, EV_PROGRAM_FAILED,
                  F_STR("name", str_from(program_name((enum program)ask->program))),
                  F_STR("user", ask->user), F_ERR(e));
    e = channel_send(sched->channel, &init_worker_schema, id, &answer, &fd, fd >= 0);
    if (failed(e))
        log_event(NULL, EV_PROGRAM_FAILED, F_STR("name", S("sched")), F_ERR(e));
}
