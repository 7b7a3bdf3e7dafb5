/* SPDX-License-Identifier: ISC */
/* How it works: the workload is run on a disk that ends the process before its n-th durable
 * step, for every n; and a small log is torn at every octet, and every octet of it flipped. */
#include "queue/crash_kit.h"

#include <sys/wait.h>

enum { KILLED = 9 };

/* ---- a disk that ends the process before its n-th step ---- */
struct fuse {
    uint64_t steps, at;
};
static void burn(void *ctx)
{
    struct fuse *f = ctx;
    if (++f->steps == f->at)
        _exit(KILLED);
}
static err fuse_write(void *ctx, int fd, str bytes, uint64_t at)
{
    burn(ctx);
    return disk_real.write(NULL, fd, bytes, at);
}
static err fuse_sync(void *ctx, int fd)
{
    (void)fd; /* kill -9 keeps the page cache: a real sync would only be slow */
    burn(ctx);
    return OK_ERR;
}
static err fuse_make(void *ctx, int dir, const char *name, int *ret_fd)
{
    burn(ctx);
    return disk_real.make(NULL, dir, name, ret_fd);
}
static err fuse_rename(void *ctx, int dir, const char *from, const char *to)
{
    burn(ctx);
    return disk_real.rename(NULL, dir, from, to);
}
static err fuse_unlink(void *ctx, int dir, const char *name)
{
    burn(ctx);
    return disk_real.unlink(NULL, dir, name);
}

/* The child: works until the fuse burns; its diary comes by the pipe. Exit 0: done. */
static void child(int dir, int report, uint64_t seed, uint64_t kill_at)
{
    struct fuse f = {.at = kill_at};
    struct disk disk = {.ctx = &f,
                        .write = fuse_write,
                        .sync = fuse_sync,
                        .make = fuse_make,
                        .rename = fuse_rename,
                        .unlink = fuse_unlink,
                        .dir_sync = fuse_sync};
    struct queue_options o = {
        .dir = dir, .segment_bytes = QUEUE_SEGMENT_BYTES_MIN, .segments_first = 3, .disk = &disk};
    struct diary d = {.report = report};
    struct queue *q;
    dice = seed;
    if (failed(queue_open(&o, &q)) || !work(q, &d, &disk, 60))
        _exit(1);
    _exit(0);
}

static void read_diary(int fd, struct diary *d)
{
    struct {
        uint32_t promise, n;
    } head;
    while (read(fd, &head, sizeof head) == (ssize_t)sizeof head) {
        char *p = mem_alloc("diary", head.n);
        size_t have = 0;
        while (have < head.n) {
            ssize_t n = read(fd, p + have, head.n - have);
            assert_true(n > 0); /* writes to the pipe are whole: the fuse burns elsewhere */
            have += (size_t)n;
        }
        vec_push(&d->states, p);
        if (head.promise)
            d->promised = d->states.n - 1;
    }
}

static void a_process_killed_at_any_durable_step_breaks_no_promise(void **t)
{
    (void)t;
    bool done = false;
    for (uint64_t at = 1; !done; at += at < 400 ? 1 : 3) {
        char path[128];
        int dir;
        place_make(path, sizeof path, "kill", &dir);
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            close(ends[0]);
            child(dir, ends[1], 7, at);
        }
        close(ends[1]);
        struct diary d = {.report = -1};
        read_diary(ends[0], &d);
        close(ends[0]);
        int status;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        done = WEXITSTATUS(status) == 0;
        if (!done)
            assert_int_equal(WEXITSTATUS(status), KILLED);
        if (d.states.n == 0)
            vec_push(&d.states, calloc(1, 1)); /* killed while it was made: an empty queue */
        char when[64];
        (void)snprintf(when, sizeof when, "killed at step %" PRIu64, at);
        check_image(dir, &d, when, at % 5 == 0);
        diary_done(&d);
        place_remove(path, dir);
    }
}
/* ---- damage of what was durable ---- */
struct made {
    char *bytes;
    size_t size, end, last; /* last: where the last record begins */
    struct diary d;
};

