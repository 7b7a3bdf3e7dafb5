/* SPDX-License-Identifier: ISC */
/* queue/private.h -- the insides of struct queue. Inside queue/ only. */
#pragma once
#include "queue/journal.h"
#include "queue/schedule.h"

struct queue {
    struct journal journal;
    int dir, bodies, lock;
    const struct disk *disk;
    queue_damage_fn *on_damage;
    void *ctx;
    struct queue_message **buckets;
    size_t n_buckets; /* a power of two */
    size_t count;
    struct list all;                     /* in order of id */
    VEC(struct queue_message *) fresh;   /* written, the next sync opens them */
    VEC(struct queue_message *) placed;  /* their record lies in the batch */
    VEC(struct queue_message *) closing; /* their END lies in the batch */
    VEC(uint64_t) lent;                  /* body files that clients write */
    bool bodies_dirty;                   /* a name in bodies/ must be synced before the batch */
    uint64_t last_id, last_file;
    int64_t queue_base, clock_base; /* queue time at a point of the monotonic clock */
    bool broken;                    /* a flush failed twice: only queue_close() is left */
};

/* table.c: messages in memory */
struct queue_message *message_new(const struct record_message *head,
                                  const struct queue_rcpt *rcpts);
void message_free(struct queue_message *m); /* must be in no list */
void message_set_text(struct queue_rcpt *r, str text, str shown);
void table_put(struct queue *q, struct queue_message *m);
void table_take(struct queue *q, struct queue_message *m); /* out of the table and its segment */
void table_sort(struct queue *q);
void table_place(struct queue_message *m, struct journal_segment *s, uint64_t body_at,
                 uint32_t bytes);
void table_unplace(struct queue_message *m);

/* append.c: records */
/* Makes room for a record of n bytes behind the batch, flushing and rolling as needed. */
err append_room(struct queue *q, size_t n);
err append_flush(struct queue *q);
err append_copy(struct queue *q, struct queue_message *m); /* a whole new record of it */

/* replay.c */
err replay(struct queue *q);

/* body.c */
err body_clean(struct queue *q); /* at start: removes files that no message names */
void body_remove(struct queue *q, uint64_t file);
bool body_is_lent(const struct queue *q, uint64_t file);
void body_bind(struct queue *q, uint64_t file); /* a lent one */
