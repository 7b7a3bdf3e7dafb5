/* SPDX-License-Identifier: ISC */
/* How it works: begin() writes the Received line into the message, the client's octets follow
 * by DATA or BDAT, finish() judges the whole and hands it to the queue: one place, so that
 * both ways of sending give the same answers. */
#include "smtpd/session.h"

#include "os/clock.h"
#include "os/io.h"
#include "wire/message.h"

enum { READ_AT_ONCE = 64 * 1024 };

static void begin(struct smtpd_session *s, bool chunks)
{
    auto_buf struct buf trace;
    buf_init(&trace, 4096);
    str remote_host, remote_info = s->user, local_host = s->site->me;
    if (!session_variable(s, S("TCPREMOTEHOST"), &remote_host))
        remote_host = S("unknown");
    if (s->user.n == 0 && !session_variable(s, S("TCPREMOTEINFO"), &remote_info))
        remote_info = S("");
    if (!session_variable(s, S("TCPLOCALHOST"), &local_host))
        (void)session_variable(s, S("TCPLOCALIP"), &local_host); /* else our name stays */
    unsigned flags = (s->esmtp ? RECEIVED_ESMTP : 0u) | (s->tls.on ? RECEIVED_TLS : 0u) |
                     (s->user.n ? RECEIVED_AUTH : 0u) | (s->envelope.utf8 ? RECEIVED_UTF8 : 0u);
    struct received r = {.remote_host = remote_host,
                         .helo = s->helo,
                         .remote_info = remote_info,
                         .remote_ip = s->start->peer_ip,
                         .local_host = local_host,
                         .protocol = received_protocol(flags),
                         .epoch = clock_seconds()};
    if (s->tls.on)
        r.tls =
            arena_printf(s->scratch, "%.*s %.*s", STR_ARG(s->tls.version), STR_ARG(s->tls.cipher));
    received_write(&trace, &r);
    message_begin(&s->message, buf_str(&trace), s->databytes, chunks);
}

static struct reply refusal(const struct message *m)
{
    switch (m->refusal) {
    case MESSAGE_TOO_LARGE:
        return (struct reply){
            552, "5.3.4", S("sorry, that message size exceeds my databytes limit (#5.3.4)"), false};
    case MESSAGE_LOOPS:
        return (struct reply){554, "5.4.6", S("too many hops, this message is looping (#5.4.6)"),
                              false};
    case MESSAGE_NOT_TEXT:
        return (struct reply){
            554, "5.6.0", S("message has a NUL or a line longer than a mebibyte (#5.6.0)"), false};
    case MESSAGE_NO_ROOM:
        return (struct reply){452, "4.3.1", str_from(m->why), false};
    case MESSAGE_TAKEN:
        break;
    }
    return (struct reply){0};
}

static struct reply hand_over(struct smtpd_session *s)
{
    const struct envelope_parts *e = &s->envelope;
    struct submit m = {.sid = s->start->sid,
                       .sender = e->sender,
                       .recipients = buf_str(&e->recipients),
                       .flags = e->flags,
                       .envid = e->envid,
                       .user = s->user};
    struct submit_done done;
    err failure = message_submit(&s->message, &s->services, &m, &done);
    if (failed(failure))
        return session_unreachable(s, failure);
    if (!done.ok) {
        str code = bounce_status_in(done.text);
        return (struct reply){done.permanent ? 554 : 451,
                              code.n           ? arena_cstr(s->scratch, code)
                              : done.permanent ? "5.3.0"
                                               : "4.3.0",
                              arena_copy(s->scratch, done.text), false};
    }
    s->idle = 0;
    log_event(s->log, EV_SMTP_ACCEPTED, F_STR("id", done.id), F_STR("sender", e->sender),
              F_INT("recipients", e->n), F_INT("size", s->message.size),
              F_STR("message_id", arrival_message_id(&s->message.arrival)), F_STR("helo", s->helo));
    return (struct reply){
        250, "2.0.0",
        arena_printf(s->scratch, "ok %lld qp %.*s", (long long)clock_seconds(), STR_ARG(done.id)),
        false};
}

static struct reply finish(struct smtpd_session *s)
{
    struct reply r = refusal(&s->message);
    if (r.code == 0)
        r = hand_over(s);
    r.text = arena_copy(s->scratch, r.text);
    session_forget_mail(s);
    return r;
}

/* What follows can be anything, another command smuggled in: say why, and close. */
static struct reply bare_line_end(struct smtpd_session *s)
{
    session_abuse(s, S("bare CR or LF in a message"));
    return (struct reply){451, "4.5.2", S("See https://cr.yp.to/docs/smtplf.html."), true};
}

static struct reply lost(err e)
{
    if (e.kind == ERR_TIMEOUT)
        return (struct reply){451, "4.4.2", S("timeout (#4.4.2)"), true};
    return (struct reply){.close = true}; /* nobody is there to be told */
}

struct reply cmd_data(struct smtpd_session *s, str args)
{
    if (args.n)
        return (struct reply){501, "5.5.4", S("DATA takes no argument (#5.5.4)"), false};
    begin(s, false);
    err e = session_say_now(s, &(struct reply){354, NULL, S("go ahead"), false});
    while (!failed(e) && !dotdata_ended(&s->message.data)) {
        str bytes;
        e = io_read_some(s->io, READ_AT_ONCE, session_deadline(s), &bytes);
        if (failed(e))
            break;
        size_t used = 0;
        if (failed(message_feed(&s->message, &s->services, bytes, &used)))
            return bare_line_end(s);
        io_unread(s->io, str_from_at(bytes, used));
    }
    return failed(e) ? lost(e) : finish(s);
}

/* RFC 3030 2: the octets follow at once, so they must be read whatever the answer will be. */
static err read_chunk(struct smtpd_session *s, uint64_t n, bool keep, bool *ret_bare)
{
    while (n > 0) {
        str bytes;
        err e = io_read_some(s->io, n < READ_AT_ONCE ? (size_t)n : READ_AT_ONCE,
                             session_deadline(s), &bytes);
        if (failed(e))
            return e;
        n -= bytes.n;
        size_t used;
        if (keep && failed(message_feed(&s->message, &s->services, bytes, &used))) {
            *ret_bare = true;
            keep = false;
        }
    }
    return OK_ERR;
}

struct reply cmd_bdat_out_of_turn(struct smtpd_session *s, str args, struct reply why)
{
    struct smtp_bdat b;
    bool bare = false;
    if (failed(smtp_parse_bdat(args, &b))) /* where the next command begins cannot be known */
        return (struct reply){501, "5.5.4", S("BDAT takes a size and LAST (#5.5.4)"), true};
    err e = read_chunk(s, b.size, false, &bare);
    return failed(e) ? lost(e) : why;
}

struct reply cmd_bdat(struct smtpd_session *s, str args)
{
    struct smtp_bdat b;
    bool bare = false;
    if (failed(smtp_parse_bdat(args, &b)))
        return (struct reply){501, "5.5.4", S("BDAT takes a size and LAST (#5.5.4)"), true};
    if (s->phase != PHASE_BDAT)
        begin(s, true);
    s->phase = PHASE_BDAT;
    err e = read_chunk(s, b.size, true, &bare);
    if (failed(e))
        return lost(e);
    if (bare || (b.last && failed(message_finish_chunks(&s->message))))
        return bare_line_end(s);
    if (b.last)
        return finish(s);
    return (struct reply){
        250, "2.0.0", arena_printf(s->scratch, "%llu octets", (unsigned long long)b.size), false};
}
