/* SPDX-License-Identifier: ISC */
/* How it works: the workload is run on a disk that records every write, sync and rename. Before
 * each step the images that a loss of power may leave then are built: nothing of what was not
 * synced, all of it, and random sectors and a random first part of the names; each is opened,
 * checked, worked on, and opened again. */
#include "queue/crash_kit.h"

enum { SECTOR = 512 };

/* ---- a disk that records ---- */
struct write_op {
    uint64_t at;
    size_t n;
    char *bytes;
};
struct shadow { /* a file: what is safe, and what is not yet */
    uint64_t ino;
    char *synced;
    size_t size;
    VEC(struct write_op) pending;
};
struct name_op {
    int dir; /* 0: the queue's, 1: bodies, 2: damaged */
    char name[64];
    uint64_t ino; /* 0: removed */
};
struct recorder {
    VEC(struct shadow) files;
    VEC(struct name_op) names, pending_names; /* names: in order, the last says */
    int queue_dir;
    const struct diary *diary;
    uint64_t ops, images;
    uint32_t every;
};

static uint64_t ino_of(int fd)
{
    struct stat st;
    assert_int_equal(fstat(fd, &st), 0);
    return st.st_ino;
}

/* Inode numbers are used again: a file that is made is a new shadow, the last one counts. */
static struct shadow *shadow_of(struct recorder *r, uint64_t ino)
{
    for (size_t i = r->files.n; i; i--)
        if (r->files.at[i - 1].ino == ino)
            return &r->files.at[i - 1];
    return NULL;
}

static int dir_kind(const struct recorder *r, int dir, const char **name)
{
    if (strncmp(*name, "damaged/", 8) == 0) {
        *name += 8;
        return 2;
    }
    return ino_of(dir) == ino_of(r->queue_dir) ? 0 : 1;
}

static void put_bytes(struct shadow *s, uint64_t at, const char *p, size_t n)
{
    if (at + n > s->size) {
        s->synced = mem_grow("shadow", s->synced, at + n);
        memset(s->synced + s->size, 0, at + n - s->size);
        s->size = at + n;
    }
    memcpy(s->synced + at, p, n);
}

static void shadow_sync(struct shadow *s)
{
    for (size_t i = 0; i < s->pending.n; i++) {
        put_bytes(s, s->pending.at[i].at, s->pending.at[i].bytes, s->pending.at[i].n);
        free(s->pending.at[i].bytes);
    }
    s->pending.n = 0;
}

/* Which part of what was not synced survives. */
enum survive { SURVIVE_NONE, SURVIVE_ALL, SURVIVE_SOME };

static void write_file(const struct shadow *s, int dir, const char *path, enum survive how)
{
    auto_fd int fd = -1;
    assert_false(failed(file_open(dir, path, O_RDWR | O_CREAT | O_TRUNC, 0600, &fd)));
    if (s->size)
        assert_false(failed(file_pwrite(fd, str_of(s->synced, s->size), 0)));
    for (size_t i = 0; how != SURVIVE_NONE && i < s->pending.n; i++) {
        const struct write_op *w = &s->pending.at[i];
        for (size_t at = 0; at < w->n;) { /* sector by sector */
            size_t n = SECTOR - (w->at + at) % SECTOR;
            n = n > w->n - at ? w->n - at : n;
            if (how == SURVIVE_ALL || throw_dice(2))
                assert_false(failed(file_pwrite(fd, str_of(w->bytes + at, n), w->at + at)));
            at += n;
        }
    }
}

struct live_names {
    struct name_op at[256];
    size_t n;
};

static void live_apply(struct live_names *l, const struct name_op *op)
{
    for (size_t i = 0; i < l->n; i++) {
        if (l->at[i].dir != op->dir || strcmp(l->at[i].name, op->name) != 0)
            continue;
        l->at[i] = l->at[--l->n];
        break;
    }
    if (op->ino == 0)
        return;
    assert_true(l->n < 256);
    l->at[l->n++] = *op;
}

static void build_image(struct recorder *r, int dir, enum survive how)
{
    static const char *const folders[] = {"", "bodies/", "damaged/"};
    static struct live_names live;
    live.n = 0;
    for (size_t i = 0; i < r->names.n; i++)
        live_apply(&live, &r->names.at[i]);
    /* Names reach the disk in order: some first part of them. */
    size_t survivors = how == SURVIVE_NONE  ? 0
                       : how == SURVIVE_ALL ? r->pending_names.n
                                            : throw_dice((uint32_t)r->pending_names.n + 1);
    for (size_t i = 0; i < survivors; i++)
        live_apply(&live, &r->pending_names.at[i]);
    assert_false(failed(dir_make(dir, "bodies", 0700)));
    assert_false(failed(dir_make(dir, "damaged", 0700)));
    for (size_t i = 0; i < live.n; i++) {
        char path[128];
        (void)snprintf(path, sizeof path, "%s%s", folders[live.at[i].dir], live.at[i].name);
        struct shadow *s = shadow_of(r, live.at[i].ino);
        assert_non_null(s);
        write_file(s, dir, path, how);
    }
}

/* Power fails before this step. */
static void power_fails(struct recorder *r)
{
    r->ops++;
    if (r->diary->states.n == 0 || r->ops % r->every)
        return;
    uint64_t kept_dice = dice;
    for (int i = 0; i < 5; i++) {
        char path[128], when[64];
        int dir;
        dice = r->ops * 31 + (uint64_t)i;
        place_make(path, sizeof path, "power", &dir);
        build_image(r, dir, i == 0 ? SURVIVE_NONE : i == 1 ? SURVIVE_ALL : SURVIVE_SOME);
        (void)snprintf(when, sizeof when, "power lost at step %" PRIu64 ", image %d", r->ops, i);
        check_image(dir, r->diary, when, i >= 3);
        place_remove(path, dir);
        r->images++;
    }
    dice = kept_dice;
}

