/* SPDX-License-Identifier: ISC */
#include "popd/user.h"

#include "ipc/session.h"
#include "os/clock.h"
#include "os/fd.h"
#include "popd/transaction.h"
#include "store/session.h"

static struct log *describe(const struct init_session *m)
{
    struct session_start start;
    struct log *log = log_new(NULL);
    err e = ipc_decode(&session_start_schema, m->start, &start);
    if (!failed(e)) {
        log_set(log, "sid", start.sid);
        log_set(log, "peer", start.peer_ip);
    }
    log_set(log, "user", m->user);
    return log;
}

static err serve(struct transaction *t, struct store *store)
{
    struct maildrop drop = {0};
    err e = maildrop_from_store(store, &drop);
    if (failed(e)) {
        log_event(t->log, EV_MAILBOX_PROBLEM, F_ERR(e));
        err said = pop_say(t->io, "-ERR [SYS/TEMP] your mailbox cannot be opened now");
        return failed(said) ? said : io_flush(t->io, deadline_in_ms(t->timeout_ms));
    }
    t->drop = &drop;
    e = pop_say(t->io, "+OK ");
    if (!failed(e))
        e = transaction_run(t);
    maildrop_done(&drop);
    return e;
}

err user_run(struct boot *b, int64_t timeout_ms)
{
    struct init_session m;
    err e = ipc_decode(&init_session_schema, b->session.bytes, &m);
    if (failed(e))
        return e;
    if (b->session.n_fds != 3)
        return err_new(ERR_SYNTAX, "init sent too few descriptors");
    int data = fd_take(&b->session.fds[0]);
    struct channel *control = channel_new(fd_take(&b->session.fds[1])); /* held: front watches it */
    struct store *store = store_new(fd_take(&b->session.fds[2]));
    struct transaction t = {
        .io = io_new(data, data), .log = describe(&m), .timeout_ms = timeout_ms};
    io_leash(t.io, channel_fd(control));
    io_unread(t.io, m.input);
    io_set_write_timeout(t.io, timeout_ms);
    e = serve(&t, store);
    io_free(t.io);
    channel_free(control);
    log_free(t.log);
    /* A client that goes away or falls silent ends its session, no more. */
    return e.kind == ERR_CLOSED || e.kind == ERR_TIMEOUT ? OK_ERR : e;
}
