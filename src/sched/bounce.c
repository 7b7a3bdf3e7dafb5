/* SPDX-License-Identifier: ISC */
/* How it works: qmail-send's injectbounce. The notice goes to the sender; that of a notice to
 * the administrator; that of the latter nowhere, with an alarm. It is appended before the END
 * of its message, in the same log, so no crash can lose it. */
#include "wire/dsn.h"

#include <stdlib.h>
#include <unistd.h>

#include "log/event.h"
#include "os/clock.h"
#include "os/fd.h"
#include "os/file.h"
#include "sched/sched.h"
#include "wire/date.h"

enum { BOUNCE_TEXT_MAX = 8 << 20, BODY_FILE_MAX = 1 << 30 };

/* The original, as one view: read from the log, or its file mapped. */
struct original {
    str bytes;
    char *copy;
    bool mapped;
};

static err original_open(struct sched *s, const struct queue_message *m, struct original *ret)
{
    *ret = (struct original){0};
    if (m->file) {
        auto_fd int fd = -1;
        err e = queue_body_open(s->queue, m, &fd);
        if (!failed(e))
            e = fd_map(fd, BODY_FILE_MAX, &ret->bytes);
        ret->mapped = !failed(e);
        return e;
    }
    ret->copy = mem_alloc("original", m->size + 1);
    ret->bytes = str_of(ret->copy, m->size);
    return queue_body_read(s->queue, m, 0, ret->copy, m->size);
}

static void original_close(struct original *o)
{
    if (o->mapped)
        fd_unmap(o->bytes);
    free(o->copy);
}

static bool list_has(str list, str word)
{
    str one;
    while (list.n) {
        (void)str_cut(list, ',', &one, &list);
        if (str_ieq(str_trim(one), word))
            return true;
    }
    return false;
}

/* RFC 3461 4.1: NOTIFY without FAILURE forbids the notice. */
static bool wants_notice(const struct queue_rcpt *r)
{
    return r->state == RCPT_FAILED && (r->notify.n == 0 || list_has(r->notify, S("FAILURE")));
}

/* What another host said, if that is in the report: RFC 3464 2.3.6. */
static str said_by_remote(str report)
{
    static const char mark[] = "Remote host said: ";
    ptrdiff_t at = str_find_str(report, str_from(mark));
    return at < 0 ? S("") : str_trim(str_from_at(report, (size_t)at + sizeof mark - 1));
}

static struct bounce_rcpt describe_rcpt(const struct queue_rcpt *r, struct arena *a, str report)
{
    struct bounce_rcpt b = {.address = r->shown.n ? r->shown : r->address,
                            .report = report,
                            .diagnostic = said_by_remote(report)};
    str type, address;
    if (r->orcpt.n && !failed(dsn_parse_orcpt(a, r->orcpt, &type, &address))) {
        b.orcpt_type = type;
        b.orcpt_address = address;
    }
    return b;
}

static uint32_t collect(const struct queue_message *m, struct arena *a, struct bounce_rcpt *rcpts)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < m->n_rcpts; i++) {
        const struct queue_rcpt *r = &m->rcpts[i];
        if (!wants_notice(r))
            continue;
        rcpts[n++] = describe_rcpt(r, a, r->text);
    }
    return n;
}

/* qmail: x-@h-@[] is VERP's sender of the whole; notices go to x-@h. */
static str plain_sender(str sender)
{
    return str_ends(sender, S("-@[]")) && sender.n > 4 ? str_slice(sender, 0, sender.n - 4)
                                                       : sender;
}

static err add_inline(struct sched *s, const struct queue_new *n, struct buf *head, str body,
                      struct buf *tail, struct queue_message **ret)
{
    auto_buf struct buf whole;
    buf_init(&whole, QUEUE_INLINE_MAX);
    buf_add(&whole, buf_str(head));
    buf_add(&whole, body);
    buf_add(&whole, buf_str(tail));
    struct queue_new full = *n;
    full.body = buf_str(&whole);
    full.size = full.body.n;
    return queue_add(s->queue, &full, ret);
}

static err add_file(struct sched *s, const struct queue_new *n, struct buf *head, str body,
                    struct buf *tail, struct queue_message **ret)
{
    auto_fd int fd = -1;
    struct queue_new full = *n;
    err e = queue_body_lend(s->queue, &full.file, &fd);
    if (failed(e))
        return e;
    e = file_write(fd, buf_str(head));
    if (!failed(e))
        e = file_write(fd, body);
    if (!failed(e))
        e = file_write(fd, buf_str(tail));
    if (!failed(e))
        e = file_sync(fd);
    full.size = head->n + body.n + tail->n;
    if (!failed(e))
        e = queue_add(s->queue, &full, ret);
    if (failed(e))
        queue_body_giveup(s->queue, full.file);
    return e;
}

