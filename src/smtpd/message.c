/* SPDX-License-Identifier: ISC */
#include "smtpd/message.h"

#include <stdio.h>

#include "os/fd.h"
#include "os/file.h"
#include "wire/limits.h"
#include "wire/smtp.h"

enum { PIECE = 64 * 1024 }; /* fed at once; so much may lie over SUBMIT_MEMORY_MAX */

void message_begin(struct message *m, str trace, uint64_t limit, bool chunks)
{
    struct buf body = m->body; /* its memory serves the next message */
    *m = (struct message){.body = body, .fd = -1, .limit = limit, .data.chunk = chunks};
    if (m->body.max == 0)
        buf_init(&m->body, SUBMIT_MEMORY_MAX + 2 * PIECE);
    buf_reset(&m->body);
    buf_add(&m->body, trace);
    m->size = trace.n;
}

void message_done(struct message *m)
{
    if (m->body.max == 0)
        return; /* never begun */
    fd_close(m->fd);
    m->fd = -1;
    if (m->body.cap > PIECE)
        buf_done(&m->body); /* an idle session holds little */
    buf_reset(&m->body);
}

static void no_room(struct message *m, str why)
{
    m->refusal = MESSAGE_NO_ROOM;
    (void)snprintf(m->why, sizeof m->why, "%.*s", STR_ARG(why)); /* words may be cut */
}

/* Moves what is in memory to the file, which is asked for at the first time. */
static void spill(struct message *m, struct services *v)
{
    if (m->fd < 0) {
        struct submit_file file;
        err e = services_file(v, m->size, &file, &m->fd);
        if (failed(e) || file.file == 0) {
            no_room(m, failed(e) ? S("qq trouble creating files in queue (#4.3.0)") : file.text);
            return;
        }
        m->file = file.file;
    }
    err e = file_write(m->fd, buf_str(&m->body));
    if (failed(e))
        no_room(m, S("qq write error or disk full (#4.3.0)"));
    buf_reset(&m->body);
}

static void judge(struct message *m)
{
    if (m->refusal != MESSAGE_TAKEN)
        return;
    if (m->limit && m->received > m->limit)
        m->refusal = MESSAGE_TOO_LARGE;
    else if (m->arrival.hops >= QMAIL_HOPS_MAX)
        m->refusal = MESSAGE_LOOPS;
    else if (m->data.nul || m->data.longest > SMTP_TEXT_LINE_MAX)
        m->refusal = MESSAGE_NOT_TEXT;
}

static void account(struct message *m, size_t before)
{
    str fresh = str_from_at(buf_str(&m->body), before);
    m->size += fresh.n;
    m->received += fresh.n;
    arrival_feed(&m->arrival, fresh);
    judge(m);
}

err message_feed(struct message *m, struct services *v, str in, size_t *ret_used)
{
    size_t used = 0;
    while (used < in.n && !dotdata_ended(&m->data)) {
        size_t before = m->body.n, n = 0;
        err e = dotdata_feed(&m->data, str_slice(in, used, used + PIECE), &m->body, &n);
        if (failed(e))
            return e;
        used += n;
        account(m, before);
        if (m->refusal != MESSAGE_TAKEN)
            buf_reset(&m->body);
        else if (m->body.n > (m->fd < 0 ? SUBMIT_MEMORY_MAX : PIECE))
            spill(m, v);
    }
    *ret_used = used;
    return OK_ERR;
}

err message_finish_chunks(struct message *m)
{
    size_t before = m->body.n;
    err e = dotdata_finish_chunks(&m->data, &m->body);
    if (!failed(e))
        account(m, before);
    return e;
}

static err submit_file(struct message *m, struct services *v, struct submit *envelope,
                       struct submit_done *ret)
{
    if (m->body.n)
        spill(m, v);
    if (m->refusal == MESSAGE_TAKEN && failed(file_datasync(m->fd)))
        no_room(m, S("qq write error or disk full (#4.3.0)"));
    if (m->refusal != MESSAGE_TAKEN) {
        *ret = (struct submit_done){.text = str_from(m->why)};
        return OK_ERR;
    }
    envelope->file = m->file;
    return services_submit(v, envelope, -1, ret);
}

err message_submit(struct message *m, struct services *v, struct submit *envelope,
                   struct submit_done *ret)
{
    envelope->size = m->size;
    if (m->fd >= 0)
        return submit_file(m, v, envelope, ret);
    if (m->body.n <= IPC_INLINE_MAX) {
        envelope->message = buf_str(&m->body);
        return services_submit(v, envelope, -1, ret);
    }
    auto_fd int memory = -1;
    err e = fd_sealed("message", buf_str(&m->body), &memory);
    if (failed(e))
        return e;
    return services_submit(v, envelope, memory, ret);
}
