/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os/clock.h"
#include "os/file.h"
#include "queue/queue.h"

struct place {
    char path[64];
    int dir;
    uint32_t damages;
};

static void place_make(struct place *p)
{
    *p = (struct place){.path = "/tmp/twp-queue-test.XXXXXX", .dir = -1};
    assert_non_null(mkdtemp(p->path));
    assert_false(failed(dir_open(AT_FDCWD, p->path, &p->dir)));
}

static err remove_entry(void *ctx, const struct dir_entry *e)
{
    char name[300];
    (void)snprintf(name, sizeof name, "%.*s", STR_ARG(e->name));
    int dir = *(int *)ctx;
    (void)unlinkat(dir, name, 0);
    return OK_ERR;
}

static void place_remove(struct place *p)
{
    int sub;
    const char *const names[] = {"bodies", "damaged"};
    for (int i = 0; i < 2; i++) {
        if (failed(dir_open(p->dir, names[i], &sub)))
            continue;
        assert_false(failed(dir_each(sub, ".", remove_entry, &sub)));
        fd_close(sub);
        (void)unlinkat(p->dir, names[i], AT_REMOVEDIR);
    }
    assert_false(failed(dir_each(p->dir, ".", remove_entry, &p->dir)));
    fd_close(p->dir);
    assert_int_equal(rmdir(p->path), 0);
}

static void count_damage(void *ctx, const struct queue_damage *d)
{
    (void)d;
    ((struct place *)ctx)->damages++;
}

static struct queue *place_open(struct place *p, uint32_t segment_bytes)
{
    struct queue *q;
    struct queue_options o = {.dir = p->dir,
                              .segment_bytes = segment_bytes,
                              .segments_first = 3,
                              .on_damage = count_damage,
                              .ctx = p};
    err e = queue_open(&o, &q);
    if (failed(e))
        print_message("queue_open: %s\n", err_text(e));
    assert_false(failed(e));
    return q;
}

static struct queue_message *add(struct queue *q, str body, uint32_t n_rcpts)
{
    struct queue_rcpt rcpts[4] = {{.address = S("ann@example.test"), .notify = S("NEVER")},
                                  {.address = S("taro@example.test")},
                                  {.address = S("x@elsewhere.test"), .orcpt = S("rfc822;x")},
                                  {.address = S("y@elsewhere.test")}};
    struct queue_new n = {.sender = S("from@example.test"),
                          .envid = S("E1"),
                          .user = S("ann"),
                          .sid = S("0123"),
                          .flags = 1,
                          .uid = 1000,
                          .pid = 77,
                          .rcpts = rcpts,
                          .n_rcpts = n_rcpts,
                          .body = body,
                          .body_fd = -1,
                          .size = body.n};
    struct queue_message *m;
    err e = queue_add(q, &n, &m);
    if (failed(e))
        print_message("queue_add: %s\n", err_text(e));
    assert_false(failed(e));
    return m;
}

static void commit(struct queue *q)
{
    assert_false(failed(queue_commit(q)));
}

static void assert_body(struct queue *q, const struct queue_message *m, str want)
{
    assert_int_equal(m->size, want.n);
    char *p = malloc(want.n + 1);
    assert_non_null(p);
    assert_false(failed(queue_body_read(q, m, 0, p, want.n)));
    assert_memory_equal(p, want.p, want.n);
    free(p);
}

static void a_message_comes_back_whole_after_a_restart(void **t)
{
    (void)t;
    struct place p;
    place_make(&p);
    struct queue *q = place_open(&p, 1 << 20);
    struct queue_message *m = add(q, S("Subject: hi\n\nhello\n"), 3);
    assert_int_equal(m->state, MESSAGE_WRITTEN);
    commit(q);
    assert_int_equal(m->state, MESSAGE_OPEN);
    uint64_t id = m->id;
    queue_close(q);

    q = place_open(&p, 1 << 20);
    assert_int_equal(queue_count(q), 1);
    m = queue_find(q, id);
    assert_non_null(m);
    assert_int_equal(m->state, MESSAGE_OPEN);
    assert_int_equal(m->n_rcpts, 3);
    assert_int_equal(m->uid, 1000);
    assert_int_equal(m->pid, 77);
    assert_true(str_eq(m->sender, S("from@example.test")));
    assert_true(str_eq(m->envid, S("E1")) && str_eq(m->user, S("ann")) &&
                str_eq(m->sid, S("0123")));
    assert_true(str_eq(m->rcpts[0].notify, S("NEVER")));
    assert_true(str_eq(m->rcpts[2].orcpt, S("rfc822;x")));
    assert_body(q, m, S("Subject: hi\n\nhello\n"));
    assert_int_equal(p.damages, 0);
    queue_close(q);
    place_remove(&p);
}