static err rec_write(void *ctx, int fd, str bytes, uint64_t at)
{
    struct recorder *r = ctx;
    power_fails(r);
    struct shadow *s = shadow_of(r, ino_of(fd));
    assert_non_null(s);
    struct write_op w = {.at = at, .n = bytes.n, .bytes = mem_alloc("write", bytes.n)};
    memcpy(w.bytes, bytes.p, bytes.n);
    vec_push(&s->pending, w);
    return disk_real.write(NULL, fd, bytes, at);
}

static err rec_sync(void *ctx, int fd)
{
    struct recorder *r = ctx;
    power_fails(r);
    shadow_sync(shadow_of(r, ino_of(fd)));
    return OK_ERR;
}

static err rec_make(void *ctx, int dir, const char *name, int *ret_fd)
{
    struct recorder *r = ctx;
    power_fails(r);
    err e = disk_real.make(NULL, dir, name, ret_fd);
    if (failed(e))
        return e;
    struct name_op op = {.ino = ino_of(*ret_fd)};
    op.dir = dir_kind(r, dir, &name);
    (void)snprintf(op.name, sizeof op.name, "%s", name);
    /* A used inode number: the old shadow gets a number nobody has. */
    struct shadow *old = shadow_of(r, op.ino);
    if (old) {
        uint64_t other = ((uint64_t)1 << 62) + r->files.n;
        for (size_t i = 0; i < r->names.n; i++)
            if (r->names.at[i].ino == op.ino)
                r->names.at[i].ino = other;
        for (size_t i = 0; i < r->pending_names.n; i++)
            if (r->pending_names.at[i].ino == op.ino)
                r->pending_names.at[i].ino = other;
        old->ino = other;
    }
    vec_push(&r->files, (struct shadow){.ino = op.ino});
    vec_push(&r->pending_names, op);
    return OK_ERR;
}

static err rec_rename(void *ctx, int dir, const char *from, const char *to)
{
    struct recorder *r = ctx;
    power_fails(r);
    struct stat st;
    assert_false(failed(file_stat(dir, from, &st)));
    struct name_op gone = {0}, op = {.ino = st.st_ino};
    gone.dir = dir_kind(r, dir, &from);
    (void)snprintf(gone.name, sizeof gone.name, "%s", from);
    op.dir = dir_kind(r, dir, &to);
    (void)snprintf(op.name, sizeof op.name, "%s", to);
    vec_push(&r->pending_names, op);
    vec_push(&r->pending_names, gone);
    return disk_real.rename(NULL, dir, from, to);
}

static err rec_unlink(void *ctx, int dir, const char *name)
{
    struct recorder *r = ctx;
    power_fails(r);
    struct name_op gone = {0};
    const char *plain = name;
    gone.dir = dir_kind(r, dir, &plain);
    (void)snprintf(gone.name, sizeof gone.name, "%s", plain);
    vec_push(&r->pending_names, gone);
    return disk_real.unlink(NULL, dir, name);
}

static err rec_dir_sync(void *ctx, int dir)
{
    struct recorder *r = ctx;
    power_fails(r);
    const char *name = "";
    int kind = dir_kind(r, dir, &name);
    size_t kept = 0;
    for (size_t i = 0; i < r->pending_names.n; i++) {
        if (r->pending_names.at[i].dir == kind)
            vec_push(&r->names, r->pending_names.at[i]);
        else
            r->pending_names.at[kept++] = r->pending_names.at[i];
    }
    r->pending_names.n = kept;
    return OK_ERR;
}

static void power_loss_run(uint64_t seed, uint32_t every, int steps)
{
    char path[128];
    int dir;
    place_make(path, sizeof path, "recorded", &dir);
    struct diary d = {.report = -1};
    struct recorder r = {.queue_dir = dir, .diary = &d, .every = every};
    struct disk disk = {.ctx = &r,
                        .write = rec_write,
                        .sync = rec_sync,
                        .make = rec_make,
                        .rename = rec_rename,
                        .unlink = rec_unlink,
                        .dir_sync = rec_dir_sync};
    struct queue_options o = {
        .dir = dir, .segment_bytes = QUEUE_SEGMENT_BYTES_MIN, .segments_first = 3, .disk = &disk};
    struct queue *q;
    assert_false(failed(queue_open(&o, &q)));
    dice = seed;
    assert_true(work(q, &d, &disk, steps));
    queue_close(q);
    print_message("%" PRIu64 " steps, %" PRIu64 " images of a loss of power\n", r.ops, r.images);
    assert_true(r.images > 50);
    for (size_t i = 0; i < r.files.n; i++) {
        shadow_sync(&r.files.at[i]);
        free(r.files.at[i].synced);
        vec_done(&r.files.at[i].pending);
    }
    vec_done(&r.files);
    vec_done(&r.names);
    vec_done(&r.pending_names);
    diary_done(&d);
    place_remove(path, dir);
}

static void a_loss_of_power_at_any_step_breaks_no_promise(void **t)
{
    (void)t;
    power_loss_run(1, 1, 60);
    power_loss_run(2, 3, 120);
    power_loss_run(3, 3, 120);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_loss_of_power_at_any_step_breaks_no_promise),
    };
    return cmocka_run_group_tests(tests, make_base, remove_base);
}
