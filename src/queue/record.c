/* SPDX-License-Identifier: ISC */
#include "queue/record.h"

#include <assert.h>
#include <string.h>

#include "ipc/submit.h"

static void put_u32(struct buf *b, uint32_t v)
{
    char *p = buf_room(b, 4);
    if (!p)
        return;
    for (int i = 0; i < 4; i++)
        p[i] = (char)(v >> (8 * i));
    buf_added(b, 4);
}

static void put_u64(struct buf *b, uint64_t v)
{
    put_u32(b, (uint32_t)v);
    put_u32(b, (uint32_t)(v >> 32));
}

static void put_str(struct buf *b, str s)
{
    put_u32(b, (uint32_t)s.n);
    buf_add(b, s);
}

static uint32_t get_u32(const char *p)
{
    uint32_t v = 0;
    for (int i = 0; i < 4; i++)
        v |= (uint32_t)(unsigned char)p[i] << (8 * i);
    return v;
}

static uint64_t get_u64(const char *p)
{
    return get_u32(p) | (uint64_t)get_u32(p + 4) << 32;
}

static void set_u32(char *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (char)(v >> (8 * i));
}

static void set_u64(char *p, uint64_t v)
{
    set_u32(p, (uint32_t)v);
    set_u32(p + 4, (uint32_t)(v >> 32));
}

static size_t padded(size_t n)
{
    return (n + RECORD_ALIGN - 1) / RECORD_ALIGN * RECORD_ALIGN;
}

size_t record_begin(struct buf *b)
{
    size_t begin = b->n;
    char *p = buf_room(b, RECORD_HEADER);
    if (p) {
        memset(p, 0, RECORD_HEADER);
        buf_added(b, RECORD_HEADER);
    }
    return begin;
}

void record_end(struct buf *b, size_t begin, enum record_type type)
{
    static const char zeros[RECORD_ALIGN];
    if (b->over)
        return;
    size_t length = b->n - begin - RECORD_HEADER;
    assert(length <= RECORD_PAYLOAD_MAX);
    buf_add(b, str_of(zeros, padded(length) - length));
    if (b->over)
        return;
    char *p = b->p + begin;
    set_u32(p + 8, RECORD_MAGIC);
    set_u32(p + 12, RECORD_VERSION | (uint32_t)type << 16);
    set_u32(p + 16, (uint32_t)length);
}

size_t record_bytes(const char *record)
{
    return RECORD_HEADER + padded(get_u32(record + 16));
}

void record_stamp(char *record, const struct record_head *place, struct sip_key key)
{
    set_u32(record + 20, place->durable);
    set_u64(record + 24, place->sequence);
    set_u64(record + 32, (uint64_t)place->queue_time);
    set_u64(record + 40, (uint64_t)place->wall);
    set_u64(record, siphash(key, str_of(record + 8, record_bytes(record) - 8)));
}

err record_read(str bytes, uint64_t sequence, struct sip_key key, struct record_head *ret_head,
                str *ret_payload)
{
    const char *p = bytes.p;
    if (bytes.n < RECORD_HEADER || get_u64(p + 24) != sequence)
        return err_new(ERR_NOTFOUND, "no queue record here");
    if (get_u32(p + 8) != RECORD_MAGIC)
        return err_new(ERR_SYNTAX, "queue record without its mark");
    uint32_t kind = get_u32(p + 12);
    uint32_t length = get_u32(p + 16);
    if (length > RECORD_PAYLOAD_MAX || RECORD_HEADER + padded(length) > bytes.n)
        return err_new(ERR_SYNTAX, "queue record has an impossible length");
    if (siphash(key, str_of(p + 8, RECORD_HEADER + padded(length) - 8)) != get_u64(p))
        return err_new(ERR_SYNTAX, "queue record has a wrong checksum");
    if ((kind & 0xffff) != RECORD_VERSION)
        return err_new(ERR_SYNTAX, "queue record of another version");
    *ret_head = (struct record_head){
        .type = (uint16_t)(kind >> 16),
        .length = length,
        .durable = get_u32(p + 20),
        .sequence = sequence,
        .queue_time = (int64_t)get_u64(p + 32),
        .wall = (int64_t)get_u64(p + 40),
    };
    *ret_payload = str_slice(bytes, RECORD_HEADER, RECORD_HEADER + length);
    return OK_ERR;
}

static uint32_t take_u32(struct record_reader *r)
{
    if (r->rest.n < 4) {
        r->bad = true;
        return 0;
    }
    uint32_t v = get_u32(r->rest.p);
    r->rest = str_from_at(r->rest, 4);
    return v;
}

static uint64_t take_u64(struct record_reader *r)
{
    uint64_t low = take_u32(r);
    return low | (uint64_t)take_u32(r) << 32;
}

static str take_str(struct record_reader *r)
{
    uint32_t n = take_u32(r);
    if (r->bad || n > RECORD_TEXT_MAX || n > r->rest.n) {
        r->bad = true;
        return S("");
    }
    str s = str_slice(r->rest, 0, n);
    r->rest = str_from_at(r->rest, n);
    return s;
}

static err taken(const struct record_reader *r, bool sound)
{
    return r->bad || !sound ? err_new(ERR_SYNTAX, "queue record is malformed") : OK_ERR;
}

