/* SPDX-License-Identifier: ISC */
/* queue/journal.h -- the segments that the queue's records lie in. Inside queue/ only.
 *
 * Files segment-NNNNNN in the queue's directory, zeroed when made, then overwritten. A use of
 * a segment begins with its head (sequence, key, oldest live sequence), written at both ends
 * of the file. Sequences only grow. Invariants:
 *   - segments are freed and used again strictly oldest first, so a record that ends a message
 *     outlives every record that could bring the message back;
 *   - a head is written only after everything in the segment before it is synced;
 *   - after a start the log always goes on in a new segment: what a torn batch left behind the
 *     last sound record is never mixed with new records.
 */
#pragma once
#include "queue/record.h"

enum {
    JOURNAL_DATA_AT = 4096,    /* head before it */
    JOURNAL_TAIL_BYTES = 4096, /* the same head again */
    JOURNAL_BATCH_MAX = 8 << 20,
    JOURNAL_ZERO_STEP = 1 << 20,
    JOURNAL_ZERO_SYNC = 4 << 20,
    JOURNAL_FREE_WANTED = 2, /* one to write into next, one as reserve */
};

struct journal_segment {
    uint64_t number;                         /* of the file */
    uint64_t sequence;                       /* 0: never used */
    uint64_t oldest, previous_end, id_floor; /* from its head */
    int64_t queue_time, wall;
    int fd;
    uint32_t bytes; /* of the file */
    uint32_t end;   /* of the synced records */
    uint64_t live;  /* bytes of records that a message still needs */
    bool bad;       /* a write or sync failed: never used again */
    struct sip_key key;
    struct list messages; /* queue_message.in_segment */
    struct list link;
};

struct journal_times {
    int64_t queue_time, wall;
};

struct journal {
    int dir;
    const struct disk *disk;
    uint32_t segment_bytes; /* of new ones */
    struct list used, free; /* oldest first; the last used one is active */
    uint32_t n_used, n_free;
    struct journal_segment *active; /* NULL before the first roll */
    uint64_t next_sequence, next_number;
    uint64_t id_floor; /* no id up to here is given out again */
    struct buf batch;
    struct journal_times now;           /* stamped on records: the owner keeps it right */
    uint64_t commits, records, written; /* figures */
    /* a segment that is being zeroed */
    int making;
    uint64_t making_at;
    deadline no_growth_until; /* the disk was full a moment ago */
};

typedef err journal_record_fn(void *ctx, struct journal_segment *s, uint32_t at,
                              const struct record_head *head, str payload);
struct journal_scan {
    journal_record_fn *on_record;
    queue_damage_fn *on_damage;
    void *ctx;
    uint64_t previous_end_of_next; /* what the following segment says about this one's end */
};

/* Finds the segments; used ones in order of sequence. */
err journal_open(struct journal *l);
void journal_close(struct journal *l);
/* Reads the records of one segment. */
err journal_scan(struct journal *l, struct journal_segment *s, const struct journal_scan *scan);
/* Used segments that nothing lives in become free. The batch must be empty: what lies in it may
 * be the copy of, or the end of, what lived there. */
void journal_retire_front(struct journal *l);
/* Begins a new segment (the batch must be empty). ERR_TEMP: none is free and none can be made. */
err journal_roll(struct journal *l);
/* Room for a record of n bytes in the active segment, behind the batch? */
bool journal_fits(const struct journal *l, size_t n);
uint32_t journal_next_at(const struct journal *l); /* where the next appended record will lie */
/* Stamps, writes and syncs the batch in the active segment. On failure the batch is intact. */
err journal_flush(struct journal *l);
/* One step of making a segment; ERR_SYS: it cannot be made now. ret_more: call again. */
err journal_make_step(struct journal *l, bool *ret_more);
err journal_make(struct journal *l); /* all steps */
uint64_t journal_live_bytes(const struct journal *l);
