/* SPDX-License-Identifier: ISC */
/* queue/crash_kit.h -- for crash_test.c and power_test.c: a workload (a day in the queue's life
 * on small segments), a diary of the states the queue went through, and the check that what a
 * crash left is one of those between the last promise and the end. Tests only.
 */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os/file.h"
#include "queue/private.h"

/* ---- repeatable randomness ---- */
static uint64_t dice;
static uint32_t throw_dice(uint32_t below)
{
    dice = dice * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(dice >> 33) % below;
}

/* ---- places ---- */
static char base[64];

static void place_make(char *path, size_t size, const char *name, int *ret_dir)
{
    assert_in_range(snprintf(path, size, "%s/%s", base, name), 1, size - 1);
    assert_false(failed(dir_make(AT_FDCWD, path, 0700)));
    assert_false(failed(dir_open(AT_FDCWD, path, ret_dir)));
}

static err remove_tree(void *ctx, const struct dir_entry *e)
{
    char name[300];
    (void)snprintf(name, sizeof name, "%.*s", STR_ARG(e->name));
    int dir = *(int *)ctx;
    if (unlinkat(dir, name, 0) == 0)
        return OK_ERR;
    int sub;
    assert_false(failed(dir_open(dir, name, &sub)));
    assert_false(failed(dir_each(sub, ".", remove_tree, &sub)));
    fd_close(sub);
    assert_int_equal(unlinkat(dir, name, AT_REMOVEDIR), 0);
    return OK_ERR;
}

static void place_remove(const char *path, int dir)
{
    assert_false(failed(dir_each(dir, ".", remove_tree, &dir)));
    fd_close(dir);
    assert_int_equal(rmdir(path), 0);
}

/* ---- what the queue looks like, as text ---- */
static void describe(struct queue *q, struct buf *b)
{
    for (const struct queue_message *m = queue_next(q, NULL); m; m = queue_next(q, m)) {
        if (m->state == MESSAGE_CLOSING)
            continue;
        buf_addf(b, "%" PRIu64 " %s %" PRIu64, m->id, m->state == MESSAGE_HELD ? "held" : "open",
                 m->size);
        for (uint32_t i = 0; i < m->n_rcpts; i++) {
            const struct queue_rcpt *r = &m->rcpts[i];
            enum rcpt_state s = r->state == RCPT_FLYING ? RCPT_WAITING : r->state;
            buf_addf(b, " [%s %" PRIu32 " %" PRId64 " %.*s]", rcpt_state_name(s), r->attempts,
                     r->next, STR_ARG(r->text));
        }
        buf_addc(b, '\n');
    }
}

/* Bodies carry their own checksum: a wrong one must not be taken for a message. */
static size_t make_body(char *p, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        p[i] = (char)('a' + (n * 7 + i * 13) % 26);
    return n;
}

static void check_bodies(struct queue *q)
{
    static char want[QUEUE_INLINE_MAX + 60000], got[sizeof want];
    for (const struct queue_message *m = queue_next(q, NULL); m; m = queue_next(q, m)) {
        (void)make_body(want, (uint32_t)m->size);
        err e = queue_body_read(q, m, 0, got, m->size);
        assert_false(failed(e));
        assert_memory_equal(want, got, m->size);
    }
}

/* ---- the workload ---- */
struct diary {
    VEC(char *) states; /* after each change: what a reader may find */
    size_t promised;    /* everything before states.at[promised] was superseded by a commit */
    int report;         /* pipe for a child's diary, or -1 */
};

static void note(struct diary *d, struct queue *q, bool promise)
{
    struct buf b;
    buf_init(&b, 1 << 20);
    describe(q, &b);
    buf_addc(&b, 0);
    if (d->report >= 0) {
        struct {
            uint32_t promise, n;
        } head = {promise, (uint32_t)b.n};
        assert_false(failed(file_write(d->report, str_of(&head, sizeof head))));
        assert_false(failed(file_write(d->report, buf_str(&b))));
    } else {
        char *copy = mem_alloc("diary", b.n);
        memcpy(copy, b.p, b.n);
        vec_push(&d->states, copy);
        if (promise)
            d->promised = d->states.n - 1;
    }
    buf_done(&b);
}

