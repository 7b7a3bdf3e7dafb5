/* SPDX-License-Identifier: ISC */
#include "queue/private.h"

#include <stdlib.h>

static err apply_message(struct queue *q, struct journal_segment *s, uint32_t at, str payload)
{
    struct record_reader r = {.rest = payload};
    struct record_message h;
    err e = record_take_message(&r, &h);
    if (failed(e))
        return e;
    struct queue_rcpt *rcpts = mem_alloc("recipients", h.n_rcpts * sizeof(struct queue_rcpt));
    for (uint32_t i = 0; !failed(e) && i < h.n_rcpts; i++)
        e = record_take_rcpt(&r, &rcpts[i]);
    if (!failed(e) && r.rest.n != (h.file ? 0 : h.size))
        e = err_new(ERR_SYNTAX, "queue record with a body of another size");
    if (!failed(e)) {
        struct queue_message *old = queue_find(q, h.id);
        if (old) {
            table_take(q, old);
            message_free(old);
        }
        struct queue_message *m = message_new(&h, rcpts);
        size_t before_body = payload.n - r.rest.n;
        table_put(q, m);
        table_place(m, s, at + RECORD_HEADER + before_body,
                    (uint32_t)((RECORD_HEADER + payload.n + RECORD_ALIGN - 1) / RECORD_ALIGN *
                               RECORD_ALIGN));
        if (h.id > q->last_id)
            q->last_id = h.id;
    }
    free(rcpts);
    return e;
}

static err apply_result(struct queue *q, str payload)
{
    struct record_result v;
    err e = record_take_result(payload, &v);
    if (failed(e))
        return e;
    struct queue_message *m = queue_find(q, v.id);
    if (!m || v.number >= m->n_rcpts) /* of a message that has left since */
        return OK_ERR;
    struct queue_rcpt *r = &m->rcpts[v.number];
    m->n_open -= !rcpt_is_done(r->state);
    r->state = (enum rcpt_state)v.state;
    m->n_open += !rcpt_is_done(r->state);
    r->late_told = v.late_told;
    r->attempts = v.attempts;
    r->next = v.next;
    message_set_text(r, v.text, v.shown);
    return OK_ERR;
}

static err apply_mark(struct queue *q, str payload)
{
    struct record_mark v;
    err e = record_take_mark(payload, &v);
    if (failed(e))
        return e;
    struct queue_message *m = queue_find(q, v.id);
    if (!m)
        return OK_ERR;
    message_enter(&m->state, (enum message_event)v.event);
    for (uint32_t i = 0; v.event == MESSAGE_RETRY && i < m->n_rcpts; i++)
        m->rcpts[i].next = 0;
    return OK_ERR;
}

static err apply_end(struct queue *q, str payload)
{
    struct record_end v;
    err e = record_take_end(payload, &v);
    if (failed(e))
        return e;
    struct queue_message *m = queue_find(q, v.id);
    if (!m)
        return OK_ERR;
    table_take(q, m);
    message_free(m);
    return OK_ERR;
}

static err apply(void *ctx, struct journal_segment *s, uint32_t at, const struct record_head *head,
                 str payload)
{
    struct queue *q = ctx;
    switch (head->type) {
    case RECORD_MESSAGE:
        return apply_message(q, s, at, payload);
    case RECORD_RESULT:
        return apply_result(q, payload);
    case RECORD_MARK:
        return apply_mark(q, payload);
    case RECORD_END:
        return apply_end(q, payload);
    case RECORD_CLOCK:
        return OK_ERR;
    }
    return err_new(ERR_SYNTAX, "queue record of an unknown type");
}

static void tell(void *ctx, const struct queue_damage *d)
{
    struct queue *q = ctx;
    if (q->on_damage)
        q->on_damage(q->ctx, d);
}

/* Segments before the oldest that the newest head names hold nothing alive. */
static void set_free_old_ones(struct journal *l)
{
    uint64_t oldest = 0;
    if (!list_empty(&l->used))
        oldest = container_of(l->used.prev, struct journal_segment, link)->oldest;
    list_each_safe (it, &l->used) {
        struct journal_segment *s = container_of(it, struct journal_segment, link);
        if (s->sequence == 0 || s->sequence >= oldest)
            continue;
        if (s->sequence >= l->next_sequence)
            l->next_sequence = s->sequence + 1;
        list_del(&s->link);
        list_add(&l->free, &s->link);
        l->n_used--;
        l->n_free++;
    }
}

err replay(struct queue *q)
{
    struct journal *l = &q->journal;
    set_free_old_ones(l);
    list_each_safe (it, &l->used) {
        struct journal_segment *s = container_of(it, struct journal_segment, link);
        struct journal_scan scan = {.on_record = apply, .on_damage = tell, .ctx = q};
        if (it_next != &l->used) {
            const struct journal_segment *next =
                container_of(it_next, struct journal_segment, link);
            if (next->sequence == s->sequence + 1)
                scan.previous_end_of_next = next->previous_end;
        }
        err e = journal_scan(l, s, &scan);
        if (failed(e))
            return e;
    }
    if (l->id_floor > q->last_id)
        q->last_id = l->id_floor;
    l->id_floor = q->last_id;
    /* What flew when the process before ended is not on disk. */
    for (struct queue_message *m = queue_next(q, NULL); m; m = queue_next(q, m))
        for (uint32_t i = 0; i < m->n_rcpts; i++)
            m->rcpts[i].unsure = m->rcpts[i].state == RCPT_WAITING;
    table_sort(q);
    return OK_ERR;
}
