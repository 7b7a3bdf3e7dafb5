/* SPDX-License-Identifier: ISC */
#include "imapd/user.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#include "imapd/session.h"
#include "imapd/shared.h"
#include "os/fd.h"

/* Thousands of these wait at the same time: the heap gives back what it can, soon. */
static void keep_heap_small(void)
{
    (void)mallopt(M_MMAP_THRESHOLD, 64 * 1024); /* these only tune */
    (void)mallopt(M_TRIM_THRESHOLD, 64 * 1024);
    (void)mallopt(M_TOP_PAD, 0);
}

static void describe(struct session *s, const struct init_session *m)
{
    struct session_start start;
    s->log = log_new(NULL);
    err e = ipc_decode(&session_start_schema, m->start, &start);
    if (!failed(e)) {
        log_set(s->log, "sid", start.sid);
        log_set(s->log, "peer", start.peer_ip);
        s->tls = start.tls != 0;
    }
    log_set(s->log, "user", m->user);
    (void)snprintf(s->user, sizeof s->user, "%.*s", STR_ARG(m->user)); /* the schema limits it */
}

err user_run(struct boot *b, const struct imapd_facts *facts)
{
    struct init_session m;
    err e = ipc_decode(&init_session_schema, b->session.bytes, &m);
    if (failed(e))
        return e;
    if (b->session.n_fds != 3)
        return err_new(ERR_SYNTAX, "init sent too few descriptors");
    keep_heap_small();
    int data = fd_take(&b->session.fds[0]);
    struct channel *control = channel_new(fd_take(&b->session.fds[1]));
    struct session *s = session_new(io_new(data, data), control);
    s->store = store_new(fd_take(&b->session.fds[2]));
    s->phase = PHASE_AUTHENTICATED;
    s->idle_ms = facts->idle_ms;
    describe(s, &m);
    io_unread(s->io, m.input);
    say_bytes(s, m.answer);
    if (facts->sharedprefix[0] != '\0') {
        struct channel *init = channel_new(channel_release(b->init)); /* as below */
        s->shared = shared_new(init, str_from(facts->sharedprefix), str_from(s->user), s->store);
    } else {
        channel_free(b->init); /* with it goes the packet that m pointed into */
    }
    fd_close(b->site_fd);
    free(b);
    session_run(s);
    session_free(s);
    return OK_ERR;
}
