/* SPDX-License-Identifier: ISC */
#include "ctl/submit.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ipc/channel.h"
#include "ipc/submit.h"
#include "os/clock.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/net.h"
#include "wire/limits.h"
#include "wire/message.h"

enum { ANSWER_MS = 120000, MESSAGE_MAX = 1 << 30 };

void envelope_init(struct envelope *e, str sender)
{
    *e = (struct envelope){.sender = sender};
    buf_init(&e->recipients, SUBMIT_RECIPIENT_BYTES);
}

void envelope_done(struct envelope *e)
{
    buf_done(&e->recipients);
}

void envelope_add(struct envelope *e, str address)
{
    if (address.n > QMAIL_ENVELOPE_ADDRESS_MAX || str_find(address, '\0') >= 0)
        e->recipients.over = true;
    buf_add(&e->recipients, address);
    buf_add(&e->recipients, S("\0\0\0"));
    e->n++;
}

const char *queue_code_text(int code)
{
    switch (code) {
    case 11:
    case 115:
        return "Denvelope address too long for qq (#5.1.3)";
    case 31:
        return "Dmail server permanently rejected message (#5.3.0)";
    case 51:
        return "Zqq out of memory (#4.3.0)";
    case 52:
        return "Zqq timeout (#4.3.0)";
    case 53:
        return "Zqq write error or disk full (#4.3.0)";
    case 54:
        return "Zqq read error (#4.3.0)";
    case 55:
        return "Zqq unable to read configuration (#4.3.0)";
    case 56:
        return "Zqq trouble making network connection (#4.3.0)";
    case 61:
        return "Zqq trouble in home directory (#4.3.0)";
    case 62:
    case 63:
    case 64:
    case 65:
    case 66:
        return "Zqq trouble creating files in queue (#4.3.0)";
    case 71:
        return "Zmail server temporarily rejected message (#4.3.0)";
    case 72:
        return "Zconnection to mail server timed out (#4.4.1)";
    case 73:
        return "Zconnection to mail server rejected (#4.4.1)";
    case 74:
        return "Zcommunication with mail server failed (#4.4.2)";
    case 81:
    case 91:
        return "Zqq internal bug (#4.3.0)";
    case 120:
        return "Zunable to exec qq (#4.3.0)";
    default:
        return code >= 11 && code <= 40 ? "Dqq permanent problem (#5.3.0)"
                                        : "Zqq temporary problem (#4.3.0)";
    }
}

static void failed_with(struct submit_outcome *ret, int code)
{
    ret->code = code;
    (void)snprintf(ret->text, sizeof ret->text, "%s", queue_code_text(code)); /* they are short */
}

static err connect_queue(struct ctl *c, struct channel **ret)
{
    auto_fd int run = -1, fd = -1;
    err e = dir_open(c->root_dir, "run/twinpost", &run);
    if (!failed(e))
        e = net_local_connect(run, "submit", &fd);
    if (!failed(e))
        *ret = channel_new(fd_take(&fd));
    return e;
}

static err to_file(struct channel *ch, struct submit *m, str trace, str message)
{
    struct submit_file file;
    struct packet p;
    err e = channel_ask(ch, &submit_file_ask_schema, &(struct submit_file_ask){m->size}, NULL, 0,
                        &submit_file_schema, deadline_in_ms(ANSWER_MS), &file, &p);
    if (failed(e))
        return e;
    if (!file.file || p.n_fds != 1)
        return err_new(ERR_TEMP, "no room in the queue");
    auto_fd int fd = fd_take(&p.fds[0]);
    e = file_write(fd, trace);
    if (!failed(e))
        e = file_write(fd, message);
    if (!failed(e))
        e = file_sync(fd);
    m->file = file.file;
    return e;
}

static err send_all(struct channel *ch, const struct envelope *env, str trace, str message,
                    struct submit_done *ret)
{
    struct submit m = {.sender = env->sender,
                       .recipients = buf_str(&env->recipients),
                       .size = trace.n + message.n,
                       .uid = getuid(),
                       .pid = (uint32_t)getpid()};
    auto_buf struct buf body;
    buf_init(&body, SUBMIT_MEMORY_MAX);
    auto_fd int fd = -1;
    err e = OK_ERR;
    if (m.size > SUBMIT_MEMORY_MAX) {
        e = to_file(ch, &m, trace, message);
    } else {
        buf_add(&body, trace);
        buf_add(&body, message);
        if (m.size > IPC_INLINE_MAX)
            e = fd_sealed("message", buf_str(&body), &fd);
        else
            m.message = buf_str(&body);
    }
    if (failed(e))
        return e;
    return channel_ask(ch, &submit_schema, &m, &fd, fd >= 0, &submit_done_schema,
                       deadline_in_ms(ANSWER_MS), ret, NULL);
}

void queue_submit(struct ctl *c, const struct envelope *e, str message, struct submit_outcome *ret)
{
    *ret = (struct submit_outcome){0};
    if (e->recipients.over || e->sender.n > QMAIL_ENVELOPE_ADDRESS_MAX) {
        failed_with(ret, 11);
        return;
    }
    auto_buf struct buf trace;
    buf_init(&trace, 1024);
    char how[32];
    (void)snprintf(how, sizeof how, "by uid %u", (unsigned)getuid()); /* fits */
    received_write_queue(&trace, (uint64_t)getpid(), str_from(how), clock_seconds());
    struct channel *ch;
    err problem = connect_queue(c, &ch);
    if (failed(problem)) {
        failed_with(ret, 73);
        return;
    }
    struct submit_done done;
    problem = send_all(ch, e, buf_str(&trace), message, &done);
    if (failed(problem))
        failed_with(ret, problem.kind == ERR_TIMEOUT ? 72 : problem.kind == ERR_CLOSED ? 74 : 53);
    else if (!done.ok) {
        ret->code = done.permanent ? 31 : 71;
        (void)snprintf(ret->text, sizeof ret->text, "%c%.*s", done.permanent ? 'D' : 'Z',
                       STR_ARG(done.text)); /* cut is fine */
    } else {
        (void)snprintf(ret->id, sizeof ret->id, "%.*s", STR_ARG(done.id)); /* 20 digits at most */
    }
    channel_free(ch);
}