static void diary_done(struct diary *d)
{
    for (size_t i = 0; i < d->states.n; i++)
        free(d->states.at[i]);
    vec_done(&d->states);
}

static bool work_add(struct queue *q, struct diary *d)
{
    char body[8192]; /* not static: images are checked by running it inside itself */
    struct queue_rcpt rcpts[3] = {
        {.address = S("a@b")}, {.address = S("c@d")}, {.address = S("e@f")}};
    struct queue_new n = {.sender = S("s@t"), .rcpts = rcpts, .body_fd = -1};
    n.n_rcpts = 1 + throw_dice(3);
    n.size = make_body(body, throw_dice(6000));
    n.body = str_of(body, n.size);
    struct queue_message *m;
    err e = queue_add(q, &n, &m);
    if (!failed(e))
        note(d, q, false);
    return !failed(e);
}

static bool work_add_file(struct queue *q, struct diary *d, const struct disk *disk)
{
    char body[QUEUE_INLINE_MAX + 50000];
    struct queue_rcpt rcpts[1] = {{.address = S("a@b")}};
    struct queue_new n = {.rcpts = rcpts, .n_rcpts = 1, .body_fd = -1};
    auto_fd int fd = -1;
    if (failed(queue_body_lend(q, &n.file, &fd)))
        return false;
    n.size = make_body(body, QUEUE_INLINE_MAX + throw_dice(50000));
    if (failed(disk->write(disk->ctx, fd, str_of(body, n.size), 0)) ||
        failed(disk->sync(disk->ctx, fd)))
        return false;
    struct queue_message *m;
    err e = queue_add(q, &n, &m);
    if (!failed(e))
        note(d, q, false);
    return !failed(e);
}

static struct queue_message *pick(struct queue *q)
{
    size_t n = queue_count(q);
    if (n == 0)
        return NULL;
    struct queue_message *m = queue_next(q, NULL);
    for (uint32_t skip = throw_dice((uint32_t)n); skip; skip--)
        m = queue_next(q, m);
    return m->state == MESSAGE_OPEN || m->state == MESSAGE_HELD ? m : NULL;
}

/* A result; the last one ends the message, after a bounce when one failed. */
static void work_result(struct queue *q, struct diary *d, struct queue_message *m)
{
    uint32_t i = 0;
    while (i < m->n_rcpts && m->rcpts[i].state != RCPT_WAITING)
        i++;
    if (i == m->n_rcpts)
        return;
    static const enum rcpt_event events[] = {RCPT_OK, RCPT_OK, RCPT_DEFER, RCPT_FAIL};
    enum rcpt_event event = events[throw_dice(4)];
    queue_started(m, i);
    queue_result(q, m, i, event, 1000 + throw_dice(1000), S("a report"), S(""));
    if (m->n_open) {
        note(d, q, false);
        return;
    }
    bool bounce = false;
    for (i = 0; i < m->n_rcpts; i++)
        bounce = bounce || m->rcpts[i].state == RCPT_FAILED;
    /* Between the bounce and the END a reader finds the message with its last recipient still
     * waiting: that state is noted by the END's order alone, so describe() it by hand. */
    if (bounce) {
        struct queue_rcpt rcpt = {.address = S("s@t")};
        struct queue_new n = {.rcpts = &rcpt, .n_rcpts = 1, .body_fd = -1, .reserve = true};
        char body[100];
        n.size = make_body(body, sizeof body);
        n.body = str_of(body, n.size);
        struct queue_message *b;
        if (failed(queue_add(q, &n, &b)))
            return;
    }
    queue_end(q, m, false);
    note(d, q, false);
}