static void what_was_not_committed_is_gone(void **t)
{
    (void)t;
    struct place p;
    place_make(&p);
    struct queue *q = place_open(&p, 1 << 20);
    (void)add(q, S("a\n"), 1);
    queue_close(q);
    q = place_open(&p, 1 << 20);
    assert_int_equal(queue_count(q), 0);
    queue_close(q);
    place_remove(&p);
}

static void results_marks_and_ends_are_remembered(void **t)
{
    (void)t;
    struct place p;
    place_make(&p);
    struct queue *q = place_open(&p, 1 << 20);
    struct queue_message *m = add(q, S("a\n"), 4), *gone = add(q, S("b\n"), 1);
    commit(q);
    for (uint32_t i = 0; i < 3; i++)
        queue_started(m, i);
    int64_t later = queue_now(q) + 400;
    queue_result(q, m, 0, RCPT_OK, 0, S("did 1+0+0"), S(""));
    queue_result(q, m, 1, RCPT_DEFER, later, S("disk full"), S(""));
    queue_result(q, m, 2, RCPT_FAIL, 0, S("no such user (#5.1.1)"), S("alias-v-"));
    assert_true(queue_mark(q, m, MESSAGE_HOLD));
    queue_started(gone, 0);
    queue_result(q, gone, 0, RCPT_OK, 0, S(""), S(""));
    queue_end(q, gone, false);
    commit(q);
    uint64_t id = m->id;
    queue_close(q);

    q = place_open(&p, 1 << 20);
    assert_int_equal(queue_count(q), 1);
    m = queue_find(q, id);
    assert_int_equal(m->state, MESSAGE_HELD);
    assert_int_equal(m->n_open, 2);
    assert_int_equal(m->rcpts[0].state, RCPT_DELIVERED);
    assert_int_equal(m->rcpts[1].state, RCPT_WAITING);
    assert_int_equal(m->rcpts[1].next, later);
    assert_int_equal(m->rcpts[1].attempts, 1);
    assert_true(str_eq(m->rcpts[1].text, S("disk full")));
    assert_int_equal(m->rcpts[2].state, RCPT_FAILED);
    assert_true(str_eq(m->rcpts[2].text, S("no such user (#5.1.1)")));
    assert_true(str_eq(m->rcpts[2].shown, S("alias-v-")));
    assert_int_equal(m->rcpts[3].attempts, 0);
    assert_true(queue_mark(q, m, MESSAGE_RELEASE));
    assert_true(queue_mark(q, m, MESSAGE_RETRY));
    assert_int_equal(m->rcpts[1].next, 0);
    commit(q);
    queue_end(q, m, true);
    commit(q);
    assert_int_equal(queue_count(q), 0);
    queue_close(q);
    place_remove(&p);
}

static void an_attempt_in_flight_waits_again_after_a_crash(void **t)
{
    (void)t;
    struct place p;
    place_make(&p);
    struct queue *q = place_open(&p, 1 << 20);
    struct queue_message *m = add(q, S("a\n"), 1);
    commit(q);
    uint64_t id = m->id;
    queue_started(m, 0);
    queue_close(q);
    q = place_open(&p, 1 << 20);
    assert_int_equal(queue_find(q, id)->rcpts[0].state, RCPT_WAITING);
    queue_close(q);
    place_remove(&p);
}

