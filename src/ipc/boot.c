/* SPDX-License-Identifier: ISC */
#include "ipc/boot.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "os/fault.h"
#include "os/fd.h"

static err take_fd(struct packet *p, int *ret_fd)
{
    if (p->n_fds < 1)
        return err_new(ERR_SYNTAX, "init sent no descriptor");
    fd_close(*ret_fd);
    *ret_fd = fd_take(&p->fds[0]);
    return OK_ERR;
}

static err take_site(struct boot *b, struct packet *p)
{
    struct init_site s;
    err e = ipc_decode(&init_site_schema, p->bytes, &s);
    if (failed(e))
        return e;
    b->generation = s.generation;
    b->real_users = s.real_users;
    return take_fd(p, &b->site_fd);
}

static err take_door(struct boot *b, struct packet *p)
{
    struct init_door d;
    err e = ipc_decode(&init_door_schema, p->bytes, &d);
    if (failed(e))
        return e;
    if (d.service >= PROGRAM_COUNT)
        return err_new(ERR_SYNTAX, "door to an unknown program");
    return take_fd(p, &b->doors[d.service]);
}

static err take_clients(struct boot *b, struct packet *p)
{
    struct init_clients c;
    err e = ipc_decode(&init_clients_schema, p->bytes, &c);
    if (failed(e))
        return e;
    if (c.program >= PROGRAM_COUNT)
        return err_new(ERR_SYNTAX, "door for an unknown program");
    int fd = -1;
    e = take_fd(p, &fd);
    if (failed(e))
        return e;
    channel_free(b->clients[c.program]);
    b->clients[c.program] = channel_new(fd);
    return OK_ERR;
}

static err take_events(struct boot *b, struct packet *p)
{
    struct init_clients c;
    err e = ipc_decode(&init_events_schema, p->bytes, &c);
    if (failed(e))
        return e;
    if (c.program >= PROGRAM_COUNT)
        return err_new(ERR_SYNTAX, "events of an unknown program");
    return take_fd(p, &b->events[c.program]);
}

static err take_listener(struct boot *b, struct packet *p)
{
    struct init_listen l;
    err e = ipc_decode(&init_listen_schema, p->bytes, &l);
    if (failed(e))
        return e;
    if (b->n_listeners == BOOT_LISTENERS)
        return err_new(ERR_LIMIT, "too many listeners");
    struct boot_listener *to = &b->listeners[b->n_listeners];
    *to = (struct boot_listener){.fd = -1, .service = (enum service)l.service};
    (void)snprintf(to->address, sizeof to->address, "%.*s",
                   STR_ARG(l.address)); /* the schema limits it */
    e = take_fd(p, &to->fd);
    if (failed(e))
        return e;
    b->n_listeners++;
    return OK_ERR;
}

static err take_dir(struct boot *b, struct packet *p)
{
    struct init_dir d;
    err e = ipc_decode(&init_dir_schema, p->bytes, &d);
    if (failed(e))
        return e;
    for (size_t i = 0; i < BOOT_DIRS; i++) {
        if (b->dirs[i].name[0])
            continue;
        (void)snprintf(b->dirs[i].name, sizeof b->dirs[i].name, "%.*s",
                       STR_ARG(d.name)); /* limited */
        b->dirs[i].fd = -1;
        return take_fd(p, &b->dirs[i].fd);
    }
    return err_new(ERR_LIMIT, "too many directories");
}

static err take_keeper(struct boot *b, struct packet *p)
{
    struct init_keeper k;
    err e = ipc_decode(&init_keeper_schema, p->bytes, &k);
    if (failed(e))
        return e;
    (void)snprintf(b->user, sizeof b->user, "%.*s", STR_ARG(k.user)); /* limited by the schema */
    (void)snprintf(b->home, sizeof b->home, "%.*s", STR_ARG(k.home));
    return p->n_fds ? take_fd(p, &b->peer) : OK_ERR;
}

err boot_message(struct boot *b, struct packet *p)
{
    switch (p->type) {
    case IPC_INIT_SITE:
        return take_site(b, p);
    case IPC_INIT_DOOR:
        return take_door(b, p);
    case IPC_INIT_CLIENTS:
        return take_clients(b, p);
    case IPC_INIT_LISTEN:
        return take_listener(b, p);
    case IPC_INIT_DIR:
        return take_dir(b, p);
    case IPC_INIT_EVENTS:
        return take_events(b, p);
    case IPC_INIT_KEEPER:
        return take_keeper(b, p);
    default:
        return err_new(ERR_SYNTAX, "init sent something unexpected");
    }
}

err boot_receive(struct boot *b)
{
    fault_arm();
    *b = (struct boot){.init = channel_new(INIT_FD), .site_fd = -1, .peer = -1};
    for (size_t i = 0; i < PROGRAM_COUNT; i++)
        b->doors[i] = b->events[i] = -1;
    for (;;) {
        struct packet p;
        err e = channel_recv(b->init, DEADLINE_NEVER, &p);
        if (failed(e))
            return e;
        if (p.type == IPC_INIT_GO)
            return OK_ERR;
        if (p.type == IPC_INIT_SESSION) {
            b->is_session = true;
            b->session = p;
            return OK_ERR;
        }
        e = boot_message(b, &p);
        if (failed(e))
            return e;
    }
}

err boot_ready(struct boot *b)
{
    return channel_send(b->init, &init_ready_schema, 0, &(struct init_nothing){0}, NULL, 0);
}

int boot_dir(const struct boot *b, const char *name)
{
    for (size_t i = 0; i < BOOT_DIRS; i++)
        if (strcmp(b->dirs[i].name, name) == 0)
            return b->dirs[i].fd;
    return -1;
}
