/* SPDX-License-Identifier: ISC */
/* What a script sends: redirects as .qmail's forwards, answers and notices as mail without a
 * sender, so that nothing can come of them but the user's own mail. */
#include <stdio.h>
#include <unistd.h>

#include "deliver/filter.h"
#include "log/event.h"
#include "os/clock.h"
#include "os/random.h"
#include "sieve/reply.h"
#include "sieve/values.h"
#include "wire/address.h"
#include "wire/header.h"
#include "wire/message.h"

enum { LETTER_MAX = 4 << 20, RECIPIENTS_BYTES = 8192 };

bool filter_is_own(const struct filtering *f, str address)
{
    return str_ieq(address, f->own[0]) || str_ieq(address, f->own[1]);
}

static void add_recipient(struct buf *b, str address)
{
    buf_add(b, address);
    buf_add(b, S("\0\0\0")); /* no NOTIFY, no ORCPT */
}

/* To oneself it is the message that is here already; it would come back and be refused as a loop.
 */
static bool keep_own(struct filtering *f)
{
    static const struct sieve_action keep = {.kind = SIEVE_KEEP};
    bool lost;
    struct target t = filter_target(f, &keep, &lost);
    f->job->plan.files++;
    return filter_store(f, &keep, &t);
}

bool filter_redirect(struct filtering *f, const struct sieve_action *a)
{
    struct job *j = f->job;
    auto_buf struct buf head, recipients;
    if (filter_is_own(f, a->target))
        return keep_own(f);
    buf_init(&head, LETTER_MAX);
    buf_init(&recipients, RECIPIENTS_BYTES);
    add_recipient(&recipients, a->target);
    add_trace(j, &head);
    str body = j->message;
    if (a->header.p) {
        buf_add(&head, a->header);
        body = str_from_at(j->message, header_split(j->message, 0).header.n);
    }
    struct letter l = {.sender = j->delivery.newsender,
                       .recipients = buf_str(&recipients),
                       .head = buf_str(&head),
                       .body = body,
                       .flags = j->in.flags & (SUBMIT_8BITMIME | SUBMIT_SMTPUTF8)};
    j->plan.forwards++;
    return letter_send(j, &l);
}

static struct sieve_letter letter_of(const struct filtering *f, str from, str to)
{
    struct job *j = f->job;
    auto_buf struct buf id;
    char tag[32];
    int64_t now = clock_seconds();
    buf_init(&id, 1000);
    (void)snprintf(tag, sizeof tag, "sieve.%016llx", (unsigned long long)random_u64()); /* fits */
    message_id_write(
        &id, &(struct message_id){now, (uint64_t)getpid(), str_from(tag), j->worker->site.idhost});
    return (struct sieve_letter){.from = from,
                                 .to = to,
                                 .message_id = arena_copy(j->arena, buf_str(&id)),
                                 .epoch = now,
                                 .zone_minutes = clock_zone_minutes(now)};
}

/* Trace lines on top, then the letter; from nobody. */
static bool send_letter(struct filtering *f, str recipients, str letter, bool must)
{
    struct job *j = f->job;
    auto_buf struct buf head;
    struct submit_done done;
    buf_init(&head, LETTER_MAX);
    char how[32];
    (void)snprintf(how, sizeof how, "by uid %u", (unsigned)getuid()); /* fits */
    received_write_queue(&head, (uint64_t)getpid(), str_from(how), clock_seconds());
    struct letter l = {.recipients = recipients, .head = buf_str(&head), .body = letter};
    err e = letter_submit(j, &l, &done);
    if (!failed(e) && done.ok)
        return true;
    if (!must)
        return false;
    bool permanent = !failed(e) && done.permanent;
    if (permanent) /* an address that nothing can be sent to: the message itself is here */
        return false;
    job_fail(j, WORK_TEMP, "Unable to send an automatic answer. (#4.3.0)");
    return false;
}

