/* SPDX-License-Identifier: ISC */
#include "ipc/warm.h"

#include "os/child.h"
#include "os/fd.h"
#include "os/poll.h"

static struct channel *door(const struct warm *w)
{
    return w->boot->clients[PROGRAM_FRONT];
}

/* The child keeps nothing of the parent's conversations; the receive buffer of the door stays
 * mapped, since `start` points into it. */
static void leave_parent(const struct warm *w)
{
    fd_close(channel_fd(w->boot->init));
    fd_close(channel_fd(door(w)));
}

static err begin(struct warm *w, struct packet *p, bool *ret_child)
{
    struct session_start start;
    err e = ipc_decode(&session_start_schema, p->bytes, &start);
    if (failed(e))
        return e;
    if (p->n_fds != 2)
        return err_new(ERR_SYNTAX, "a session needs two descriptors");
    pid_t pid;
    e = child_fork(&pid);
    if (failed(e))
        return e; /* front sees the sockets close */
    *ret_child = pid == 0;
    if (*ret_child) {
        leave_parent(w);
        w->session(w->ctx, &start, fd_take(&p->fds[0]), fd_take(&p->fds[1]));
    }
    return OK_ERR;
}

/* All that wait: one wake-up serves a burst. */
static err answer_door(struct warm *w, bool *ret_child)
{
    for (;;) {
        struct packet p;
        err e = channel_try_recv(door(w), &p);
        if (e.kind == ERR_TEMP)
            return OK_ERR;
        if (failed(e) && e.kind != ERR_SYNTAX)
            return e;
        if (!failed(e))
            e = begin(w, &p, ret_child);
        if (*ret_child)
            return OK_ERR;
        if (failed(e))
            w->problem(w->ctx, e);
    }
}

static err answer_init(struct warm *w, bool *ret_drain)
{
    struct packet p;
    err e = channel_try_recv(w->boot->init, &p);
    if (e.kind == ERR_TEMP)
        return OK_ERR;
    if (failed(e))
        return e;
    *ret_drain = p.type == IPC_INIT_DRAIN;
    if (*ret_drain)
        return OK_ERR;
    e = boot_message(w->boot, &p);
    if (!failed(e) && p.type == IPC_INIT_SITE)
        e = w->new_site(w->ctx, w->boot);
    if (failed(e))
        w->problem(w->ctx, e);
    return OK_ERR;
}

err warm_run(struct warm *w)
{
    if (!door(w))
        return err_new(ERR_NOTFOUND, "init gave no door to front");
    children_ignore();
    for (;;) {
        struct pollfd fds[2] = {{.fd = channel_fd(w->boot->init), .events = POLLIN},
                                {.fd = channel_fd(door(w)), .events = POLLIN}};
        bool drain = false, child = false;
        err e = poll_until(fds, 2, DEADLINE_NEVER);
        if (!failed(e) && fds[0].revents)
            e = answer_init(w, &drain);
        if (!failed(e) && fds[1].revents)
            e = answer_door(w, &child);
        if (failed(e) || child)
            return e;
        if (drain) {
            children_wait();
            return OK_ERR;
        }
    }
}