static err add(struct sched *s, const struct queue_message *m, const struct bounce *b,
               struct queue_message **ret)
{
    auto_buf struct buf head, tail;
    buf_init(&head, BOUNCE_TEXT_MAX);
    buf_init(&tail, BOUNCE_TEXT_MAX);
    /* As qmail-queue marks what qmail-send hands in: a loop of notices must be seen. */
    buf_addf(&head, "Received: (qmail %d invoked for bounce); ", (int)getpid());
    date_write_qmail(&head, b->epoch);
    buf_addc(&head, '\n');
    bounce_write_head(&head, b);
    bounce_write_tail(&tail, b);
    str body = bounce_body(b);
    err e = buf_check(&head, "bounce");
    if (!failed(e))
        e = buf_check(&tail, "bounce");
    if (failed(e))
        return e;
    struct queue_rcpt rcpt = {.address = b->to};
    struct queue_new n = {.sender = b->kind == BOUNCE_DOUBLE ? S("#@[]") : S(""),
                          .flags = m->flags & (SUBMIT_8BITMIME | SUBMIT_SMTPUTF8),
                          .uid = (uint32_t)getuid(),
                          .pid = (uint32_t)getpid(),
                          .rcpts = &rcpt,
                          .n_rcpts = 1,
                          .body_fd = -1,
                          .reserve = true};
    return head.n + body.n + tail.n <= QUEUE_INLINE_MAX ? add_inline(s, &n, &head, body, &tail, ret)
                                                        : add_file(s, &n, &head, body, &tail, ret);
}

static void triple(struct sched *s, const struct queue_message *m)
{
    (void)s;
    log_event(NULL, EV_QUEUE_TRIPLE_BOUNCE, F_INT("id", m->id), F_STR("rcpt", m->rcpts[0].address),
              F_STR("text", m->rcpts[0].text));
}

static void describe(struct sched *s, const struct queue_message *m, struct arena *a,
                     struct bounce *b)
{
    bool to_admin = m->sender.n == 0;
    *b = (struct bounce){
        .kind = to_admin ? BOUNCE_DOUBLE : BOUNCE_FAILURE,
        .epoch = clock_seconds(),
        .from_user = s->site.bouncefrom,
        .from_host = s->site.bouncehost,
        .to = to_admin ? arena_printf(a, "%.*s@%.*s", STR_ARG(s->site.doublebounceto),
                                      STR_ARG(s->site.doublebouncehost))
                       : plain_sender(m->sender),
        .sender = plain_sender(m->sender),
        .envid = m->envid,
        .arrived = m->arrived,
    };
    if (s->site.dsnformat == DSNFORMAT_RFC3464)
        b->flags |= BOUNCE_REPORT;
    if (m->flags & SUBMIT_RET_HDRS)
        b->flags |= BOUNCE_HEADERS_ONLY;
    if (m->flags & SUBMIT_SMTPUTF8)
        b->flags |= BOUNCE_UTF8;
}

static err write_bounce(struct sched *s, const struct queue_message *m, struct arena *a,
                        struct bounce *b, struct queue_message **ret)
{
    struct original o;
    err e = original_open(s, m, &o);
    /* The notice goes even so. */
    b->original = failed(e) ? S("(The message could not be read any more.)\n") : o.bytes;
    auto_buf struct buf boundary;
    buf_init(&boundary, 256);
    bounce_boundary(&boundary, arena_printf(a, "%llu", (unsigned long long)m->id), b->original);
    b->boundary = buf_str(&boundary);
    b->message_id = b->flags & BOUNCE_REPORT
                        ? arena_printf(a, "<%llu.bounce@%.*s>", (unsigned long long)m->id,
                                       STR_ARG(s->site.bouncehost))
                        : S("");
    e = add(s, m, b, ret);
    original_close(&o);
    return e;
}

static void queued(struct sched *s, const struct queue_message *m, struct queue_message *bounce)
{
    bounce->users++;
    vec_push(&s->fresh, bounce);
    s->bounced++;
    log_event(NULL, EV_QUEUE_BOUNCE, F_INT("id", m->id), F_INT("bounce", bounce->id),
              F_INT("qp", getpid()), F_STR("rcpt", bounce->rcpts[0].address));
}

/* Nobody is told of the fate of a notice unless it fails. */
static bool has_a_sender(const struct queue_message *m)
{
    return m->sender.n && !str_eq(m->sender, S("#@[]"));
}

