/* SPDX-License-Identifier: ISC */
/* How it works: every change appends a record to the batch; append_room() flushes or rolls
 * when one does not fit; append_flush() makes the batch durable and then applies what waited
 * for that: written messages open, ended ones leave. */
#include "queue/private.h"

#include <assert.h>
#include <errno.h>
#include <unistd.h>

#include "os/clock.h"
#include "os/file.h"

static void batch_is_durable(struct queue *q)
{
    for (size_t i = 0; i < q->fresh.n; i++)
        message_enter(&q->fresh.at[i]->state, MESSAGE_SYNCED);
    for (size_t i = 0; i < q->closing.n; i++) {
        struct queue_message *m = q->closing.at[i];
        message_enter(&m->state, MESSAGE_SYNCED);
        table_take(q, m);
        if (m->file)
            body_remove(q, m->file);
        if (m->users == 0)
            message_free(m);
    }
    q->fresh.n = q->placed.n = q->closing.n = 0;
    journal_retire_front(&q->journal);
}

/* The disk refused the batch: once more, in another segment. What the first attempt left on
 * the disk does no harm, every record can be read twice. */
static err flush_elsewhere(struct queue *q)
{
    struct journal *l = &q->journal;
    struct journal_segment *failed_one = l->active;
    uint64_t from = failed_one->end;
    struct buf batch = l->batch;
    buf_init(&l->batch, JOURNAL_BATCH_MAX);
    err e = journal_roll(l);
    l->batch = batch; /* the empty one held no memory */
    if (failed(e))
        return e;
    for (size_t i = 0; i < q->placed.n; i++) {
        struct queue_message *m = q->placed.at[i];
        table_place(m, l->active, m->body_at - from + l->active->end, m->record_bytes);
    }
    return journal_flush(l);
}

err append_flush(struct queue *q)
{
    if (q->broken)
        return err_new(ERR_SYS, "the queue's disk failed");
    if (q->journal.batch.n == 0)
        return OK_ERR;
    q->journal.now = (struct journal_times){queue_now(q), clock_seconds()};
    err e = OK_ERR;
    if (q->bodies_dirty)
        e = q->disk->dir_sync(q->disk->ctx, q->bodies);
    if (!failed(e)) {
        q->bodies_dirty = false;
        e = journal_flush(&q->journal);
        if (failed(e))
            e = flush_elsewhere(q);
    }
    if (failed(e)) {
        q->broken = true;
        return e;
    }
    batch_is_durable(q);
    return OK_ERR;
}

err append_room(struct queue *q, size_t n)
{
    if (journal_fits(&q->journal, n))
        return OK_ERR;
    err e = append_flush(q);
    if (failed(e))
        return e;
    if (journal_fits(&q->journal, n))
        return OK_ERR;
    e = journal_roll(&q->journal);
    if (failed(e) && e.kind != ERR_TEMP)
        e = journal_roll(&q->journal); /* that segment's disk place is bad: the next one */
    if (failed(e))
        return e;
    return journal_fits(&q->journal, n) ? OK_ERR
                                        : err_new(ERR_LIMIT, "record is larger than a segment");
}

/* For changes that cannot be refused: without room the queue is broken and the process ends;
 * the reserve (queue_has_room) makes that a matter of a failing disk only. */
static bool append_must(struct queue *q, size_t n)
{
    err e = append_room(q, n);
    if (failed(e))
        q->broken = true;
    return !failed(e);
}

static size_t message_bytes(const struct record_message *h, const struct queue_rcpt *rcpts)
{
    enum { FIXED = 80, RCPT_FIXED = 40 };
    size_t n = RECORD_HEADER + FIXED + RECORD_ALIGN + h->sender.n + h->envid.n + h->user.n +
               h->sid.n + (h->file ? 0 : h->size);
    for (uint32_t i = 0; i < h->n_rcpts; i++)
        n += RCPT_FIXED + rcpts[i].address.n + rcpts[i].notify.n + rcpts[i].orcpt.n +
             rcpts[i].text.n + rcpts[i].shown.n;
    return n;
}

bool queue_has_room(const struct queue *q, size_t bytes)
{
    /* Behind new mail a whole segment stays free for results, ENDs, bounces and copies. */
    return q->journal.n_free > 1 || (q->journal.n_free == 1 && journal_fits(&q->journal, bytes));
}

