/* SPDX-License-Identifier: ISC */
/* queue/queue.h -- the durable queue: an appended log with group commit, and what it says.
 *
 * One writer (sched). queue_add() and the other changes append records to the batch;
 * queue_commit() writes the batch with one write, syncs it with one fdatasync, and only then
 * may anybody be told 250. Changes that nobody waits for (results) may lie in the batch for a
 * moment: a crash then repeats the delivery, which deliver recognises.
 *
 * The log is a ring of segments, written once with zeros when made, then overwritten and used
 * again, oldest first; what still lives in the oldest segment is copied to the end, so one
 * deferred message pins nothing. Invariants and what a crash leaves: doc/states/queue.md.
 * Bodies are never kept in memory: they are read back from the log when a worker needs them
 * (the kernel's page cache is the bounded cache).
 */
#pragma once
#include "queue/disk.h"
#include "queue/states.h"

enum {
    QUEUE_SEGMENT_BYTES = 16 << 20,
    QUEUE_SEGMENT_BYTES_MIN = 64 << 10, /* for tests */
    QUEUE_SEGMENTS_FIRST = 4,           /* made at the first start */
    QUEUE_SEGMENTS_KEPT = 8,            /* free ones above are given back at start */
    QUEUE_TEXT_MAX = 1500,              /* of a report, per recipient */
    QUEUE_INLINE_MAX = 256 << 10,       /* bodies above lie in files */
    QUEUE_DAMAGE_KEPT = 64,             /* files in damaged/ */
};

struct queue;
struct journal_segment;

struct queue_rcpt {
    str address;
    str notify, orcpt; /* RFC 3461, as given */
    str text;          /* the last report; "" before the first attempt */
    str shown;         /* of failed ones: the address for the bounce, if another; or empty */
    bool unsure;       /* volatile: an attempt ended without a word, it may have got through */
    bool late_told;    /* the sender knows that it is late */
    bool routed;       /* volatile, sched's: route was asked in this attempt */
    uint8_t channel;   /* volatile: 1 + enum channel_kind of the last attempt; 0: none yet */
    int64_t next;      /* queue time of the next attempt */
    uint32_t attempts;
    enum rcpt_state state;
    char *text_memory; /* the queue's own */
};

/* Read it freely, change it only through the functions below. */
struct queue_message {
    uint64_t id;
    int64_t arrived; /* wall clock */
    int64_t birth;   /* queue time */
    uint64_t size;   /* of the body */
    uint64_t file;   /* bodies/N, or 0: in the log */
    uint32_t flags;  /* enum submit_flag */
    uint32_t uid, pid;
    str sender, envid, user, sid;
    struct queue_rcpt *rcpts;
    uint32_t n_rcpts;
    uint32_t n_open; /* not done */
    uint32_t flying; /* recipients with route or a worker */
    enum message_state state;
    void *owner;    /* sched's own */
    uint32_t users; /* references of sched: memory stays while > 0, even after the end */
    /* the queue's own */
    struct journal_segment *segment;
    uint64_t body_at;
    uint32_t record_bytes;
    struct list in_segment, in_queue;
    struct queue_message *next_hash;
};

struct queue_new {
    str sender, envid, user, sid;
    uint32_t flags, uid, pid;
    const struct queue_rcpt *rcpts; /* address, notify, orcpt, and state (waiting) count */
    uint32_t n_rcpts;
    str body;      /* the body, unless: */
    int body_fd;   /* >= 0: read `size` bytes from here (a sealed memory file) */
    uint64_t size; /* of the body, wherever it is */
    uint64_t file; /* bodies/N by queue_body_lend() */
    bool reserve;  /* may use the last free space: bounces of mail that lies here already */
};

struct queue_damage {
    uint64_t segment; /* its sequence */
    uint64_t at, bytes;
    bool tail; /* at the end of what was written: normal after a loss of power */
    bool kept; /* a copy lies in damaged/ */
};
typedef void queue_damage_fn(void *ctx, const struct queue_damage *d);

struct queue_options {
    int dir;                    /* of the queue; stays the caller's */
    uint32_t segment_bytes;     /* 0: QUEUE_SEGMENT_BYTES */
    uint32_t segments_first;    /* 0: QUEUE_SEGMENTS_FIRST */
    const struct disk *disk;    /* NULL: disk_real */
    queue_damage_fn *on_damage; /* NULL: not told */
    void *ctx;
};

/* ERR_TEMP when another process has the queue. */
err queue_open(const struct queue_options *o, struct queue **ret_queue);
void queue_close(struct queue *q); /* without a commit: what is not committed is lost */

/* ERR_TEMP: no room now. ERR_SYNTAX: the body is not what size says. The message is MESSAGE_WRITTEN
 * until a commit. */
err queue_add(struct queue *q, const struct queue_new *n, struct queue_message **ret_message);
/* One recipient of a flying attempt is done, or waits again until `next`. */
void queue_result(struct queue *q, struct queue_message *m, uint32_t number, enum rcpt_event event,
                  int64_t next, str text, str shown);
void queue_started(struct queue_message *m, uint32_t number); /* volatile */
/* The sender was told that a waiting recipient's mail is late. */
void queue_late_told(struct queue *q, struct queue_message *m, uint32_t number);
/* hold, release, retry; false when the state makes it meaningless. */
bool queue_mark(struct queue *q, struct queue_message *m, enum message_event event);
/* Every recipient is done (or drop: they are made so): the message leaves with the next commit.
 * Its memory stays while m->users > 0. */
void queue_end(struct queue *q, struct queue_message *m, bool drop);
/* Before an orderly end: so that the stop counts from now. */
void queue_note_time(struct queue *q);
bool queue_dirty(const struct queue *q);
size_t queue_batch_bytes(const struct queue *q);
/* Makes everything appended so far durable. An error means that the disk failed twice: nothing
 * of the batch was promised; the caller ends and lets a new process read what the disk holds. */
err queue_commit(struct queue *q);
/* Makes room: copies from the oldest segment, or zeroes a piece of a new one. Call it often
 * while it says true. */
bool queue_tidy(struct queue *q);
void queue_rest(struct queue *q); /* nothing to do now: gives a large buffer back */
void queue_unref(struct queue *q, struct queue_message *m); /* m->users - 1 */

/* Body bytes [from, from + n): ERR_SYS, or ERR_SYNTAX when the file is too short. */
err queue_body_read(struct queue *q, const struct queue_message *m, uint64_t from, char *ret_bytes,
                    size_t n);
/* A body that lies in a file: a read-only descriptor of it. */
err queue_body_open(struct queue *q, const struct queue_message *m, int *ret_fd);
/* A file for a client to write. */
err queue_body_lend(struct queue *q, uint64_t *ret_file, int *ret_fd);
/* A lent file is whole: its size is the one stated. */
err queue_body_check(struct queue *q, uint64_t file, uint64_t size);
void queue_body_giveup(struct queue *q, uint64_t file);

struct queue_message *queue_find(struct queue *q, uint64_t id);
/* In order of arrival; NULL starts, NULL ends. */
struct queue_message *queue_next(struct queue *q, const struct queue_message *after);
size_t queue_count(const struct queue *q);
int64_t queue_now(const struct queue *q); /* queue time, seconds */
bool queue_has_room(const struct queue *q, size_t bytes);

struct queue_figures {
    uint64_t messages, commits, records, bytes; /* since the start, but for messages */
    uint64_t segments, segments_free, live_bytes;
};
struct queue_figures queue_figures(const struct queue *q);