/* A notice other than a bounce. False: it could not be made; what it tells of stands. */
static bool notify(struct sched *s, const struct queue_message *m, struct arena *a,
                   enum bounce_kind kind, const struct bounce_rcpt *rcpts, size_t n)
{
    struct bounce b;
    describe(s, m, a, &b);
    b.kind = kind;
    b.flags |= BOUNCE_REPORT | BOUNCE_HEADERS_ONLY; /* RFC 3461 4.3: RET is for failures */
    b.rcpts = rcpts;
    b.rcpt_count = n;
    struct queue_message *notice;
    err e = write_bounce(s, m, a, &b, &notice);
    if (failed(e))
        log_event(NULL, EV_QUEUE_REFUSED, F_INT("id", m->id), F_STR("text", S("notice")), F_ERR(e));
    else
        queued(s, m, notice);
    return !failed(e);
}

void bounce_success(struct sched *s, const struct queue_message *m, uint32_t number, str text,
                    str action)
{
    const struct queue_rcpt *r = &m->rcpts[number];
    if (!list_has(r->notify, S("SUCCESS")) || !has_a_sender(m))
        return;
    auto_arena struct arena *a = arena_new("success notice", 1 << 20);
    struct bounce_rcpt rcpt = describe_rcpt(r, a, text);
    rcpt.status = S("2.0.0");
    rcpt.action = action;
    (void)notify(s, m, a, BOUNCE_SUCCESS, &rcpt, 1);
}

/* RFC 3461 4.1: without NOTIFY it is for us to choose; with it, DELAY must be named. */
static bool wants_late(const struct sched *s, const struct queue_rcpt *r)
{
    if (r->state != RCPT_WAITING || r->late_told || r->attempts == 0)
        return false;
    return r->notify.n ? list_has(r->notify, S("DELAY"))
                       : s->site.delaynoticeto == DELAYNOTICETO_ALL;
}

void bounce_late(struct sched *s, struct queue_message *m, uint32_t number)
{
    int64_t late = (int64_t)s->site.delaynotice;
    if (!late || queue_now(s->queue) - m->birth < late || !has_a_sender(m) ||
        (m->state != MESSAGE_OPEN && m->state != MESSAGE_HELD) || !wants_late(s, &m->rcpts[number]))
        return;
    if (s->late.n && s->late.at[s->late.n - 1] == m)
        return;
    m->users++;
    vec_push(&s->late, m);
    loop_defer(s->loop, bounce_tell_late, s);
}

static void tell_late(struct sched *s, struct queue_message *m)
{
    if (m->state != MESSAGE_OPEN && m->state != MESSAGE_HELD)
        return;
    auto_arena struct arena *a = arena_new("delay notice", 16 << 20);
    struct bounce_rcpt *rcpts = NEW_N(a, struct bounce_rcpt, m->n_rcpts);
    int64_t left = m->birth + (int64_t)s->site.queuelifetime - queue_now(s->queue);
    size_t n = 0;
    for (uint32_t i = 0; i < m->n_rcpts; i++) {
        if (!wants_late(s, &m->rcpts[i]))
            continue;
        rcpts[n] = describe_rcpt(&m->rcpts[i], a, m->rcpts[i].text);
        rcpts[n++].retry_until = left > 0 ? clock_seconds() + left : 0;
    }
    if (n == 0 || !notify(s, m, a, BOUNCE_DELAY, rcpts, n))
        return;
    for (uint32_t i = 0; i < m->n_rcpts; i++)
        if (wants_late(s, &m->rcpts[i]))
            queue_late_told(s->queue, m, i);
    loop_defer(s->loop, client_commit, s);
}

void bounce_tell_late(void *ctx)
{
    struct sched *s = ctx;
    for (size_t i = 0; i < s->late.n; i++) {
        if (!s->failed)
            tell_late(s, s->late.at[i]);
        queue_unref(s->queue, s->late.at[i]);
    }
    s->late.n = 0;
}

bool bounce_make(struct sched *s, struct queue_message *m)
{
    if (str_eq(m->sender, S("#@[]"))) {
        triple(s, m);
        return true;
    }
    auto_arena struct arena *a = arena_new("bounce", 16 << 20);
    struct bounce_rcpt *rcpts = NEW_N(a, struct bounce_rcpt, m->n_rcpts);
    struct bounce b;
    describe(s, m, a, &b);
    b.rcpts = rcpts;
    b.rcpt_count = collect(m, a, rcpts);
    if (b.rcpt_count == 0)
        return true; /* the sender asked for no notice; delivery.failed says what happened */
    struct queue_message *bounce;
    err e = write_bounce(s, m, a, &b, &bounce);
    if (failed(e)) {
        log_event(NULL, EV_QUEUE_REFUSED, F_INT("id", m->id), F_STR("text", S("bounce")), F_ERR(e));
        return false;
    }
    queued(s, m, bounce);
    return true;
}