static err read_exact(int fd, char *p, size_t n, uint64_t at)
{
    while (n) {
        ssize_t got = pread(fd, p, n, (off_t)at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_sys("read message body");
        if (got == 0)
            return err_new(ERR_SYNTAX, "message body is shorter than stated");
        p += got;
        at += (uint64_t)got;
        n -= (size_t)got;
    }
    return OK_ERR;
}

static size_t put_envelope(struct queue *q, const struct record_message *h,
                           const struct queue_rcpt *rcpts)
{
    size_t begin = record_begin(&q->journal.batch);
    record_put_message(&q->journal.batch, h);
    for (uint32_t i = 0; i < h->n_rcpts; i++)
        record_put_rcpt(&q->journal.batch, &rcpts[i]);
    return begin;
}

static err put_body(struct queue *q, const struct queue_new *n)
{
    struct buf *b = &q->journal.batch;
    if (n->file)
        return OK_ERR;
    if (n->body_fd < 0) {
        buf_add(b, n->body);
        return OK_ERR;
    }
    char *p = buf_room(b, n->size);
    if (!p)
        return OK_ERR; /* over: checked by the caller */
    err e = read_exact(n->body_fd, p, n->size, 0);
    if (!failed(e))
        buf_added(b, n->size);
    return e;
}

static err check_new(struct queue *q, const struct queue_new *n)
{
    if (n->n_rcpts == 0 || (n->body_fd < 0 && !n->file && n->size != n->body.n))
        return err_new(ERR_SYNTAX, "malformed submission");
    if (!n->file && n->size > QUEUE_INLINE_MAX)
        return err_new(ERR_LIMIT, "message body is too large for the log");
    if (n->file && !body_is_lent(q, n->file))
        return err_new(ERR_SYNTAX, "no such body file");
    return OK_ERR;
}

static struct record_message head_of_new(struct queue *q, const struct queue_new *n)
{
    uint64_t now = (uint64_t)clock_micros();
    return (struct record_message){
        .id = now > q->last_id ? now : q->last_id + 1,
        .arrived = (int64_t)(now / 1000000),
        .birth = queue_now(q),
        .size = n->size,
        .file = n->file,
        .flags = n->flags,
        .uid = n->uid,
        .pid = n->pid,
        .n_rcpts = n->n_rcpts,
        .sender = n->sender,
        .envid = n->envid,
        .user = n->user,
        .sid = n->sid,
    };
}

err queue_add(struct queue *q, const struct queue_new *n, struct queue_message **ret_message)
{
    err e = check_new(q, n);
    if (failed(e))
        return e;
    struct record_message h = head_of_new(q, n);
    size_t bytes = message_bytes(&h, n->rcpts);
    if (bytes > RECORD_PAYLOAD_MAX)
        return err_new(ERR_LIMIT, "envelope is too large");
    if (!n->reserve && !queue_has_room(q, bytes)) {
        e = journal_make(&q->journal);
        if (failed(e) || !queue_has_room(q, bytes))
            return err_new(ERR_TEMP, "no room in the queue");
    }
    e = append_room(q, bytes);
    if (failed(e))
        return e;
    struct buf *b = &q->journal.batch;
    size_t begin = put_envelope(q, &h, n->rcpts);
    uint32_t at = q->journal.active->end;
    uint64_t body_at = at + b->n;
    e = put_body(q, n);
    if (failed(e)) {
        b->n = begin;
        return e;
    }
    record_end(b, begin, RECORD_MESSAGE);
    assert(!b->over && b->n - begin <= bytes);
    struct queue_message *m = message_new(&h, n->rcpts);
    m->state = MESSAGE_NONE;
    message_enter(&m->state, MESSAGE_ADD);
    table_put(q, m);
    table_place(m, q->journal.active, body_at, (uint32_t)(b->n - begin));
    vec_push(&q->fresh, m);
    vec_push(&q->placed, m);
    q->last_id = q->journal.id_floor = m->id;
    if (m->file) {
        body_bind(q, m->file);
        q->bodies_dirty = true;
    }
    *ret_message = m;
    return OK_ERR;
}

err append_copy(struct queue *q, struct queue_message *m)
{
    struct record_message h = {
        .id = m->id,
        .arrived = m->arrived,
        .birth = m->birth,
        .size = m->size,
        .file = m->file,
        .flags = m->flags,
        .uid = m->uid,
        .pid = m->pid,
        .n_rcpts = m->n_rcpts,
        .held = m->state == MESSAGE_HELD,
        .sender = m->sender,
        .envid = m->envid,
        .user = m->user,
        .sid = m->sid,
    };
    size_t bytes = message_bytes(&h, m->rcpts);
    err e = append_room(q, bytes);
    if (failed(e) || m->state == MESSAGE_NONE)
        return e;
    struct buf *b = &q->journal.batch;
    size_t begin = put_envelope(q, &h, m->rcpts);
    uint64_t body_at = q->journal.active->end + b->n;
    char *p = m->file ? NULL : buf_room(b, m->size);
    if (p) {
        e = queue_body_read(q, m, 0, p, m->size);
        if (failed(e)) {
            b->n = begin;
            return e;
        }
        buf_added(b, m->size);
    }
    record_end(b, begin, RECORD_MESSAGE);
    assert(!b->over && b->n - begin <= bytes);
    table_place(m, q->journal.active, body_at, (uint32_t)(b->n - begin));
    vec_push(&q->placed, m);
    return OK_ERR;
}

static void put_result(struct queue *q, const struct queue_message *m, uint32_t number)
{
    const struct queue_rcpt *r = &m->rcpts[number];
    enum { FIXED = 64 };
    if (!append_must(q, RECORD_HEADER + FIXED + r->text.n + r->shown.n))
        return;
    size_t begin = record_begin(&q->journal.batch);
    record_put_result(&q->journal.batch, &(struct record_result){.id = m->id,
                                                                 .number = number,
                                                                 .state = r->state,
                                                                 .late_told = r->late_told,
                                                                 .attempts = r->attempts,
                                                                 .next = r->next,
                                                                 .text = r->text,
                                                                 .shown = r->shown});
    record_end(&q->journal.batch, begin, RECORD_RESULT);
}

void queue_late_told(struct queue *q, struct queue_message *m, uint32_t number)
{
    if (m->rcpts[number].late_told || (m->state != MESSAGE_OPEN && m->state != MESSAGE_HELD))
        return;
    m->rcpts[number].late_told = true;
    put_result(q, m, number);
}

void queue_started(struct queue_message *m, uint32_t number)
{
    rcpt_enter(&m->rcpts[number].state, RCPT_START);
    m->flying++;
}

void queue_result(struct queue *q, struct queue_message *m, uint32_t number, enum rcpt_event event,
                  int64_t next, str text, str shown)
{
    struct queue_rcpt *r = &m->rcpts[number];
    m->flying--;
    r->routed = false;
    rcpt_enter(&r->state, event);
    if (m->state == MESSAGE_CLOSING || m->state == MESSAGE_NONE || r->state == RCPT_DROPPED)
        return;
    r->unsure = event == RCPT_LOSE;
    if (event == RCPT_LOSE)
        return;
    r->attempts++;
    r->next = next;
    message_set_text(r, r->state == RCPT_DELIVERED ? S("") : text,
                     r->state == RCPT_FAILED ? shown : S(""));
    m->n_open -= rcpt_is_done(r->state);
    /* The last one needs no record: the END (and the bounce before it) says it all. A crash
     * between the two repeats the attempt, as a crash before the record would have. */
    if (m->n_open == 0)
        return;
    message_enter(&m->state, MESSAGE_RESULT);
    put_result(q, m, number);
}

bool queue_mark(struct queue *q, struct queue_message *m, enum message_event event)
{
    struct move move = message_move(m->state, event);
    if (move.kind == MOVE_ILLEGAL || m->n_open == 0)
        return false;
    enum { BYTES = RECORD_HEADER + 32 };
    if (!append_must(q, BYTES))
        return false;
    message_enter(&m->state, event);
    for (uint32_t i = 0; event == MESSAGE_RETRY && i < m->n_rcpts; i++)
        m->rcpts[i].next = 0;
    size_t begin = record_begin(&q->journal.batch);
    record_put_mark(&q->journal.batch, &(struct record_mark){.id = m->id, .event = event});
    record_end(&q->journal.batch, begin, RECORD_MARK);
    return true;
}

void queue_end(struct queue *q, struct queue_message *m, bool drop)
{
    enum { BYTES = RECORD_HEADER + 32 };
    for (uint32_t i = 0; drop && i < m->n_rcpts; i++) {
        m->n_open -= !rcpt_is_done(m->rcpts[i].state);
        rcpt_enter(&m->rcpts[i].state, RCPT_DROP);
    }
    assert(m->n_open == 0);
    if (!append_must(q, BYTES))
        return;
    message_enter(&m->state, drop ? MESSAGE_DROP : MESSAGE_LAST);
    size_t begin = record_begin(&q->journal.batch);
    record_put_end(&q->journal.batch, &(struct record_end){.id = m->id, .dropped = drop});
    record_end(&q->journal.batch, begin, RECORD_END);
    vec_push(&q->closing, m);
}

void queue_note_time(struct queue *q)
{
    if (!append_must(q, RECORD_HEADER))
        return;
    size_t begin = record_begin(&q->journal.batch);
    record_end(&q->journal.batch, begin, RECORD_CLOCK);
}

bool queue_dirty(const struct queue *q)
{
    return q->journal.batch.n > 0;
}

size_t queue_batch_bytes(const struct queue *q)
{
    return q->journal.batch.n;
}

void queue_rest(struct queue *q)
{
    enum { KEPT = 1 << 20 };
    if (q->journal.batch.n == 0 && q->journal.batch.cap > KEPT)
        buf_done(&q->journal.batch);
}

err queue_commit(struct queue *q)
{
    return append_flush(q);
}

void queue_unref(struct queue *q, struct queue_message *m)
{
    (void)q; /* ended messages are in no table any more */
    assert(m->users > 0);
    if (--m->users == 0 && m->state == MESSAGE_NONE)
        message_free(m);
}