static void one_deferred_message_pins_nothing(void **t)
{
    (void)t;
    struct place p;
    place_make(&p);
    struct queue *q = place_open(&p, QUEUE_SEGMENT_BYTES_MIN);
    char body[4000];
    memset(body, 'x', sizeof body);
    struct queue_message *old = add(q, str_of(body, sizeof body), 2);
    commit(q);
    queue_started(old, 0);
    queue_result(q, old, 0, RCPT_DEFER, 5, S("later"), S(""));
    uint64_t id = old->id;
    for (int i = 0; i < 500; i++) { /* 2 MB through segments of 64 KiB */
        struct queue_message *m = add(q, str_of(body, sizeof body), 1);
        commit(q);
        queue_started(m, 0);
        queue_result(q, m, 0, RCPT_OK, 0, S(""), S(""));
        queue_end(q, m, false);
        (void)queue_tidy(q);
    }
    commit(q);
    struct queue_figures f = queue_figures(q);
    assert_in_range(f.segments, 1, 6);
    assert_int_equal(f.messages, 1);
    queue_close(q);
    q = place_open(&p, QUEUE_SEGMENT_BYTES_MIN);
    assert_int_equal(queue_count(q), 1);
    old = queue_find(q, id);
    assert_non_null(old);
    assert_true(str_eq(old->rcpts[0].text, S("later")));
    assert_body(q, old, str_of(body, sizeof body));
    assert_int_equal(p.damages, 0);
    queue_close(q);
    place_remove(&p);
}

static void the_log_grows_with_what_lives_in_it(void **t)
{
    (void)t;
    struct place p;
    place_make(&p);
    struct queue *q = place_open(&p, QUEUE_SEGMENT_BYTES_MIN);
    char body[8000];
    memset(body, 'y', sizeof body);
    for (int i = 0; i < 100; i++) {
        (void)add(q, str_of(body, sizeof body), 1);
        commit(q);
    }
    queue_close(q);
    q = place_open(&p, QUEUE_SEGMENT_BYTES_MIN);
    assert_int_equal(queue_count(q), 100);
    uint64_t last = 0;
    for (struct queue_message *m = queue_next(q, NULL); m; m = queue_next(q, m)) {
        assert_true(m->id > last);
        last = m->id;
        assert_body(q, m, str_of(body, sizeof body));
        queue_end(q, m, true);
    }
    commit(q);
    assert_int_equal(queue_count(q), 0);
    queue_close(q);
    place_remove(&p);
}

