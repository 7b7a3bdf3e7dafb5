/* SPDX-License-Identifier: ISC */
#include "imapd/parent.h"

#include <signal.h>
#include <unistd.h>

#include "log/event.h"
#include "os/fd.h"
#include "os/poll.h"

/* A stranger's process must not be able to read what front sends about other clients. `start`
 * still lies in the channel's memory, so only the descriptors go. */
static void leave_parent(const struct boot *b)
{
    fd_close(channel_fd(b->init));
    fd_close(channel_fd(b->clients[PROGRAM_FRONT]));
    fd_close(b->site_fd);
}

static void start_session(struct boot *b, struct packet *p, parent_session_fn *session)
{
    struct session_start start;
    err e = p->n_fds == 2 ? ipc_decode(&session_start_schema, p->bytes, &start)
                          : err_new(ERR_SYNTAX, "front sent no sockets");
    if (failed(e)) {
        log_event(NULL, EV_PROGRAM_FAILED, F_ERR(e));
        return;
    }
    int data = fd_take(&p->fds[0]), control = fd_take(&p->fds[1]);
    pid_t pid = fork();
    if (pid == 0) {
        leave_parent(b);
        session(b, &start, data, control);
        _exit(0);
    }
    if (pid < 0)
        log_event(NULL, EV_PROGRAM_FAILED, F_ERR(err_sys("fork a session")));
    fd_close(data);
    fd_close(control);
}

static err heed_init(struct boot *b, bool *ret_drain)
{
    struct packet p;
    for (;;) {
        err e = channel_try_recv(b->init, &p);
        if (e.kind == ERR_TEMP)
            return OK_ERR;
        if (failed(e) || p.type == IPC_INIT_DRAIN) {
            *ret_drain = true;
            return OK_ERR;
        }
        e = boot_message(b, &p);
        if (failed(e))
            return e;
    }
}

static err take_clients(struct boot *b, parent_session_fn *session)
{
    struct packet p;
    for (;;) {
        err e = channel_try_recv(b->clients[PROGRAM_FRONT], &p);
        if (e.kind == ERR_TEMP)
            return OK_ERR;
        if (failed(e))
            return e;
        if (p.type == IPC_SESSION_START)
            start_session(b, &p, session);
    }
}

err parent_run(struct boot *b, parent_session_fn *session)
{
    if (b->clients[PROGRAM_FRONT] == NULL)
        return err_new(ERR_NOTFOUND, "init gave no way to front");
    (void)signal(SIGCHLD, SIG_IGN); /* sessions report to nobody; the kernel buries them */
    bool drain = false;
    err e = boot_ready(b);
    while (!failed(e) && !drain) {
        struct pollfd fds[] = {{.fd = channel_fd(b->init), .events = POLLIN},
                               {.fd = channel_fd(b->clients[PROGRAM_FRONT]), .events = POLLIN}};
        e = poll_until(fds, 2, DEADLINE_NEVER);
        if (!failed(e) && fds[0].revents)
            e = heed_init(b, &drain);
        if (!failed(e) && fds[1].revents && !drain)
            e = take_clients(b, session);
    }
    return e;
}
