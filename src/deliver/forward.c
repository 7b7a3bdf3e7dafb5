/* SPDX-License-Identifier: ISC */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "deliver/deliver.h"
#include "ipc/door.h"
#include "ipc/submit.h"
#include "os/clock.h"
#include "os/fd.h"
#include "os/file.h"
#include "wire/message.h"

enum { QUEUE_ANSWER_MS = 120000 };

static void add_recipients(const struct job *j, struct buf *b)
{
    for (size_t i = 0; i < j->plan.n; i++) {
        if (j->plan.at[i].kind != DO_FORWARD)
            continue;
        str to = j->plan.at[i].text;
        (void)str_skip(&to, S("&"));
        buf_add(b, to);
        buf_add(b, S("\0\0\0")); /* no NOTIFY, no ORCPT: a forward begins anew (RFC 3461 5.2.7) */
    }
}

/* What qmail-queue puts on top of everything, then our Delivered-To line: hops are counted. */
void add_trace(const struct job *j, struct buf *b)
{
    char how[32];
    (void)snprintf(how, sizeof how, "by uid %u", (unsigned)getuid()); /* fits */
    bool alias = str_eq(j->in.user, S("alias"));
    received_write_queue(b, (uint64_t)getpid(), alias ? S("by alias") : str_from(how),
                         clock_seconds());
    buf_add(b, j->dot);
}

/* A body too large for memory goes into a file that sched opens. */
static err fill_file(struct job *j, struct submit *m, const struct letter *l)
{
    struct submit_file file;
    struct packet p;
    err e =
        channel_ask(j->worker->submit, &submit_file_ask_schema, &(struct submit_file_ask){m->size},
                    NULL, 0, &submit_file_schema, deadline_in_ms(QUEUE_ANSWER_MS), &file, &p);
    if (failed(e))
        return e;
    if (!file.file || p.n_fds != 1)
        return err_new(ERR_TEMP, "no room in the queue");
    auto_fd int fd = fd_take(&p.fds[0]);
    e = file_write(fd, l->head);
    if (!failed(e))
        e = file_write(fd, l->body);
    if (!failed(e))
        e = file_sync(fd);
    m->file = file.file;
    return e;
}

static err attach(struct job *j, struct submit *m, const struct letter *l, struct buf *body,
                  int *ret_fd)
{
    m->size = l->head.n + l->body.n;
    if (m->size > SUBMIT_MEMORY_MAX)
        return fill_file(j, m, l);
    buf_add(body, l->head);
    buf_add(body, l->body);
    if (m->size > IPC_INLINE_MAX)
        return fd_sealed("forward", buf_str(body), ret_fd);
    m->message = buf_str(body);
    return OK_ERR;
}

err letter_submit(struct job *j, const struct letter *l, struct submit_done *ret)
{
    auto_buf struct buf body;
    buf_init(&body, SUBMIT_MEMORY_MAX);
    struct submit m = {.sender = l->sender, .recipients = l->recipients, .flags = l->flags};
    err e = OK_ERR;
    if (!j->worker->submit)
        e = door_open(j->worker->boot->doors[PROGRAM_SCHED], &j->worker->submit);
    auto_fd int fd = -1;
    if (!failed(e))
        e = attach(j, &m, l, &body, &fd);
    if (!failed(e))
        e = channel_ask(j->worker->submit, &submit_schema, &m, &fd, fd >= 0, &submit_done_schema,
                        deadline_in_ms(QUEUE_ANSWER_MS), ret, NULL);
    if (failed(e))
        channel_free(MOVE(j->worker->submit)); /* out of step: the next one begins anew */
    return e;
}

bool letter_send(struct job *j, const struct letter *l)
{
    struct submit_done done;
    err e = letter_submit(j, l, &done);
    if (failed(e)) {
        str text = arena_printf(j->arena, "Unable to forward message: %s (#4.3.0).", err_text(e));
        job_fail(j, WORK_TEMP, text.p);
        return false;
    }
    if (!done.ok) {
        str text = arena_printf(j->arena, "Unable to forward message: %.*s.", STR_ARG(done.text));
        job_fail(j, done.permanent ? WORK_PERM : WORK_TEMP, text.p);
        return false;
    }
    (void)snprintf(j->forwarded_as, sizeof j->forwarded_as, "%.*s",
                   STR_ARG(done.id)); /* 20 digits at most */
    return true;
}

bool deliver_forwards(struct job *j)
{
    auto_buf struct buf recipients, trace;
    buf_init(&recipients, SUBMIT_RECIPIENT_BYTES);
    buf_init(&trace, SUBMIT_MEMORY_MAX);
    add_recipients(j, &recipients);
    add_trace(j, &trace);
    err e = buf_check(&recipients, "too many forward addresses");
    if (failed(e)) {
        str text = arena_printf(j->arena, "Unable to forward message: %s (#4.3.0).", err_text(e));
        job_fail(j, WORK_TEMP, text.p);
        return false;
    }
    struct letter l = {.sender = j->delivery.newsender,
                       .recipients = buf_str(&recipients),
                       .head = buf_str(&trace),
                       .body = j->message,
                       .flags = j->in.flags & (SUBMIT_8BITMIME | SUBMIT_SMTPUTF8)};
    return letter_send(j, &l);
}
