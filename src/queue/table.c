/* SPDX-License-Identifier: ISC */
#include "queue/private.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static size_t text_bytes(const struct record_message *h, const struct queue_rcpt *rcpts)
{
    size_t n = h->sender.n + h->envid.n + h->user.n + h->sid.n;
    for (uint32_t i = 0; i < h->n_rcpts; i++)
        n += rcpts[i].address.n + rcpts[i].notify.n + rcpts[i].orcpt.n;
    return n;
}

static str keep(char **at, str s)
{
    if (s.n)
        memcpy(*at, s.p, s.n);
    str kept = str_of(*at, s.n);
    *at += s.n;
    return kept;
}

/* One block holds the message, its recipients and their strings. */
struct queue_message *message_new(const struct record_message *h, const struct queue_rcpt *rcpts)
{
    size_t rcpts_bytes = h->n_rcpts * sizeof(struct queue_rcpt);
    struct queue_message *m =
        mem_alloc("queued message", sizeof *m + rcpts_bytes + text_bytes(h, rcpts));
    struct queue_rcpt *r = (struct queue_rcpt *)(m + 1);
    char *text = (char *)r + rcpts_bytes;
    *m = (struct queue_message){
        .id = h->id,
        .arrived = h->arrived,
        .birth = h->birth,
        .size = h->size,
        .file = h->file,
        .flags = h->flags,
        .uid = h->uid,
        .pid = h->pid,
        .sender = keep(&text, h->sender),
        .envid = keep(&text, h->envid),
        .user = keep(&text, h->user),
        .sid = keep(&text, h->sid),
        .rcpts = r,
        .n_rcpts = h->n_rcpts,
        .state = h->held ? MESSAGE_HELD : MESSAGE_OPEN,
    };
    list_init(&m->in_segment);
    list_init(&m->in_queue);
    for (uint32_t i = 0; i < h->n_rcpts; i++) {
        r[i] = (struct queue_rcpt){
            .address = keep(&text, rcpts[i].address),
            .notify = keep(&text, rcpts[i].notify),
            .orcpt = keep(&text, rcpts[i].orcpt),
            .next = rcpts[i].next,
            .attempts = rcpts[i].attempts,
            .state = rcpts[i].state,
            .late_told = rcpts[i].late_told,
        };
        message_set_text(&r[i], rcpts[i].text, rcpts[i].shown);
        m->n_open += !rcpt_is_done(r[i].state);
    }
    return m;
}

void message_free(struct queue_message *m)
{
    for (uint32_t i = 0; i < m->n_rcpts; i++)
        free(m->rcpts[i].text_memory);
    free(m);
}

void message_set_text(struct queue_rcpt *r, str text, str shown)
{
    free(r->text_memory);
    r->text_memory = NULL;
    r->text = r->shown = S("");
    text = str_slice(text, 0, QUEUE_TEXT_MAX);
    if (text.n + shown.n == 0)
        return;
    char *p = r->text_memory = mem_alloc("delivery report", text.n + shown.n);
    r->text = keep(&p, text);
    r->shown = keep(&p, shown);
}

/* Ids are times in microseconds: their low bits spread well enough once multiplied. */
static size_t bucket_of(const struct queue *q, uint64_t id)
{
    return (size_t)((id * 0x9e3779b97f4a7c15u) >> 20) & (q->n_buckets - 1);
}

static void grow(struct queue *q)
{
    size_t old = q->n_buckets;
    struct queue_message **from = q->buckets;
    q->n_buckets = old ? old * 2 : 256;
    q->buckets = mem_alloc("queue table", q->n_buckets * sizeof(struct queue_message *));
    for (size_t i = 0; i < old; i++) {
        for (struct queue_message *m = from[i], *next; m; m = next) {
            next = m->next_hash;
            size_t b = bucket_of(q, m->id);
            m->next_hash = q->buckets[b];
            q->buckets[b] = m;
        }
    }
    free(from);
}

void table_put(struct queue *q, struct queue_message *m)
{
    if (q->count >= q->n_buckets)
        grow(q);
    size_t b = bucket_of(q, m->id);
    m->next_hash = q->buckets[b];
    q->buckets[b] = m;
    list_add(&q->all, &m->in_queue);
    q->count++;
}

void table_take(struct queue *q, struct queue_message *m)
{
    struct queue_message **at = &q->buckets[bucket_of(q, m->id)];
    while (*at != m)
        at = &(*at)->next_hash;
    *at = m->next_hash;
    list_del(&m->in_queue);
    table_unplace(m);
    q->count--;
}

struct queue_message *queue_find(struct queue *q, uint64_t id)
{
    struct queue_message *m = q->n_buckets ? q->buckets[bucket_of(q, id)] : NULL;
    while (m && m->id != id)
        m = m->next_hash;
    return m;
}

struct queue_message *queue_next(struct queue *q, const struct queue_message *after)
{
    struct list *next = after ? after->in_queue.next : q->all.next;
    return next == &q->all ? NULL : container_of(next, struct queue_message, in_queue);
}

size_t queue_count(const struct queue *q)
{
    return q->count;
}

static int by_id(const void *a, const void *b)
{
    const struct queue_message *const *x = a, *const *y = b;
    return (*x)->id < (*y)->id ? -1 : (*x)->id > (*y)->id;
}

void table_sort(struct queue *q)
{
    if (q->count == 0)
        return;
    struct queue_message **at = mem_alloc("queue order", q->count * sizeof(struct queue_message *));
    size_t n = 0;
    list_each (it, &q->all)
        at[n++] = container_of(it, struct queue_message, in_queue);
    qsort(at, n, sizeof(struct queue_message *), by_id);
    list_init(&q->all);
    for (size_t i = 0; i < n; i++)
        list_add(&q->all, &at[i]->in_queue);
    free(at);
}

void table_place(struct queue_message *m, struct journal_segment *s, uint64_t body_at,
                 uint32_t bytes)
{
    table_unplace(m);
    m->segment = s;
    m->body_at = body_at;
    m->record_bytes = bytes;
    s->live += bytes;
    list_add(&s->messages, &m->in_segment);
}

void table_unplace(struct queue_message *m)
{
    if (!m->segment)
        return;
    assert(m->segment->live >= m->record_bytes);
    m->segment->live -= m->record_bytes;
    list_del(&m->in_segment);
    m->segment = NULL;
}
