/* SPDX-License-Identifier: ISC */
/* What the queue holds, as text: our own lists, and qmail-qread's and qmail-qstat's. */
#include <inttypes.h>

#include "control/rewrite.h"
#include "sched/sched.h"
#include "wire/date.h"

enum { LISTING_ARENA = 1 << 20 };

static void write_safe(struct buf *b, str s)
{
    for (size_t i = 0; i < s.n; i++)
        buf_addc(b, (unsigned char)s.p[i] < 32 || s.p[i] == 127 ? '?' : s.p[i]);
}

static void write_age(struct buf *b, int64_t seconds)
{
    if (seconds < 0)
        seconds = 0;
    if (seconds < 120)
        buf_addf(b, "%" PRId64 "s", seconds);
    else if (seconds < 7200)
        buf_addf(b, "%" PRId64 "m", seconds / 60);
    else if (seconds < 172800)
        buf_addf(b, "%" PRId64 "h", seconds / 3600);
    else
        buf_addf(b, "%" PRId64 "d", seconds / 86400);
}

static const char *state_of(const struct queue_message *m)
{
    return m->state == MESSAGE_HELD ? "held" : m->flying ? "active" : "waiting";
}

static bool is_visible(const struct queue_message *m)
{
    return m->state == MESSAGE_OPEN || m->state == MESSAGE_HELD;
}

void listing_list(struct sched *s, struct buf *b)
{
    for (const struct queue_message *m = queue_next(s->queue, NULL); m;
         m = queue_next(s->queue, m)) {
        if (!is_visible(m))
            continue;
        buf_addf(b, "%" PRIu64 " %s ", m->id, state_of(m));
        write_age(b, queue_now(s->queue) - m->birth);
        buf_addf(b, " %" PRIu64 " <", m->size);
        write_safe(b, m->sender);
        buf_addf(b, "> %" PRIu32 "/%" PRIu32, m->n_open, m->n_rcpts);
        for (uint32_t i = 0, shown = 0; i < m->n_rcpts && shown < 3; i++) {
            if (rcpt_is_done(m->rcpts[i].state))
                continue;
            buf_addc(b, ' ');
            write_safe(b, m->rcpts[i].address);
            shown++;
        }
        buf_addc(b, '\n');
    }
}

static void show_rcpt(struct sched *s, const struct queue_rcpt *r, struct buf *b)
{
    buf_add(b, S("  "));
    write_safe(b, r->address);
    buf_addf(b, ": %s, attempts %" PRIu32, rcpt_state_name(r->state), r->attempts);
    if (r->state == RCPT_WAITING) {
        int64_t wait = r->next - queue_now(s->queue);
        buf_add(b, S(", next in "));
        write_age(b, wait);
    }
    buf_addc(b, '\n');
    str text = r->text, line;
    while (str_line(&text, &line)) {
        buf_add(b, S("    "));
        write_safe(b, line);
        buf_addc(b, '\n');
    }
}

void listing_show(struct sched *s, const struct queue_message *m, struct buf *b)
{
    buf_addf(b, "message %" PRIu64 "\nstate %s\narrived ", m->id, state_of(m));
    date_write_qmail(b, m->arrived);
    buf_add(b, S("\nage "));
    write_age(b, queue_now(s->queue) - m->birth);
    buf_addf(b, "\nsize %" PRIu64 "\nsender <", m->size);
    write_safe(b, m->sender);
    buf_addf(b, ">\nuid %" PRIu32 " pid %" PRIu32 "\n", m->uid, m->pid);
    if (m->user.n) {
        buf_add(b, S("user "));
        write_safe(b, m->user);
        buf_addc(b, '\n');
    }
    buf_add(b, S("recipients\n"));
    for (uint32_t i = 0; i < m->n_rcpts; i++)
        show_rcpt(s, &m->rcpts[i], b);
}

/* "24 Nov 2026 15:10:56 GMT": date_write_qmail() but for the zone. */
static void write_gmt(struct buf *b, int64_t epoch)
{
    date_write_qmail(b, epoch);
    if (!b->over && b->n >= 5)
        b->n -= 5;
    buf_add(b, S("GMT"));
}

static void qread_rcpts(struct sched *s, const struct queue_message *m, bool local, struct buf *b)
{
    auto_arena struct arena *a = arena_new("qread", LISTING_ARENA);
    for (uint32_t i = 0; i < m->n_rcpts; i++) {
        struct rewritten w;
        arena_reset(a);
        rewrite_address(&s->site, m->rcpts[i].address, a, &w);
        if (w.local != local)
            continue;
        buf_add(b, rcpt_is_done(m->rcpts[i].state) ? S("  done\t") : S("\t"));
        buf_add(b, local ? S("local\t") : S("remote\t"));
        write_safe(b, w.address);
        buf_addc(b, '\n');
    }
}

void listing_qread(struct sched *s, struct buf *b)
{
    for (const struct queue_message *m = queue_next(s->queue, NULL); m;
         m = queue_next(s->queue, m)) {
        if (!is_visible(m))
            continue;
        bool bouncing = false;
        for (uint32_t i = 0; i < m->n_rcpts; i++)
            bouncing = bouncing || m->rcpts[i].state == RCPT_FAILED;
        write_gmt(b, m->arrived);
        buf_addf(b, "  #%" PRIu64 "  %" PRIu64 "  <", m->id, m->size);
        write_safe(b, m->sender);
        buf_add(b, bouncing ? S(">  bouncing\n") : S("> \n"));
        qread_rcpts(s, m, true, b);
        qread_rcpts(s, m, false, b);
    }
}

void listing_qstat(struct sched *s, struct buf *b)
{
    /* Nothing here ever waits to be preprocessed. */
    buf_addf(b, "messages in queue: %zu\nmessages in queue but not yet preprocessed: 0\n",
             queue_count(s->queue));
}

void listing_status(struct sched *s, struct buf *b)
{
    struct queue_figures f = queue_figures(s->queue);
    uint64_t held = 0, active = 0;
    for (const struct queue_message *m = queue_next(s->queue, NULL); m;
         m = queue_next(s->queue, m)) {
        held += m->state == MESSAGE_HELD;
        active += m->flying > 0;
    }
    const struct queue_message *oldest = queue_next(s->queue, NULL);
    buf_addf(b,
             "messages %" PRIu64 "\nactive %" PRIu64 "\nheld %" PRIu64 "\nwaiting %zu\n"
             "local %" PRIu32 "/%" PRIu32 "\nremote %" PRIu32 "/%" PRIu32 "\n"
             "in flight %" PRIu32 "\n"
             "workers %" PRIu32 "\nclients %" PRIu32 "\n",
             f.messages, active, held, s->heap.n, s->busy[0], sched_limit(s, CHANNEL_LOCAL),
             s->busy[1], sched_limit(s, CHANNEL_REMOTE), s->in_flight[0] + s->in_flight[1],
             s->n_workers, s->n_clients);
    buf_add(b, S("oldest "));
    write_age(b, oldest ? queue_now(s->queue) - oldest->birth : 0);
    buf_addf(b,
             "\naccepted %" PRIu64 "\ndelivered %" PRIu64 "\ndeferred %" PRIu64 "\nfailed %" PRIu64
             "\nbounced %" PRIu64 "\ncommits %" PRIu64 "\nrecords %" PRIu64 "\nsegments %" PRIu64
             " (%" PRIu64 " free)\nlive octets %" PRIu64 "\n",
             s->accepted, s->delivered, s->deferred, s->failed_count, s->bounced, f.commits,
             f.records, f.segments, f.segments_free, f.live_bytes);
}