static void ids_are_never_given_out_again_even_if_the_clock_goes_back(void **t)
{
    (void)t;
    struct place p;
    place_make(&p);
    clock_freeze_for_test(2'000'000'000);
    struct queue *q = place_open(&p, QUEUE_SEGMENT_BYTES_MIN);
    struct queue_message *m = add(q, S("a\n"), 1);
    commit(q);
    uint64_t id = m->id;
    queue_end(q, m, true);
    commit(q);
    queue_close(q);
    clock_freeze_for_test(1'000'000'000);
    for (int i = 0; i < 6; i++) { /* so often that its segment is used again */
        q = place_open(&p, QUEUE_SEGMENT_BYTES_MIN);
        m = add(q, S("b\n"), 1);
        assert_true(m->id > id);
        id = m->id;
        commit(q);
        queue_end(q, m, true);
        commit(q);
        queue_close(q);
    }
    clock_freeze_for_test(-1);
    place_remove(&p);
}

static void a_clock_that_jumps_while_stopped_ages_mail_by_a_day_at_most(void **t)
{
    (void)t;
    struct place p;
    place_make(&p);
    clock_freeze_for_test(1'700'000'000);
    struct queue *q = place_open(&p, QUEUE_SEGMENT_BYTES_MIN);
    struct queue_message *m = add(q, S("a\n"), 1);
    int64_t birth = m->birth;
    commit(q);
    queue_close(q);
    clock_freeze_for_test(2'700'000'000);
    q = place_open(&p, QUEUE_SEGMENT_BYTES_MIN);
    assert_in_range(queue_now(q) - birth, 86400, 86410);
    queue_close(q);
    clock_freeze_for_test(100);
    q = place_open(&p, QUEUE_SEGMENT_BYTES_MIN);
    assert_in_range(queue_now(q) - birth, 0, 86410);
    queue_close(q);
    clock_freeze_for_test(-1);
    place_remove(&p);
}

static void large_bodies_lie_in_files_of_their_own(void **t)
{
    (void)t;
    struct place p;
    place_make(&p);
    struct queue *q = place_open(&p, 1 << 20);
    uint64_t file, orphan;
    auto_fd int fd = -1;
    auto_fd int orphan_fd = -1;
    assert_false(failed(queue_body_lend(q, &orphan, &orphan_fd)));
    assert_false(failed(queue_body_lend(q, &file, &fd)));
    size_t size = 300'000;
    char *body = malloc(size);
    assert_non_null(body);
    memset(body, 'z', size);
    assert_false(failed(file_write(fd, str_of(body, size))));
    struct queue_rcpt rcpt = {.address = S("a@b")};
    struct queue_new n = {.rcpts = &rcpt, .n_rcpts = 1, .body_fd = -1, .size = size, .file = file};
    struct queue_message *m;
    assert_false(failed(queue_add(q, &n, &m)));
    commit(q);
    uint64_t id = m->id;
    assert_true(failed(queue_add(q, &n, &m))); /* bound already */
    queue_close(q);

    q = place_open(&p, 1 << 20);
    m = queue_find(q, id);
    assert_non_null(m);
    assert_body(q, m, str_of(body, size));
    struct stat st;
    char name[40];
    (void)snprintf(name, sizeof name, "bodies/%llu", (unsigned long long)orphan);
    assert_int_equal(file_stat(p.dir, name, &st).kind, ERR_NOTFOUND);
    queue_end(q, m, true);
    (void)snprintf(name, sizeof name, "bodies/%llu", (unsigned long long)file);
    assert_false(failed(file_stat(p.dir, name, &st)));
    commit(q);
    assert_int_equal(file_stat(p.dir, name, &st).kind, ERR_NOTFOUND);
    queue_close(q);
    free(body);
    place_remove(&p);
}

static void a_body_that_is_shorter_than_stated_is_refused_and_leaves_nothing(void **t)
{
    (void)t;
    struct place p;
    place_make(&p);
    struct queue *q = place_open(&p, 1 << 20);
    auto_fd int fd = -1;
    assert_false(failed(fd_sealed("body", S("short"), &fd)));
    struct queue_rcpt rcpt = {.address = S("a@b")};
    struct queue_new n = {.rcpts = &rcpt, .n_rcpts = 1, .body_fd = fd, .size = 1000};
    struct queue_message *m;
    assert_int_equal(queue_add(q, &n, &m).kind, ERR_SYNTAX);
    assert_false(queue_dirty(q));
    n.size = 5;
    assert_false(failed(queue_add(q, &n, &m)));
    commit(q);
    assert_body(q, m, S("short"));
    queue_close(q);
    place_remove(&p);
}

static void only_one_process_has_the_queue(void **t)
{
    (void)t;
    struct place p;
    place_make(&p);
    struct queue *q = place_open(&p, QUEUE_SEGMENT_BYTES_MIN), *second;
    struct queue_options o = {.dir = p.dir, .segment_bytes = QUEUE_SEGMENT_BYTES_MIN};
    assert_int_equal(queue_open(&o, &second).kind, ERR_TEMP);
    queue_close(q);
    place_remove(&p);
}

/* ---- a disk that fails ---- */
struct bad_disk {
    int syncs_to_fail, makes_to_fail;
};

static err bad_write(void *ctx, int fd, str bytes, uint64_t at)
{
    (void)ctx;
    return file_pwrite(fd, bytes, at);
}
static err bad_sync(void *ctx, int fd)
{
    struct bad_disk *b = ctx;
    (void)fd;
    if (b->syncs_to_fail == 0)
        return OK_ERR;
    b->syncs_to_fail--;
    return (err){.kind = ERR_SYS, .sys = 5, .what = "fdatasync"};
}
static err bad_make(void *ctx, int dir, const char *name, int *ret_fd)
{
    struct bad_disk *b = ctx;
    if (b->makes_to_fail)
        return (err){.kind = ERR_SYS, .sys = 28, .what = "open"};
    return disk_real.make(NULL, dir, name, ret_fd);
}

static void a_failed_sync_moves_the_batch_elsewhere_and_two_break_the_queue(void **t)
{
    (void)t;
    struct place p;
    place_make(&p);
    struct bad_disk bad = {0};
    struct disk disk = disk_real;
    disk.ctx = &bad;
    disk.write = bad_write;
    disk.sync = bad_sync;
    disk.make = bad_make;
    struct queue_options o = {
        .dir = p.dir, .segment_bytes = QUEUE_SEGMENT_BYTES_MIN, .segments_first = 4, .disk = &disk};
    struct queue *q;
    assert_false(failed(queue_open(&o, &q)));
    struct queue_message *m = add(q, S("first\n"), 1);
    commit(q);
    bad.syncs_to_fail = 1;
    struct queue_message *m2 = add(q, S("second\n"), 1);
    commit(q);
    assert_int_equal(m2->state, MESSAGE_OPEN);
    assert_body(q, m, S("first\n"));
    assert_body(q, m2, S("second\n"));
    bad.syncs_to_fail = 2;
    (void)add(q, S("third\n"), 1);
    assert_true(failed(queue_commit(q)));
    assert_true(failed(queue_commit(q)));
    queue_close(q);
    q = place_open(&p, QUEUE_SEGMENT_BYTES_MIN);
    assert_in_range(queue_count(q), 2, 3);
    queue_close(q);
    place_remove(&p);
}

static void a_full_disk_refuses_new_mail_and_still_records_results(void **t)
{
    (void)t;
    struct place p;
    place_make(&p);
    struct bad_disk bad = {0};
    struct disk disk = disk_real;
    disk.ctx = &bad;
    disk.make = bad_make;
    struct queue_options o = {
        .dir = p.dir, .segment_bytes = QUEUE_SEGMENT_BYTES_MIN, .segments_first = 3, .disk = &disk};
    struct queue *q;
    assert_false(failed(queue_open(&o, &q)));
    bad.makes_to_fail = 1;
    char body[4000];
    memset(body, 'x', sizeof body);
    struct queue_rcpt rcpts[2] = {{.address = S("a@b")}, {.address = S("c@d")}};
    struct queue_new n = {.rcpts = rcpts,
                          .n_rcpts = 2,
                          .body = str_of(body, sizeof body),
                          .body_fd = -1,
                          .size = sizeof body};
    struct queue_message *m;
    uint32_t taken = 0;
    err e = OK_ERR;
    while (!failed(e) && taken < 1000) {
        e = queue_add(q, &n, &m);
        if (!failed(e)) {
            taken++;
            commit(q);
        }
    }
    assert_int_equal(e.kind, ERR_TEMP);
    assert_in_range(taken, 10, 50);
    for (m = queue_next(q, NULL); m; m = queue_next(q, m)) {
        queue_started(m, 0);
        queue_result(q, m, 0, RCPT_DEFER, 7, S("disk full"), S(""));
    }
    commit(q);
    n.reserve = true; /* a bounce */
    assert_false(failed(queue_add(q, &n, &m)));
    commit(q);
    for (m = queue_next(q, NULL); m; m = queue_next(q, m))
        queue_end(q, m, true);
    commit(q);
    n.reserve = false;
    assert_false(failed(queue_add(q, &n, &m))); /* there is room again */
    commit(q);
    queue_close(q);
    place_remove(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_comes_back_whole_after_a_restart),
        cmocka_unit_test(what_was_not_committed_is_gone),
        cmocka_unit_test(results_marks_and_ends_are_remembered),
        cmocka_unit_test(an_attempt_in_flight_waits_again_after_a_crash),
        cmocka_unit_test(one_deferred_message_pins_nothing),
        cmocka_unit_test(the_log_grows_with_what_lives_in_it),
        cmocka_unit_test(ids_are_never_given_out_again_even_if_the_clock_goes_back),
        cmocka_unit_test(a_clock_that_jumps_while_stopped_ages_mail_by_a_day_at_most),
        cmocka_unit_test(large_bodies_lie_in_files_of_their_own),
        cmocka_unit_test(a_body_that_is_shorter_than_stated_is_refused_and_leaves_nothing),
        cmocka_unit_test(only_one_process_has_the_queue),
        cmocka_unit_test(a_failed_sync_moves_the_batch_elsewhere_and_two_break_the_queue),
        cmocka_unit_test(a_full_disk_refuses_new_mail_and_still_records_results),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
