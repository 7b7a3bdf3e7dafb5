/* SPDX-License-Identifier: ISC */
/* How it works: journal_open() reads the heads; the owner scans each used segment in order, rolls
 * into a fresh one and appends records to l->batch; journal_flush() stamps them with their place
 * and makes them durable with one write and one fdatasync. */
#include "queue/journal.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os/clock.h"
#include "os/file.h"
#include "os/random.h"

enum { HEAD_BYTES = 96, HEAD_VERSION = 1, NAME_MAX_BYTES = 64 };
static const char head_magic[8] = {'T', 'W', 'P', 'Q', 'L', 'O', 'G', '\n'};
/* The head's checksum finds accidents only; records are under a key nobody else knows. */
static const struct sip_key head_key = {0x7477696e706f7374u, 0x71756575656c6f67u};

struct head {
    char magic[8];
    uint32_t version, bytes;
    uint64_t sequence, oldest, previous_end, id_floor;
    int64_t queue_time, wall;
    uint64_t k0, k1;
    uint64_t unused;
    uint64_t checksum;
};
static_assert(sizeof(struct head) == HEAD_BYTES, "the head's layout is the file format");
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "heads are little endian");

static void segment_name(char *ret, uint64_t number)
{
    (void)snprintf(ret, NAME_MAX_BYTES, "segment-%06" PRIu64, number); /* fits by its size */
}

static bool head_is_sound(const struct head *h, uint32_t bytes)
{
    return memcmp(h->magic, head_magic, sizeof head_magic) == 0 && h->version == HEAD_VERSION &&
           h->bytes == bytes && h->sequence &&
           siphash(head_key, str_of(h, offsetof(struct head, checksum))) == h->checksum;
}

static bool read_head(int fd, uint32_t bytes, uint64_t at, struct head *ret)
{
    return pread(fd, ret, sizeof *ret, (off_t)at) == (ssize_t)sizeof *ret &&
           head_is_sound(ret, bytes);
}

static void segment_free(struct journal_segment *s)
{
    list_del(&s->link);
    fd_close(s->fd);
    free(s);
}

/* The head at the front counts; the one at the end stands in when the front is damaged (or a
 * loss of power tore it, and then it is of the use before, in which nothing lives). */
static void load_head(struct journal_segment *s)
{
    struct head h;
    if (!read_head(s->fd, s->bytes, 0, &h) &&
        !read_head(s->fd, s->bytes, s->bytes - JOURNAL_TAIL_BYTES, &h))
        return;
    s->sequence = h.sequence;
    s->oldest = h.oldest;
    s->previous_end = h.previous_end;
    s->id_floor = h.id_floor;
    s->queue_time = h.queue_time;
    s->wall = h.wall;
    s->key = (struct sip_key){h.k0, h.k1};
}

static struct journal_segment *segment_new(int fd, uint64_t number, uint32_t bytes)
{
    struct journal_segment *s = mem_alloc("segment", sizeof *s);
    *s = (struct journal_segment){
        .fd = fd, .number = number, .bytes = bytes, .end = JOURNAL_DATA_AT};
    list_init(&s->messages);
    list_init(&s->link);
    return s;
}

/* Puts s into a list in order of sequence (never used ones first). */
static void insert(struct list *head, struct journal_segment *s)
{
    struct list *before = head->prev;
    while (before != head &&
           container_of(before, struct journal_segment, link)->sequence > s->sequence)
        before = before->prev;
    list_add(before->next, &s->link);
}

static err found_file(void *ctx, const struct dir_entry *entry)
{
    struct journal *l = ctx;
    str name = entry->name;
    if (str_eq(name, S("segment-new"))) {
        /* The one that was being made when the process ended. */
        return l->disk->unlink(l->disk->ctx, l->dir, "segment-new");
    }
    uint64_t number;
    if (!str_skip(&name, S("segment-")) || !str_u64(name, &number) || number > UINT32_MAX)
        return OK_ERR;
    char path[NAME_MAX_BYTES];
    segment_name(path, number);
    auto_fd int fd = -1;
    err e = file_open(l->dir, path, O_RDWR | O_NOFOLLOW, 0, &fd);
    if (failed(e))
        return e;
    uint64_t size;
    e = fd_size(fd, &size);
    if (failed(e))
        return e;
    if (size < QUEUE_SEGMENT_BYTES_MIN || size > (1u << 30))
        return err_new(ERR_SYNTAX, "a queue segment has an impossible size");
    struct journal_segment *s = segment_new(fd_take(&fd), number, (uint32_t)size);
    load_head(s);
    insert(&l->used, s);
    l->n_used++;
    if (number >= l->next_number)
        l->next_number = number + 1;
    return OK_ERR;
}