void record_put_message(struct buf *b, const struct record_message *m)
{
    put_u64(b, m->id);
    put_u64(b, (uint64_t)m->arrived);
    put_u64(b, (uint64_t)m->birth);
    put_u64(b, m->size);
    put_u64(b, m->file);
    put_u32(b, m->flags);
    put_u32(b, m->uid);
    put_u32(b, m->pid);
    put_u32(b, m->n_rcpts);
    put_u32(b, m->held);
    put_str(b, m->sender);
    put_str(b, m->envid);
    put_str(b, m->user);
    put_str(b, m->sid);
}

err record_take_message(struct record_reader *r, struct record_message *ret)
{
    struct record_message m = {.id = take_u64(r)};
    m.arrived = (int64_t)take_u64(r);
    m.birth = (int64_t)take_u64(r);
    m.size = take_u64(r);
    m.file = take_u64(r);
    m.flags = take_u32(r);
    m.uid = take_u32(r);
    m.pid = take_u32(r);
    m.n_rcpts = take_u32(r);
    m.held = take_u32(r);
    m.sender = take_str(r);
    m.envid = take_str(r);
    m.user = take_str(r);
    m.sid = take_str(r);
    err e = taken(r, m.id && m.n_rcpts && m.n_rcpts <= SUBMIT_RECIPIENTS_MAX && m.held <= 1 &&
                         (m.file || m.size <= QUEUE_INLINE_MAX));
    if (failed(e))
        return e;
    *ret = m;
    return OK_ERR;
}

/* Shares the number of the state. */
enum { LATE_TOLD = 1 << 8 };

/* A recipient in flight waits again after a crash: it is written so. */
static uint32_t stored_state(enum rcpt_state s, bool late_told)
{
    return (s == RCPT_FLYING ? RCPT_WAITING : (uint32_t)s) | (late_told ? LATE_TOLD : 0u);
}

static bool take_state(uint32_t stored, enum rcpt_state *ret, bool *ret_late_told)
{
    uint32_t state = stored & ~(uint32_t)LATE_TOLD;
    if (state >= RCPT_STATES || state == RCPT_FLYING)
        return false;
    *ret = (enum rcpt_state)state;
    *ret_late_told = stored & LATE_TOLD;
    return true;
}

void record_put_rcpt(struct buf *b, const struct queue_rcpt *r)
{
    put_u32(b, stored_state(r->state, r->late_told));
    put_u32(b, r->attempts);
    put_u64(b, (uint64_t)r->next);
    put_str(b, r->address);
    put_str(b, r->notify);
    put_str(b, r->orcpt);
    put_str(b, str_slice(r->text, 0, QUEUE_TEXT_MAX));
    put_str(b, r->shown);
}

err record_take_rcpt(struct record_reader *r, struct queue_rcpt *ret)
{
    struct queue_rcpt q = {0};
    uint32_t state = take_u32(r);
    q.attempts = take_u32(r);
    q.next = (int64_t)take_u64(r);
    q.address = take_str(r);
    q.notify = take_str(r);
    q.orcpt = take_str(r);
    q.text = take_str(r);
    q.shown = take_str(r);
    err e = taken(r, take_state(state, &q.state, &q.late_told) && q.text.n <= QUEUE_TEXT_MAX);
    if (failed(e))
        return e;
    *ret = q;
    return OK_ERR;
}

void record_put_result(struct buf *b, const struct record_result *r)
{
    put_u64(b, r->id);
    put_u32(b, r->number);
    put_u32(b, stored_state((enum rcpt_state)r->state, r->late_told));
    put_u32(b, r->attempts);
    put_u64(b, (uint64_t)r->next);
    put_str(b, str_slice(r->text, 0, QUEUE_TEXT_MAX));
    put_str(b, r->shown);
}

err record_take_result(str payload, struct record_result *ret)
{
    struct record_reader r = {.rest = payload};
    struct record_result v = {.id = take_u64(&r)};
    v.number = take_u32(&r);
    uint32_t state = take_u32(&r);
    v.attempts = take_u32(&r);
    v.next = (int64_t)take_u64(&r);
    v.text = take_str(&r);
    v.shown = take_str(&r);
    enum rcpt_state known = RCPT_WAITING;
    err e = taken(&r, r.rest.n == 0 && take_state(state, &known, &v.late_told) &&
                          v.text.n <= QUEUE_TEXT_MAX);
    if (failed(e))
        return e;
    v.state = known;
    *ret = v;
    return OK_ERR;
}

void record_put_mark(struct buf *b, const struct record_mark *m)
{
    put_u64(b, m->id);
    put_u32(b, m->event);
}

err record_take_mark(str payload, struct record_mark *ret)
{
    struct record_reader r = {.rest = payload};
    struct record_mark v = {.id = take_u64(&r)};
    v.event = take_u32(&r);
    err e = taken(&r, r.rest.n == 0 && (v.event == MESSAGE_HOLD || v.event == MESSAGE_RELEASE ||
                                        v.event == MESSAGE_RETRY));
    if (failed(e))
        return e;
    *ret = v;
    return OK_ERR;
}

void record_put_end(struct buf *b, const struct record_end *e)
{
    put_u64(b, e->id);
    put_u32(b, e->dropped);
}

err record_take_end(str payload, struct record_end *ret)
{
    struct record_reader r = {.rest = payload};
    struct record_end v = {.id = take_u64(&r)};
    v.dropped = take_u32(&r);
    err e = taken(&r, r.rest.n == 0 && v.dropped <= 1);
    if (failed(e))
        return e;
    *ret = v;
    return OK_ERR;
}
