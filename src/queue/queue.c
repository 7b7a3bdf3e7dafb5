/* SPDX-License-Identifier: ISC */
#include "queue/queue.h"

#include <stdlib.h>

#include "os/clock.h"
#include "os/file.h"
#include "queue/private.h"

static err open_dirs(struct queue *q)
{
    err e = dir_make(q->dir, "bodies", 0700);
    if (!failed(e))
        e = dir_make(q->dir, "damaged", 0700);
    if (!failed(e))
        e = dir_open(q->dir, "bodies", &q->bodies);
    if (!failed(e))
        e = file_open(q->dir, "lock", O_RDWR | O_CREAT | O_NOFOLLOW, 0600, &q->lock);
    if (!failed(e))
        e = file_lock(q->lock, true, deadline_in_ms(0));
    return e;
}

static void set_clock(struct queue *q)
{
    int64_t wall = clock_seconds();
    const struct journal_times *then = &q->journal.now;
    q->clock_base = clock_ms();
    q->queue_base = then->queue_time ? schedule_resume(then->queue_time, then->wall, wall) : wall;
    q->journal.now = (struct journal_times){q->queue_base, wall};
}

static err prepare_segments(struct queue *q, uint32_t first)
{
    struct journal *l = &q->journal;
    err made = OK_ERR;
    while (!failed(made) && l->n_used + l->n_free < first)
        made = journal_make(l);
    /* On a full disk what is there must do: the queue has to open, or nothing leaves it either.
     * journal_roll() fails when there is really none. */
    /* The end that the next head tells is that of the last segment read. */
    l->active =
        list_empty(&l->used) ? NULL : container_of(l->used.prev, struct journal_segment, link);
    journal_retire_front(l);
    err e = journal_roll(l);
    return failed(e) && failed(made) ? made : e; /* the first one tells the cause */
}

static err start(struct queue *q, uint32_t first)
{
    err e = open_dirs(q);
    if (!failed(e))
        e = journal_open(&q->journal);
    if (!failed(e))
        e = replay(q);
    if (failed(e))
        return e;
    set_clock(q);
    e = body_clean(q);
    if (!failed(e))
        e = prepare_segments(q, first);
    return e;
}

err queue_open(const struct queue_options *o, struct queue **ret_queue)
{
    struct queue *q = mem_alloc("queue", sizeof *q);
    q->dir = o->dir;
    q->bodies = q->lock = -1;
    q->disk = o->disk ? o->disk : &disk_real;
    q->on_damage = o->on_damage;
    q->ctx = o->ctx;
    list_init(&q->all);
    list_init(&q->journal.used);
    list_init(&q->journal.free);
    q->journal.dir = o->dir;
    q->journal.disk = q->disk;
    q->journal.making = -1;
    q->journal.segment_bytes = o->segment_bytes ? o->segment_bytes : QUEUE_SEGMENT_BYTES;
    err e = start(q, o->segments_first ? o->segments_first : QUEUE_SEGMENTS_FIRST);
    if (failed(e)) {
        queue_close(q);
        return e;
    }
    *ret_queue = q;
    return OK_ERR;
}

void queue_close(struct queue *q)
{
    if (!q)
        return;
    list_each_safe (it, &q->all) {
        struct queue_message *m = container_of(it, struct queue_message, in_queue);
        message_free(m);
    }
    free(q->buckets);
    vec_done(&q->fresh);
    vec_done(&q->placed);
    vec_done(&q->closing);
    vec_done(&q->lent);
    journal_close(&q->journal);
    fd_close(q->bodies);
    fd_close(q->lock);
    free(q);
}

int64_t queue_now(const struct queue *q)
{
    return q->queue_base + (clock_ms() - q->clock_base) / 1000;
}

/* Copies a piece of the oldest segment's living messages to the end. */
static bool copy_forward(struct queue *q)
{
    enum { PIECE = 512 << 10 };
    struct journal *l = &q->journal;
    struct journal_segment *s = container_of(l->used.next, struct journal_segment, link);
    size_t copied = 0;
    while (s != l->active && copied < PIECE && !list_empty(&s->messages)) {
        struct queue_message *m = container_of(s->messages.next, struct queue_message, in_segment);
        if (m->state == MESSAGE_CLOSING)
            return true; /* leaves with the next commit */
        copied += m->record_bytes;
        err e = append_copy(q, m);
        if (failed(e))
            return false; /* it stays where it is, the log grows instead */
    }
    return true;
}

bool queue_tidy(struct queue *q)
{
    struct journal *l = &q->journal;
    if (l->batch.n == 0)
        journal_retire_front(l);
    if (q->broken || l->n_free >= JOURNAL_FREE_WANTED)
        return false;
    uint64_t capacity = 0;
    list_each (it, &l->used)
        capacity += container_of(it, struct journal_segment, link)->bytes;
    bool sparse = l->n_used > 1 && journal_live_bytes(l) * 2 < capacity;
    if (l->making < 0 && sparse)
        return copy_forward(q);
    bool more = false;
    err e = journal_make_step(l, &more);
    if (!failed(e))
        return more || l->n_free < JOURNAL_FREE_WANTED;
    /* The disk is full: what can be had without it. */
    return l->n_used > 1 && copy_forward(q) && l->n_free == 0;
}

struct queue_figures queue_figures(const struct queue *q)
{
    const struct journal *l = &q->journal;
    return (struct queue_figures){
        .messages = q->count,
        .commits = l->commits,
        .records = l->records,
        .bytes = l->written,
        .segments = l->n_used + l->n_free,
        .segments_free = l->n_free,
        .live_bytes = journal_live_bytes(l),
    };
}