/* A segment whose two heads are both unreadable: its key is gone with them. Kept aside unless
 * it was never used. */
static err set_aside_headless(struct journal *l, struct journal_segment *s,
                              const struct journal_scan *scan)
{
    char first[512];
    ssize_t n = pread(s->fd, first, sizeof first, 0);
    bool blank = n == (ssize_t)sizeof first;
    for (size_t i = 0; blank && i < sizeof first; i++)
        blank = first[i] == 0;
    if (blank) {
        list_del(&s->link);
        insert(&l->free, s);
        l->n_used--;
        l->n_free++;
        return OK_ERR;
    }
    char from[NAME_MAX_BYTES], to[NAME_MAX_BYTES + 16];
    segment_name(from, s->number);
    (void)snprintf(to, sizeof to, "damaged/%s", from); /* fits by its size */
    struct queue_damage d = {.bytes = s->bytes};
    err e = l->disk->rename(l->disk->ctx, l->dir, from, to);
    if (failed(e))
        return e;
    d.kept = true;
    if (scan->on_damage)
        scan->on_damage(scan->ctx, &d);
    segment_free(s);
    l->n_used--;
    return OK_ERR;
}

err journal_open(struct journal *l)
{
    list_init(&l->used);
    list_init(&l->free);
    buf_init(&l->batch, JOURNAL_BATCH_MAX);
    l->making = -1;
    l->next_number = 1;
    l->next_sequence = 1;
    l->no_growth_until = (deadline){0};
    return dir_each(l->dir, ".", found_file, l);
}

void journal_close(struct journal *l)
{
    list_each_safe (it, &l->used)
        segment_free(container_of(it, struct journal_segment, link));
    list_each_safe (at, &l->free)
        segment_free(container_of(at, struct journal_segment, link));
    fd_closep(&l->making);
    buf_done(&l->batch);
}

/* Reads the whole data area; a part that the disk refuses reads as zeros and so as damage. */
static char *read_data(const struct journal_segment *s)
{
    size_t size = s->bytes - JOURNAL_DATA_AT - JOURNAL_TAIL_BYTES;
    char *p = mem_alloc("segment scan", size);
    for (size_t at = 0; at < size;) {
        size_t want = size - at > JOURNAL_ZERO_STEP ? JOURNAL_ZERO_STEP : size - at;
        ssize_t n = pread(s->fd, p + at, want, (off_t)(JOURNAL_DATA_AT + at));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            at += 4096 - at % 4096;
            continue;
        }
        at += (size_t)n;
    }
    return p;
}

static bool keep_aside(struct journal *l, const struct journal_segment *s, uint32_t at, str bytes)
{
    char name[NAME_MAX_BYTES];
    (void)snprintf(name, sizeof name, "damaged/%" PRIu64 "-%" PRIu32, s->sequence,
                   at); /* fits by its size */
    auto_fd int fd = -1;
    err e = l->disk->make(l->disk->ctx, l->dir, name, &fd);
    if (failed(e))
        return e.kind == ERR_DENIED && e.sys == EEXIST; /* kept at an earlier start */
    return !failed(l->disk->write(l->disk->ctx, fd, bytes, 0));
}

static void tell_damage(struct journal *l, const struct journal_segment *s,
                        const struct journal_scan *scan, const char *data, uint32_t from,
                        uint32_t to, bool tail)
{
    struct queue_damage d = {.segment = s->sequence, .at = from, .bytes = to - from, .tail = tail};
    d.kept = keep_aside(l, s, from, str_of(data + (from - JOURNAL_DATA_AT), to - from));
    if (scan->on_damage)
        scan->on_damage(scan->ctx, &d);
}

struct cursor {
    uint32_t at, hole, torn_end; /* hole: 0 when there is none */
};

/* What the hole at the end of the scan was. */
static void judge_tail(struct journal *l, struct journal_segment *s,
                       const struct journal_scan *scan, const char *data, const struct cursor *c)
{
    if (scan->previous_end_of_next > c->hole && scan->previous_end_of_next < s->bytes)
        tell_damage(l, s, scan, data, c->hole, (uint32_t)scan->previous_end_of_next, false);
    else if (c->torn_end > c->hole)
        tell_damage(l, s, scan, data, c->hole, c->torn_end, true);
}

