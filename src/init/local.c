/* SPDX-License-Identifier: ISC */
/* How it works: two local sockets. `control` is for administrators (root, or the one uid of a
 * house without root): the first packet names a service and the connection is passed on to
 * it. `submit` is for everybody: the connection goes to sched (the queue) with the uid and
 * pid that the kernel vouches for. */
#include "init/house.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ipc/admin.h"
#include "ipc/door.h"
#include "log/event.h"
#include "os/fd.h"
#include "os/net.h"

struct visitor {
    struct house *house;
    struct channel *channel;
    struct loop_fd *watch;
    bool ours; /* asked for init itself */
    struct net_peer peer;
};

static void leave(struct visitor *v)
{
    loop_del(v->watch);
    channel_free(v->channel);
    free(v);
}

static void answer(struct visitor *v, err e)
{
    struct admin_end end = {.exit_code = failed(e) ? 111u : 0u,
                            .text = failed(e) ? str_from(err_text(e)) : S("")};
    (void)channel_try_send(v->channel, &admin_end_schema, 0, &end, NULL,
                           0); /* gone: nobody to tell */
}

static void tell_status(struct visitor *v)
{
    auto_buf struct buf b;
    buf_init(&b, 1 << 15);
    buf_addf(&b, "generation %llu\n", (unsigned long long)v->house->generation);
    for (enum program p = PROGRAM_INIT; p < PROGRAM_COUNT; p++) {
        const struct service_process *s = &v->house->services[p];
        if (is_service(v->house, p))
            buf_addf(&b, "%s pid %d %s\n", program_name(p), (int)s->pid,
                     s->ready ? "serves"
                     : s->pid ? "starts"
                              : "waits");
        if (service_is_failing(s))
            buf_addf(&b, "%s failing %u exit %d signal %d\n", program_name(p), s->failures,
                     WIFEXITED(s->last_status) ? WEXITSTATUS(s->last_status) : 0,
                     WIFSIGNALED(s->last_status) ? WTERMSIG(s->last_status) : 0);
    }
    for (size_t i = 0; i < v->house->listeners.n; i++)
        buf_addf(&b, "%s at %s\n", service_name(v->house->listeners.at[i].service),
                 v->house->listeners.at[i].address);
    (void)channel_try_send(v->channel, &admin_line_schema, 0,
                           &(struct admin_line){str_trim_end(buf_str(&b))}, NULL,
                           0); /* gone: nobody to tell */
}

static void do_ask(struct visitor *v, str words)
{
    str word, rest;
    (void)str_cut(words, '\0', &word, &rest); /* one word is enough here */
    if (str_eq(word, S("reload"))) {
        answer(v, house_reload(v->house));
    } else if (str_eq(word, S("status"))) {
        tell_status(v);
        answer(v, OK_ERR);
    } else if (str_eq(word, S("stop"))) {
        answer(v, OK_ERR);
        house_stop(v->house);
    } else {
        answer(v, err_new(ERR_SYNTAX, "init knows reload, status and stop"));
    }
}

static err pass_on(struct visitor *v, uint32_t service)
{
    if (service >= PROGRAM_COUNT || !v->house->doors[PROGRAM_CTL][service][0])
        return err_new(ERR_NOTFOUND, "that program takes no commands");
    struct door_knock who = {.program = PROGRAM_CTL, .uid = v->peer.uid, .pid = v->peer.pid};
    return door_pass(v->house->doors[PROGRAM_CTL][service][0], &who, channel_fd(v->channel));
}

static void let_in(struct visitor *v, const struct admin_mailbox *who)
{
    struct door_knock knock = {.program = PROGRAM_CTL, .uid = v->peer.uid, .pid = v->peer.pid};
    answer(v, keeper_visit(v->house, who, &knock, channel_fd(v->channel)));
}

static void on_visitor(void *ctx, int fd, unsigned events)
{
    struct visitor *v = ctx;
    (void)fd;
    (void)events;
    struct packet p;
    err e = channel_try_recv(v->channel, &p);
    if (e.kind == ERR_TEMP)
        return;
    struct admin_open open;
    struct admin_ask ask;
    struct admin_mailbox mailbox;
    if (failed(e)) {
        leave(v);
    } else if (!v->ours && !failed(ipc_decode(&admin_open_schema, p.bytes, &open))) {
        v->ours = open.service == PROGRAM_INIT;
        if (v->ours)
            return;
        e = pass_on(v, open.service);
        if (failed(e))
            answer(v, e);
        leave(v);
    } else if (!v->ours && !failed(ipc_decode(&admin_mailbox_schema, p.bytes, &mailbox))) {
        let_in(v, &mailbox);
        leave(v);
    } else if (v->ours && !failed(ipc_decode(&admin_ask_schema, p.bytes, &ask))) {
        do_ask(v, ask.words);
    } else {
        answer(v, err_new(ERR_SYNTAX, "not understood: is this command of another version?"));
        leave(v);
    }
}

static err accept_local(int listener, int *ret_fd, struct net_peer *ret_peer)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0)
        return err_sys("accept");
    err e = net_local_peer(fd, ret_peer);
    if (failed(e)) {
        fd_close(fd);
        return e;
    }
    *ret_fd = fd;
    return OK_ERR;
}

static void on_control(void *ctx, int listener, unsigned events)
{
    struct house *h = ctx;
    (void)events;
    int fd;
    struct net_peer peer;
    if (failed(accept_local(listener, &fd, &peer)))
        return;
    if (peer.uid != 0 && peer.uid != getuid()) {
        fd_close(fd);
        return;
    }
    struct visitor *v = mem_alloc("visitor", sizeof *v);
    *v = (struct visitor){.house = h, .channel = channel_new(fd), .peer = peer};
    v->watch = loop_add(h->loop, fd, LOOP_IN, on_visitor, v);
}

static void on_submit(void *ctx, int listener, unsigned events)
{
    struct house *h = ctx;
    (void)events;
    auto_fd int fd = -1;
    struct net_peer peer;
    err e = accept_local(listener, &fd, &peer);
    if (failed(e))
        return;
    struct door_knock who = {.program = PROGRAM_LOCAL, .uid = peer.uid, .pid = peer.pid};
    e = door_pass(h->doors[PROGRAM_LOCAL][PROGRAM_SCHED][0], &who, fd);
    if (failed(e))
        log_event(NULL, EV_PROGRAM_FAILED, F_STR("name", S("sched")), F_ERR(e));
}

err house_open_local(struct house *h)
{
    err e = net_local_listen(h->run, "control", 0600, &h->control_socket);
    if (!failed(e))
        e = net_local_listen(h->run, "submit", 0666, &h->submit_socket);
    if (failed(e))
        return e;
    (void)loop_add(h->loop, h->control_socket, LOOP_IN, on_control, h); /* for ever */
    (void)loop_add(h->loop, h->submit_socket, LOOP_IN, on_submit, h);
    return OK_ERR;
}