static bool work(struct queue *q, struct diary *d, const struct disk *disk, int steps)
{
    note(d, q, true);
    for (int i = 0; i < steps; i++) {
        for (uint32_t n = 1 + throw_dice(4); n; n--) {
            uint32_t what = throw_dice(20);
            struct queue_message *m = pick(q);
            if (what < 7 || !m) {
                if (!work_add(q, d))
                    return false;
            } else if (what == 7 && i % 4 == 0) {
                if (!work_add_file(q, d, disk))
                    return false;
            } else if (what == 8) {
                (void)queue_mark(q, m, m->state == MESSAGE_HELD ? MESSAGE_RELEASE : MESSAGE_HOLD);
                note(d, q, false);
            } else if (what == 9 && m->flying == 0) {
                queue_end(q, m, true);
                note(d, q, false);
            } else {
                work_result(q, d, m);
            }
        }
        (void)queue_tidy(q);
        if (failed(queue_commit(q)))
            return false;
        note(d, q, true);
    }
    return true;
}

static bool bounce_then_end_torn(const char *got, const struct diary *d);

/* The reader's state must be one of those since the last promise. */
static void assert_legal(const char *got, const struct diary *d, const char *when)
{
    for (size_t i = d->promised; i < d->states.n; i++)
        if (strcmp(got, d->states.at[i]) == 0)
            return;
    if (bounce_then_end_torn(got, d))
        return;
    print_message("%s: found\n%swhich is none of the %zu legal states; promised was\n%s", when, got,
                  d->states.n - d->promised, d->states.at[d->promised]);
    fail();
}

/* One state is not in the diary: the bounce is there, the END of its message is not yet. Then
 * got = a state of the diary plus one more message at the end, the bounce. */
static bool bounce_then_end_torn(const char *got, const struct diary *d)
{
    size_t n = strlen(got);
    if (n < 2)
        return false;
    size_t last = n - 1;
    while (last > 0 && got[last - 1] != '\n')
        last--;
    if (!strstr(got + last, " open 100 [waiting 0 0 ]"))
        return false;
    for (size_t i = d->promised; i < d->states.n; i++)
        if (strlen(d->states.at[i]) == last && strncmp(d->states.at[i], got, last) == 0)
            return true;
    return false;
}

/* Opens what a crash left, without syncing (these images are thrown away), and checks it. */
static err skip_sync(void *ctx, int fd)
{
    (void)ctx;
    (void)fd;
    return OK_ERR;
}

struct seen {
    uint32_t damages, tails;
};
static void see_damage(void *ctx, const struct queue_damage *d)
{
    struct seen *s = ctx;
    if (d->tail)
        s->tails++;
    else
        s->damages++;
}

static void check_image(int dir, const struct diary *d, const char *when, bool again)
{
    struct disk disk = disk_real;
    disk.sync = disk.dir_sync = skip_sync;
    struct seen seen = {0};
    struct queue_options o = {.dir = dir,
                              .segment_bytes = QUEUE_SEGMENT_BYTES_MIN,
                              .segments_first = 3,
                              .disk = &disk,
                              .on_damage = see_damage,
                              .ctx = &seen};
    struct queue *q;
    err e = queue_open(&o, &q);
    if (failed(e))
        print_message("%s: %s\n", when, err_text(e));
    assert_false(failed(e));
    if (seen.damages)
        print_message("%s: %u damages told\n", when, seen.damages);
    assert_int_equal(seen.damages, 0);
    auto_buf struct buf b;
    buf_init(&b, 1 << 20);
    describe(q, &b);
    buf_addc(&b, 0);
    assert_legal(b.p, d, when);
    check_bodies(q);
    if (again) { /* what was found must be found again, and new records must not mix with old */
        struct diary more = {.report = -1};
        assert_true(work(q, &more, &disk, 2));
        more.promised = more.states.n - 1;
        queue_close(q);
        check_image(dir, &more, when, false);
        diary_done(&more);
        return;
    }
    queue_close(q);
}

static int make_base(void **t)
{
    (void)t;
    (void)snprintf(base, sizeof base, "/dev/shm/twp-crash.XXXXXX");
    if (!mkdtemp(base)) { /* no memory file system: slower, as good */
        (void)snprintf(base, sizeof base, "/tmp/twp-crash.XXXXXX");
        if (!mkdtemp(base))
            return -1;
    }
    return 0;
}

static int remove_base(void **t)
{
    (void)t;
    return rmdir(base);
}