static err scan_data(struct journal *l, struct journal_segment *s, const struct journal_scan *scan,
                     const char *data)
{
    uint32_t limit = s->bytes - JOURNAL_TAIL_BYTES;
    struct cursor c = {.at = JOURNAL_DATA_AT};
    while (c.at + RECORD_HEADER <= limit) {
        struct record_head head;
        str payload;
        str rest = str_of(data + (c.at - JOURNAL_DATA_AT), limit - c.at);
        err e = record_read(rest, s->sequence, s->key, &head, &payload);
        if (failed(e)) {
            if (c.hole == 0)
                c.hole = c.torn_end = c.at;
            if (e.kind == ERR_SYNTAX)
                c.torn_end = c.at + RECORD_HEADER;
            c.at += RECORD_ALIGN;
            continue;
        }
        uint32_t size = (uint32_t)record_bytes(rest.p);
        if (c.hole && head.durable <= c.hole) {
            c.torn_end = c.at + size; /* of the batch that the hole is in: nobody was told */
            c.at += size;
            continue;
        }
        if (c.hole)
            tell_damage(l, s, scan, data, c.hole, c.at, false);
        c.hole = 0;
        if (scan->on_record) {
            e = scan->on_record(scan->ctx, s, c.at, &head, payload);
            if (failed(e) && scan->on_damage)
                tell_damage(l, s, scan, data, c.at, c.at + size, false);
        }
        c.at += size;
        s->end = c.at;
        if (head.queue_time >= l->now.queue_time)
            l->now = (struct journal_times){head.queue_time, head.wall};
    }
    if (c.hole)
        judge_tail(l, s, scan, data, &c);
    return OK_ERR;
}

err journal_scan(struct journal *l, struct journal_segment *s, const struct journal_scan *scan)
{
    if (s->sequence == 0)
        return set_aside_headless(l, s, scan);
    if (s->id_floor > l->id_floor)
        l->id_floor = s->id_floor;
    if (s->queue_time >= l->now.queue_time)
        l->now = (struct journal_times){s->queue_time, s->wall};
    if (s->sequence >= l->next_sequence)
        l->next_sequence = s->sequence + 1;
    char *data = read_data(s);
    err e = scan_data(l, s, scan, data);
    free(data);
    return e;
}

static void drop_segment_file(struct journal *l, struct journal_segment *s)
{
    char name[NAME_MAX_BYTES];
    segment_name(name, s->number);
    (void)l->disk->unlink(l->disk->ctx, l->dir, name); /* it stays: found and judged again later */
    segment_free(s);
}

void journal_retire_front(struct journal *l)
{
    while (!list_empty(&l->used)) {
        struct journal_segment *s = container_of(l->used.next, struct journal_segment, link);
        if (s == l->active || s->live || !list_empty(&s->messages))
            return;
        list_del(&s->link);
        l->n_used--;
        if (s->bad) {
            drop_segment_file(l, s);
            continue;
        }
        list_add(&l->free, &s->link); /* at the end: used again oldest first */
        l->n_free++;
    }
}

static err write_heads(struct journal *l, struct journal_segment *s)
{
    struct head h = {
        .version = HEAD_VERSION,
        .bytes = s->bytes,
        .sequence = s->sequence,
        .oldest = s->oldest,
        .previous_end = s->previous_end,
        .id_floor = s->id_floor,
        .queue_time = s->queue_time,
        .wall = s->wall,
        .k0 = s->key.k0,
        .k1 = s->key.k1,
    };
    memcpy(h.magic, head_magic, sizeof h.magic);
    h.checksum = siphash(head_key, str_of(&h, offsetof(struct head, checksum)));
    err e = l->disk->write(l->disk->ctx, s->fd, str_of(&h, sizeof h), 0);
    if (failed(e))
        return e;
    e = l->disk->write(l->disk->ctx, s->fd, str_of(&h, sizeof h), s->bytes - JOURNAL_TAIL_BYTES);
    if (failed(e))
        return e;
    /* Before any record: else a loss of power could leave the old head over new records, and
     * that would look like damage. */
    return l->disk->sync(l->disk->ctx, s->fd);
}

err journal_roll(struct journal *l)
{
    assert(l->batch.n == 0);
    if (list_empty(&l->free)) {
        err e = journal_make(l);
        if (failed(e))
            return err_new(ERR_TEMP, "no room for another queue segment");
    }
    struct journal_segment *s = container_of(l->free.next, struct journal_segment, link);
    struct journal_segment *oldest =
        list_empty(&l->used) ? s : container_of(l->used.next, struct journal_segment, link);
    list_del(&s->link);
    l->n_free--;
    s->sequence = l->next_sequence++;
    s->oldest = oldest->sequence;
    s->previous_end = l->active ? l->active->end : 0;
    s->id_floor = l->id_floor;
    s->queue_time = l->now.queue_time;
    s->wall = l->now.wall;
    s->end = JOURNAL_DATA_AT;
    random_bytes(&s->key, sizeof s->key);
    list_add(&l->used, &s->link);
    l->n_used++;
    l->active = s;
    err e = write_heads(l, s);
    if (failed(e))
        s->bad = true;
    return e;
}

