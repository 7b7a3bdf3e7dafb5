/* SPDX-License-Identifier: ISC */
#include "queue/qmail_log.h"

#include <inttypes.h>

void qmail_log_safe(struct buf *b, str text)
{
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c == '\n')
            buf_addc(b, '/');
        else
            buf_addc(b, c < 33 || c > 126 || c == '%' ? '_' : (char)c);
    }
}

static void write_status(struct buf *b, const struct qmail_log_event *e)
{
    if (e->local_max == 0 && e->remote_max == 0 && e->kind != QMAIL_LOG_STATUS)
        return;
    buf_addf(b, "status: local %" PRIu64 "/%" PRIu64 " remote %" PRIu64 "/%" PRIu64 "%s\n",
             e->local, e->local_max, e->remote, e->remote_max, e->exiting ? " exitasap" : "");
}

static void write_started(struct buf *b, const struct qmail_log_event *e)
{
    buf_addf(b, "starting delivery %" PRIu64 ": msg %" PRIu64 " to %.*s ", e->delivery, e->id,
             STR_ARG(e->channel));
    qmail_log_safe(b, e->address);
    buf_addc(b, '\n');
}

static void write_done(struct buf *b, const struct qmail_log_event *e)
{
    if (!e->started)
        write_started(b, e);
    buf_addf(b, "delivery %" PRIu64 ": %.*s: ", e->delivery, STR_ARG(e->outcome));
    qmail_log_safe(b, e->text);
    /* A report is lines: its last one ends too. */
    if (e->text.n && e->text.p[e->text.n - 1] != '\n')
        buf_addc(b, '/');
    buf_addc(b, '\n');
    write_status(b, e);
    if (e->ended)
        buf_addf(b, "end msg %" PRIu64 "\n", e->id);
}

void qmail_log_write(struct buf *b, const struct qmail_log_event *e)
{
    switch (e->kind) {
    case QMAIL_LOG_NEW:
        buf_addf(b, "new msg %" PRIu64 "\n", e->id);
        buf_addf(b, "info msg %" PRIu64 ": bytes %" PRIu64 " from <", e->id, e->size);
        qmail_log_safe(b, e->sender);
        buf_addf(b, "> qp %" PRIu64 " uid %" PRIu64 "\n", e->qp, e->uid);
        break;
    case QMAIL_LOG_STARTED:
        write_started(b, e);
        write_status(b, e);
        break;
    case QMAIL_LOG_DONE:
        write_done(b, e);
        break;
    case QMAIL_LOG_BOUNCE:
        buf_addf(b, "bounce msg %" PRIu64 " qp %" PRIu64 "\n", e->id, e->qp);
        break;
    case QMAIL_LOG_TRIPLE:
        buf_addf(b, "triple bounce: discarding bounce/%" PRIu64 "\n", e->id);
        break;
    case QMAIL_LOG_END:
        buf_addf(b, "end msg %" PRIu64 "\n", e->id);
        break;
    case QMAIL_LOG_STATUS:
        write_status(b, e);
        break;
    case QMAIL_LOG_STOPPED:
        buf_add(b, S("status: exiting\n"));
        break;
    }
}

static const struct {
    str event;
    enum qmail_log_kind kind;
    str outcome;
} kinds[] = {
    {S("queue.new"), QMAIL_LOG_NEW, S("")},
    {S("queue.end"), QMAIL_LOG_END, S("")},
    {S("queue.bounce"), QMAIL_LOG_BOUNCE, S("")},
    {S("queue.triple_bounce"), QMAIL_LOG_TRIPLE, S("")},
    {S("queue.status"), QMAIL_LOG_STATUS, S("")},
    {S("queue.stopped"), QMAIL_LOG_STOPPED, S("")},
    {S("delivery.started"), QMAIL_LOG_STARTED, S("")},
    {S("delivery.done"), QMAIL_LOG_DONE, S("success")},
    {S("delivery.deferred"), QMAIL_LOG_DONE, S("deferral")},
    {S("delivery.failed"), QMAIL_LOG_DONE, S("failure")},
};

bool qmail_log_kind_of(str event, struct qmail_log_event *ret)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (!str_eq(event, kinds[i].event))
            continue;
        *ret = (struct qmail_log_event){.kind = kinds[i].kind, .outcome = kinds[i].outcome};
        return true;
    }
    return false;
}

static bool set_number(struct qmail_log_event *e, str key, uint64_t n)
{
    struct {
        str key;
        uint64_t *to;
    } const numbers[] = {
        {S("id"), &e->id},
        {S("size"), &e->size},
        {S("qp"), &e->qp},
        {S("uid"), &e->uid},
        {S("delivery"), &e->delivery},
        {S("bounce"), &e->bounce},
        {S("local"), &e->local},
        {S("local_max"), &e->local_max},
        {S("remote"), &e->remote},
        {S("remote_max"), &e->remote_max},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (str_eq(key, numbers[i].key)) {
            *numbers[i].to = n;
            return true;
        }
    }
    return false;
}

void qmail_log_field(struct qmail_log_event *e, str key, str text, int64_t number)
{
    uint64_t n = 0;
    /* Ids travel as text in some events: they may pass what a JSON reader keeps exactly. */
    if (!str_u64(text, &n))
        n = number > 0 ? (uint64_t)number : 0;
    if (set_number(e, key, n))
        return;
    if (str_eq(key, S("sender")))
        e->sender = text;
    else if (str_eq(key, S("channel")))
        e->channel = text;
    else if (str_eq(key, S("rcpt")))
        e->address = text;
    else if (str_eq(key, S("text")))
        e->text = text;
    else if (str_eq(key, S("started")))
        e->started = n != 0;
    else if (str_eq(key, S("ended")))
        e->ended = n != 0;
    else if (str_eq(key, S("exiting")))
        e->exiting = n != 0;
}
