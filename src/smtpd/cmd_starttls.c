/* SPDX-License-Identifier: ISC */
#include "smtpd/session.h"

#include "os/clock.h"
#include "os/fd.h"

enum { HANDSHAKE_MS = 120000 };

static err wait_for_tls(struct smtpd_session *s, struct session_tls *ret, int *ret_fd)
{
    deadline by = deadline_in_ms(HANDSHAKE_MS);
    for (;;) {
        struct packet p;
        err e = channel_recv(s->control, by, &p);
        if (failed(e))
            return e;
        if (p.type == IPC_SESSION_DRAIN) {
            s->draining = true;
            continue;
        }
        e = ipc_decode(&session_tls_schema, p.bytes, ret);
        if (failed(e))
            return e;
        if (!ret->ok || p.n_fds != 1)
            return err_new(ERR_CLOSED, "no TLS");
        *ret_fd = fd_take(&p.fds[0]);
        return OK_ERR;
    }
}

/* RFC 3207 4.2: all that was learnt before TLS is forgotten, the name and the login too. */
static void begin_again(struct smtpd_session *s, const struct session_tls *t)
{
    session_forget_mail(s);
    s->phase = PHASE_START;
    s->esmtp = false;
    s->helo = s->user = S("");
    s->relay = s->has_relay_suffix;
    s->tls = (struct tls_facts){.on = true,
                                .version = arena_copy(s->arena, t->tls_version),
                                .cipher = arena_copy(s->arena, t->tls_cipher),
                                .sni = arena_copy(s->arena, t->tls_sni),
                                .endpoint = arena_copy(s->arena, t->tls_endpoint),
                                .exporter = arena_copy(s->arena, t->tls_exporter),
                                .unique = arena_copy(s->arena, t->tls_unique),
                                .client = arena_copy(s->arena, t->tls_client_cert)};
    s->errors = 0;
}

struct reply cmd_starttls(struct smtpd_session *s, str args)
{
    if (args.n)
        return (struct reply){501, "5.5.4", S("STARTTLS takes no argument (#5.5.4)"), false};
    if (s->tls.on)
        return (struct reply){503, "5.5.1", S("TLS is on already (#5.5.1)"), false};
    if (!s->control || !s->start->can_starttls)
        return (struct reply){502, "5.5.1", S("unimplemented (#5.5.1)"), false};
    if (io_peek(s->io).n) /* dropped below, and by front; RFC 3207 6 */
        session_abuse(s, S("commands sent together with STARTTLS"));
    struct session_starttls ask = {.answer = s->esmtp ? S("220 2.0.0 ready for TLS\r\n")
                                                      : S("220 ready for TLS\r\n")};
    err e = io_flush(s->io, session_deadline(s));
    if (!failed(e))
        e = channel_send(s->control, &session_starttls_schema, 0, &ask, NULL, 0);
    struct session_tls t;
    int fd = -1;
    if (!failed(e))
        e = wait_for_tls(s, &t, &fd);
    if (failed(e))
        return (struct reply){.close = true}; /* front tells of the failure */
    io_replace(s->io, fd, fd);
    begin_again(s, &t);
    return (struct reply){0};
}
