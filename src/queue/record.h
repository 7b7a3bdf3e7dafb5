/* SPDX-License-Identifier: ISC */
/* queue/record.h -- the records of the queue's log, as bytes. Pure.
 *
 * Little endian, at offsets divisible by 8:
 *   u64 checksum of all that follows (SipHash with the segment's key)
 *   u32 magic, u16 version, u16 type, u32 length of the payload, u32 durable
 *   u64 sequence of the segment, i64 queue time, i64 wall clock
 *   payload, zeros up to the next multiple of 8
 * `durable` is the offset below which the segment was synced when the record was written:
 * a hole above it is a torn batch (a loss of power, nobody was told anything), a hole below
 * it is damage.
 */
#pragma once
#include "queue/queue.h"
#include "queue/siphash.h"

enum {
    RECORD_MAGIC = 0x31515754, /* "TWQ1" */
    RECORD_VERSION = 1,
    RECORD_HEADER = 48,
    RECORD_ALIGN = 8,
    RECORD_PAYLOAD_MAX = 3 << 20,
    RECORD_TEXT_MAX = 64 << 10, /* of a single string */
};

enum record_type {
    RECORD_MESSAGE = 1, /* a message whole: new, or copied forward with what is known by now */
    RECORD_RESULT,      /* of one recipient */
    RECORD_MARK,        /* hold, release, retry */
    RECORD_END,         /* the message is gone */
    RECORD_CLOCK,       /* nothing but the times in its header */
};

struct record_head {
    uint16_t type;
    uint32_t length, durable;
    uint64_t sequence;
    int64_t queue_time, wall;
};

/* Appending: begin, add the payload, end. The head is stamped when the place is known. */
size_t record_begin(struct buf *b);
void record_end(struct buf *b, size_t begin, enum record_type type);
size_t record_bytes(const char *record); /* whole, padded, of one made by record_end() */
void record_stamp(char *record, const struct record_head *place, struct sip_key key);
/* The record at the front of `bytes` (which reach to the end of the segment's data), if it is
 * sound and of this segment: ERR_NOTFOUND: no record here; ERR_SYNTAX: one that is damaged. */
err record_read(str bytes, uint64_t sequence, struct sip_key key, struct record_head *ret_head,
                str *ret_payload);

/* Payloads. */
struct record_result {
    uint64_t id;
    uint32_t number, state, attempts; /* state: enum rcpt_state */
    bool late_told;
    int64_t next;
    str text, shown;
};
struct record_mark {
    uint64_t id;
    uint32_t event; /* enum message_event */
};
struct record_end {
    uint64_t id;
    uint32_t dropped;
};
/* What is before the recipients and the body of a RECORD_MESSAGE. */
struct record_message {
    uint64_t id;
    int64_t arrived, birth;
    uint64_t size, file;
    uint32_t flags, uid, pid, n_rcpts;
    uint32_t held;
    str sender, envid, user, sid;
};
struct record_reader {
    str rest;
    bool bad;
};

void record_put_message(struct buf *b, const struct record_message *m);
void record_put_rcpt(struct buf *b, const struct queue_rcpt *r);
void record_put_result(struct buf *b, const struct record_result *r);
void record_put_mark(struct buf *b, const struct record_mark *m);
void record_put_end(struct buf *b, const struct record_end *e);
/* Recipients follow (record_take_rcpt n_rcpts times); then reader->rest is the body when file
 * is 0. ERR_SYNTAX for anything out of its bounds. */
err record_take_message(struct record_reader *r, struct record_message *ret);
err record_take_rcpt(struct record_reader *r, struct queue_rcpt *ret);
err record_take_result(str payload, struct record_result *ret);
err record_take_mark(str payload, struct record_mark *ret);
err record_take_end(str payload, struct record_end *ret);