/* A queue of a few messages in one segment; its bytes. */
static void make_small(struct made *made)
{
    char path[128];
    int dir;
    place_make(path, sizeof path, "small", &dir);
    struct queue_options o = {
        .dir = dir, .segment_bytes = QUEUE_SEGMENT_BYTES_MIN, .segments_first = 1};
    struct queue *q;
    assert_false(failed(queue_open(&o, &q)));
    made->d = (struct diary){.report = -1};
    note(&made->d, q, true);
    dice = 5;
    for (int i = 0; i < 6; i++) {
        static char body[300];
        struct queue_rcpt rcpts[2] = {{.address = S("a@b")}, {.address = S("c@d")}};
        struct queue_new n = {.rcpts = rcpts, .n_rcpts = 2, .body_fd = -1};
        n.size = make_body(body, 100 + throw_dice(100));
        n.body = str_of(body, n.size);
        n.reserve = true;
        struct queue_message *m;
        assert_false(failed(queue_add(q, &n, &m)));
        note(&made->d, q, false);
        made->last = q->journal.active->end;
        assert_false(failed(queue_commit(q)));
    }
    made->end = q->journal.active->end;
    queue_close(q);
    auto_fd int fd = -1;
    assert_false(failed(file_open(dir, "segment-000001", O_RDONLY, 0, &fd)));
    made->size = QUEUE_SEGMENT_BYTES_MIN;
    made->bytes = mem_alloc("segment", made->size);
    assert_int_equal(pread(fd, made->bytes, made->size, 0), made->size);
    place_remove(path, dir);
}

static struct queue *open_bytes(const char *bytes, size_t size, char *path, size_t path_size,
                                int *ret_dir, struct seen *seen)
{
    static struct disk disk;
    disk = disk_real;
    disk.sync = disk.dir_sync = skip_sync;
    place_make(path, path_size, "image", ret_dir);
    auto_fd int fd = -1;
    assert_false(failed(file_open(*ret_dir, "segment-000001", O_RDWR | O_CREAT, 0600, &fd)));
    assert_false(failed(file_pwrite(fd, str_of(bytes, size), 0)));
    *seen = (struct seen){0};
    struct queue_options o = {.dir = *ret_dir,
                              .segment_bytes = QUEUE_SEGMENT_BYTES_MIN,
                              .segments_first = 2,
                              .disk = &disk,
                              .on_damage = see_damage,
                              .ctx = seen};
    struct queue *q;
    assert_false(failed(queue_open(&o, &q)));
    return q;
}

static void a_log_torn_at_any_octet_gives_the_records_before_it(void **t)
{
    (void)t;
    struct made made;
    make_small(&made);
    char *torn = mem_alloc("torn", made.size);
    size_t last = 0;
    for (size_t cut = JOURNAL_DATA_AT; cut <= made.end; cut++) {
        memcpy(torn, made.bytes, made.size);
        memset(torn + cut, 0, made.end - cut);
        char path[128];
        int dir;
        struct seen seen;
        struct queue *q = open_bytes(torn, made.size, path, sizeof path, &dir, &seen);
        size_t n = queue_count(q);
        assert_true(n == last || n == last + 1);
        last = n;
        auto_buf struct buf b;
        buf_init(&b, 1 << 20);
        describe(q, &b);
        buf_addc(&b, 0);
        assert_string_equal(b.p, made.d.states.at[n]);
        assert_int_equal(seen.damages, 0);
        check_bodies(q);
        queue_close(q);
        place_remove(path, dir);
    }
    assert_int_equal(last, 6);
    free(torn);
    free(made.bytes);
    diary_done(&made.d);
}

static void a_flipped_bit_costs_at_most_the_record_it_is_in(void **t)
{
    (void)t;
    struct made made;
    make_small(&made);
    for (size_t at = 0; at < made.end; at += at < JOURNAL_DATA_AT && at > 200 ? 512 : 1) {
        made.bytes[at] ^= (char)(1 << (at % 8));
        char path[128];
        int dir;
        struct seen seen;
        struct queue *q = open_bytes(made.bytes, made.size, path, sizeof path, &dir, &seen);
        size_t n = queue_count(q);
        if (at < JOURNAL_DATA_AT) /* the head: its twin stands in */
            assert_int_equal(n, 6);
        else
            assert_in_range(n, 5, 6);
        /* The last record with another sequence looks like one of an earlier use. */
        bool last = at >= made.last && at < made.last + RECORD_HEADER;
        if (n == 5 && !last)
            assert_int_equal(seen.damages + seen.tails, 1);
        check_bodies(q);
        queue_close(q);
        place_remove(path, dir);
        made.bytes[at] ^= (char)(1 << (at % 8));
    }
    free(made.bytes);
    diary_done(&made.d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_process_killed_at_any_durable_step_breaks_no_promise),
        cmocka_unit_test(a_log_torn_at_any_octet_gives_the_records_before_it),
        cmocka_unit_test(a_flipped_bit_costs_at_most_the_record_it_is_in),
    };
    return cmocka_run_group_tests(tests, make_base, remove_base);
}