bool filter_vacation(struct filtering *f, const struct sieve_action *a)
{
    struct job *j = f->job;
    const struct sieve_vacation *v = &a->vacation;
    int64_t now = clock_seconds();
    str named = S("");
    enum sieve_silence s = sieve_vacation_silence(v, &f->message, f->own, 2, j->arena, &named);
    str key = arena_printf(j->arena, "%.*s %.*s", STR_ARG(f->message.from), STR_ARG(v->handle));
    if (s != SIEVE_MAY_ANSWER) {
        buf_addf(&j->report, "sieve: no vacation answer: %s\n", sieve_silence_text(s));
        return true;
    }
    if (v->seconds && memory_has(j->worker->home, S("vacation"), key, now))
        return true;
    auto_buf struct buf b, to, recipients;
    buf_init(&b, LETTER_MAX);
    buf_init(&to, 2000);
    buf_init(&recipients, RECIPIENTS_BYTES);
    address_write_str(&to, f->message.from);
    add_recipient(&recipients, f->message.from);
    struct sieve_letter l = letter_of(f, named, buf_str(&to));
    sieve_vacation_write(&b, v, &f->message, &l);
    if (b.over)
        return true;
    if (!send_letter(f, buf_str(&recipients), buf_str(&b), true))
        return j->outcome == WORK_OK;
    buf_addf(&j->report, "sieve: vacation answer\n");
    err e = memory_add(j->worker->home, S("vacation"), key, now, now + (int64_t)v->seconds, false);
    if (failed(e)) /* sent; without the note the next message is answered once more */
        log_event(NULL, EV_SIEVE_FAILED, F_STR("user", j->in.user), F_ERR(e));
    return true;
}

bool filter_notify(struct filtering *f, const struct sieve_action *a)
{
    struct job *j = f->job;
    str to, subject, body, one;
    auto_buf struct buf b, recipients;
    buf_init(&b, LETTER_MAX);
    buf_init(&recipients, RECIPIENTS_BYTES);
    if (sieve_is_automatic(header_split(j->message, 0).header) ||
        !mailto_parse(j->arena, a->target, &to, &subject, &body))
        return true; /* RFC 5436 2.7.1: no notice about a notice */
    for (str rest = to; rest.n;) {
        (void)str_cut(rest, ',', &one, &rest);
        add_recipient(&recipients, str_trim(one));
    }
    struct sieve_letter l = letter_of(f, f->own[0], to);
    sieve_notify_write(&b, a, &f->message, &l, subject);
    if (!b.over && !recipients.over)
        (void)send_letter(f, buf_str(&recipients), buf_str(&b), false); /* a notice, no more */
    return true;
}

void filter_notice(struct filtering *f, const struct sieve_problem *p)
{
    struct job *j = f->job;
    int64_t now = clock_seconds();
    if (memory_has(j->worker->home, S("notice"), S("script"), now))
        return;
    auto_buf struct buf b, en, ja, recipients;
    buf_init(&b, LETTER_MAX);
    buf_init(&en, 4000);
    buf_init(&ja, 4000);
    buf_init(&recipients, RECIPIENTS_BYTES);
    if (f->filter->unreadable) {
        buf_add(&en, S("The script ~/" FILTER_ACTIVE " cannot be read."));
        buf_add(&ja, S("スクリプト ~/" FILTER_ACTIVE " が読めません。"));
    } else {
        sieve_problem_write(&en, p, SIEVE_ENGLISH);
        sieve_problem_write(&ja, p, SIEVE_JAPANESE);
    }
    add_recipient(&recipients, f->own[0]);
    struct sieve_letter l =
        letter_of(f, arena_printf(j->arena, "MAILER-DAEMON@%.*s", STR_ARG(j->in.host)), f->own[0]);
    sieve_notice_write(&b, buf_str(&en), buf_str(&ja), &l);
    /* Noted first: a notice that fails must not come with every message. */
    err e = memory_add(j->worker->home, S("notice"), S("script"), now, now + FILTER_NOTICE_SECONDS,
                       false);
    if (!failed(e) && !b.over)
        (void)send_letter(f, buf_str(&recipients), buf_str(&b), false);
}