bool journal_fits(const struct journal *l, size_t n)
{
    return l->active && !l->active->bad && l->batch.n + n <= JOURNAL_BATCH_MAX &&
           l->active->end + l->batch.n + n <= l->active->bytes - JOURNAL_TAIL_BYTES;
}

uint32_t journal_next_at(const struct journal *l)
{
    return l->active->end + (uint32_t)l->batch.n;
}

static void stamp_batch(struct journal *l)
{
    struct record_head place = {
        .durable = l->active->end,
        .sequence = l->active->sequence,
        .queue_time = l->now.queue_time,
        .wall = l->now.wall,
    };
    for (size_t at = 0; at < l->batch.n; at += record_bytes(l->batch.p + at)) {
        record_stamp(l->batch.p + at, &place, l->active->key);
        l->records++;
    }
}

err journal_flush(struct journal *l)
{
    struct journal_segment *s = l->active;
    if (l->batch.n == 0)
        return OK_ERR;
    stamp_batch(l);
    err e = l->disk->write(l->disk->ctx, s->fd, buf_str(&l->batch), s->end);
    if (!failed(e))
        e = l->disk->sync(l->disk->ctx, s->fd);
    if (failed(e)) {
        s->bad = true; /* after a failed sync the kernel may have dropped the pages */
        return e;
    }
    s->end += (uint32_t)l->batch.n;
    l->written += l->batch.n;
    l->commits++;
    buf_reset(&l->batch);
    return OK_ERR;
}

static err make_finish(struct journal *l)
{
    char name[NAME_MAX_BYTES];
    segment_name(name, l->next_number);
    err e = l->disk->sync(l->disk->ctx, l->making);
    if (!failed(e))
        e = l->disk->rename(l->disk->ctx, l->dir, "segment-new", name);
    if (!failed(e))
        e = l->disk->dir_sync(l->disk->ctx, l->dir);
    if (failed(e))
        return e;
    struct journal_segment *s =
        segment_new(fd_take(&l->making), l->next_number++, l->segment_bytes);
    list_add(&l->free, &s->link);
    l->n_free++;
    return OK_ERR;
}

static err make_failed(struct journal *l, err e)
{
    enum { PAUSE_MS = 5000 };
    fd_closep(&l->making);
    (void)l->disk->unlink(l->disk->ctx, l->dir, "segment-new"); /* gives the space back */
    l->no_growth_until = deadline_in_ms(PAUSE_MS);
    return e;
}

err journal_make_step(struct journal *l, bool *ret_more)
{
    static const char zeros[64 << 10];
    *ret_more = false;
    if (l->making < 0) {
        if (deadline_left_ms(l->no_growth_until) > 0)
            return err_new(ERR_TEMP, "no room for another queue segment");
        l->making_at = 0;
        err e = l->disk->make(l->disk->ctx, l->dir, "segment-new", &l->making);
        if (failed(e))
            return make_failed(l, e);
    }
    for (uint32_t step = 0; step < JOURNAL_ZERO_STEP && l->making_at < l->segment_bytes;) {
        size_t n = l->segment_bytes - l->making_at;
        n = n > sizeof zeros ? sizeof zeros : n;
        err e = l->disk->write(l->disk->ctx, l->making, str_of(zeros, n), l->making_at);
        if (failed(e))
            return make_failed(l, e);
        l->making_at += n;
        step += (uint32_t)n;
    }
    if (l->making_at < l->segment_bytes) {
        *ret_more = true;
        if (l->making_at % JOURNAL_ZERO_SYNC)
            return OK_ERR;
        err e = l->disk->sync(l->disk->ctx, l->making); /* in pieces: nobody waits long */
        return failed(e) ? make_failed(l, e) : OK_ERR;
    }
    err e = make_finish(l);
    return failed(e) ? make_failed(l, e) : OK_ERR;
}

err journal_make(struct journal *l)
{
    bool more = true;
    err e = OK_ERR;
    while (more && !failed(e))
        e = journal_make_step(l, &more);
    return e;
}

uint64_t journal_live_bytes(const struct journal *l)
{
    uint64_t sum = 0;
    list_each (it, &l->used)
        sum += container_of(it, struct journal_segment, link)->live;
    return sum;
}
