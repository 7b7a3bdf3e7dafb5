/* SPDX-License-Identifier: ISC */
/* Killed before every durable step in turn: what was answered is there, nothing is half, nothing
 * is lost. A child does the work and reports each finished operation through a pipe; it is
 * killed at step n, for n = 1, 2, … until it survives. (Builds without fault points run the
 * work once, unharmed.) */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "os/clock.h"
#include "os/fault.h"
#include "os/file.h"
#include "store/box.h"
#include "store/lock.h"
#include "store/maildir.h"
#include "store/maildir_name.h"
#include "store/mbox.h"

enum { STEPS_MAX = 400, REPORT_MAX = 4096 };

static void ok(err e)
{
    if (failed(e)) {
        (void)fprintf(stderr, "%s\n", err_text(e));
        abort();
    }
}

static void wipe(const char *dir)
{
    pid_t pid = fork();
    if (!pid) {
        (void)execlp("rm", "rm", "-rf", dir, (char *)NULL);
        _exit(127);
    }
    (void)waitpid(pid, NULL, 0); /* what stays is in /tmp */
}

/* Arms the fault point of this process: killed before its step number n. */
static void arm(const char *dir, uint64_t n)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/faults", dir);
    uint64_t words[512] = {n, 0};
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, words, sizeof words) != sizeof words)
        _exit(9);
    (void)close(fd);
    (void)setenv("TWP_FAULT_FILE", path, 1);
    fault_arm(); /* the parent has looked already */
}

typedef void work_fn(int home, int report);
/* said: the letters reported; survived: the work went through. */
typedef void check_fn(int home, const char *said, bool survived);

static void for_every_step(work_fn *work, check_fn *check)
{
    for (uint64_t n = 1; n < STEPS_MAX; n++) {
        char dir[] = "/tmp/store-crash-XXXXXX";
        assert_non_null(mkdtemp(dir));
        int home, pipes[2];
        ok(dir_open(AT_FDCWD, dir, &home));
        ok(dir_make(home, "home", 0700));
        fd_close(home);
        char sub[64];
        (void)snprintf(sub, sizeof sub, "%s/home", dir);
        ok(dir_open(AT_FDCWD, sub, &home));
        assert_int_equal(pipe(pipes), 0);
        pid_t pid = fork();
        if (!pid) {
            arm(dir, n);
            work(home, pipes[1]);
            _exit(0);
        }
        (void)close(pipes[1]);
        char said[REPORT_MAX] = "";
        size_t got = 0;
        ssize_t r;
        while ((r = read(pipes[0], said + got, sizeof said - 1 - got)) > 0)
            got += (size_t)r;
        (void)close(pipes[0]);
        int status;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        bool survived = WIFEXITED(status);
        assert_true(survived ? WEXITSTATUS(status) == 0 : WTERMSIG(status) == SIGKILL);
        check(home, said, survived);
        fd_close(home);
        wipe(dir);
        if (survived)
            return;
    }
    fail_msg("the work never came to its end");
}

static void report(int fd, char c)
{
    if (write(fd, &c, 1) != 1)
        _exit(8);
}

/* ---- delivery ---- */

enum { BURST = 6 };

static void add_delivery(struct maildir_batch *b, size_t i, bool repeated, size_t *ret)
{
    char id[16], body[32];
    (void)snprintf(id, sizeof id, "%zu", 100 + i);
    (void)snprintf(body, sizeof body, "Subject: %zu\n\nwhole\n", i);
    str parts[] = {S("Delivered-To: x\n"), str_from(body)};
    struct maildir_delivery d = {.id = str_from(id),
                                 .number = 1,
                                 .arrived = 1000000000,
                                 .parts = parts,
                                 .n_parts = 2,
                                 .fd = -1,
                                 .repeated = repeated};
    ok(maildir_batch_add(b, &d, ret));
}

static void deliver_burst(int home, size_t n, bool repeated)
{
    struct maildir_batch *b;
    ok(maildir_batch_open(home, "Maildir", S("h"), &b));
    size_t at[BURST];
    for (size_t i = 0; i < n; i++)
        add_delivery(b, i, repeated, &at[i]);
    ok(maildir_batch_commit(b));
    for (size_t i = 0; i < n; i++)
        ok(maildir_batch_result(b, at[i]));
    maildir_batch_free(b);
}

static void work_deliver(int home, int fd)
{
    ok(maildir_make(home, "Maildir"));
    deliver_burst(home, 1, false);
    report(fd, 'a');
    deliver_burst(home, BURST, false); /* the first is there already: recognised */
    report(fd, 'b');
}

static err count_whole(void *ctx, str name, bool in_new)
{
    (void)in_new;
    char scratch[16];
    struct maildir_name n = maildir_name_parse(name, scratch);
    assert_true(n.has_size);
    ++*(size_t *)ctx;
    return OK_ERR;
}

static size_t count_mails(int home)
{
    size_t n = 0;
    int dir;
    ok(dir_open(home, "Maildir", &dir));
    ok(maildir_scan(dir, count_whole, &n));
    fd_close(dir);
    return n;
}

static void check_sizes(struct box *b)
{
    for (size_t i = 0; i < b->table.n; i++) {
        int fd;
        uint64_t size;
        char scratch[16];
        ok(box_fetch(b, b->table.at[i].uid, &fd));
        ok(fd_size(fd, &size));
        fd_close(fd);
        const char *name = box_name(b, b->entries.at[i].name);
        assert_int_equal(size, maildir_name_parse(str_from(name), scratch).size);
    }
}

static void check_deliver(int home, const char *said, bool survived)
{
    ok(maildir_make(home, "Maildir"));
    size_t n = count_mails(home);
    assert_true(n >= (strchr(said, 'b') ? BURST : strchr(said, 'a') ? 1 : 0));
    assert_true(!survived || n == BURST);
    struct box *b;
    ok(box_open_maildir(home, "Maildir", S("INBOX"), &b));
    assert_int_equal(b->table.n, n);
    check_sizes(b);
    box_free(b);
    /* As the queue does after a crash: once more, said to be a repetition. Some are in cur/
     * with flags by now. */
    ok(box_open_maildir(home, "Maildir", S("INBOX"), &b));
    uint32_t first;
    ok(box_take_recent(b, STORE_SELECT, &first));
    box_free(b);
    deliver_burst(home, BURST, true);
    assert_int_equal(count_mails(home), BURST);
}

/* ---- what a keeper does to Maildirs ---- */

static str range_all(void)
{
    static const unsigned char all[8] = {1, 0, 0, 0, 255, 255, 255, 255};
    return str_of(all, 8);
}

static err add_flags(struct box *b, uint32_t flags)
{
    struct box_flags f = {.set = range_all(),
                          .op = STORE_FLAGS_ADD,
                          .flags = flags,
                          .by = 1,
                          .unchanged_since = UINT64_MAX};
    return box_flags(b, &f, NULL);
}

static void append_one(struct box *b, const char *text, uint32_t flags, uint32_t *ret_uid)
{
    int fd;
    (void)unlinkat(b->tmp, "spool", 0); /* of a work that was killed */
    ok(file_open(b->tmp, "spool", O_RDWR | O_CREAT | O_EXCL, 0600, &fd));
    ok(file_write(fd, str_from(text)));
    struct box_incoming in = {.fd = fd, .spool = "spool", .flags = flags, .date = 1000};
    ok(box_add(b, NULL, BOX_APPEND, &in, 1));
    fd_close(fd);
    *ret_uid = in.uid;
}

static void work_maildir(int home, int fd)
{
    ok(maildir_make(home, "Maildir"));
    ok(maildir_make(home, "Maildir/.To"));
    struct box *b, *to;
    ok(box_open_maildir(home, "Maildir", S("INBOX"), &b));
    ok(box_open_maildir(home, "Maildir/.To", S("To"), &to));
    uint32_t uid, bits;
    append_one(b, "a: 1\n\nx\n", 0, &uid);
    report(fd, 'a');
    append_one(b, "a: 2\n\ny\n", STORE_SEEN, &uid);
    report(fd, 'b');
    ok(box_keywords(b, S("todo\0"), &bits));
    ok(add_flags(b, STORE_FLAGGED | bits));
    report(fd, 'c');
    struct box_incoming move = {.fd = -1, .from_uid = uid, .flags = STORE_SEEN};
    ok(box_add(to, b, BOX_MOVE, &move, 1));
    report(fd, 'd');
    size_t n;
    ok(box_expunge(b, STORE_EXPUNGE_ALL, range_all(), &n));
    report(fd, 'e');
}

static void check_maildir(int home, const char *said, bool survived)
{
    (void)survived;
    if (!strchr(said, 'a'))
        return;
    struct box *b, *to;
    ok(box_open_maildir(home, "Maildir", S("INBOX"), &b));
    ok(box_open_maildir(home, "Maildir/.To", S("To"), &to));
    size_t all = b->table.n + to->table.n;
    if (strchr(said, 'b') && !strchr(said, 'd')) /* a move neither loses nor doubles */
        assert_int_equal(all, 2);
    if (strchr(said, 'd'))
        assert_int_equal(to->table.n, 1);
    if (strchr(said, 'e'))
        assert_int_equal(b->table.n, 0);
    for (size_t i = 0; i < b->table.n; i++) {
        const struct store_message *m = &b->table.at[i];
        assert_int_equal(m->uid, i + 1);
        assert_int_equal(m->size, 11);
        if (strchr(said, 'c'))
            assert_true(m->flags & STORE_FLAGGED && m->flags & STORE_KEYWORD(0));
    }
    if (strchr(said, 'c'))
        assert_string_equal(b->keywords.name[0], "todo");
    assert_true(b->uidnext >= (strchr(said, 'b') ? 3u : 2u)); /* no UID is given twice */
    uint32_t next = b->uidnext, uid;
    append_one(b, "a: 9\n\nz\n", 0, &uid); /* no lock of the dead stands in the way */
    assert_true(uid >= next);
    box_free(b);
    box_free(to);
}

/* ---- what the index says afterwards ---- */

enum { INDEXED = 3 };

static void open_indexed(int home, struct index **ret_x, struct box **ret_b)
{
    assert_int_equal(fchdir(home), 0); /* SQLite knows paths only */
    *ret_x = index_new("Maildir/" INDEX_NAME);
    ok(box_open_maildir_with(home, "Maildir", S("INBOX"), *ret_x, ret_b));
}

static void close_indexed(struct index *x, struct box *b)
{
    box_free(b);
    index_free(x);
}

/* What a client remembers: everything up to this mod-sequence. */
static void tell(int home, const struct box *b)
{
    int fd;
    ok(file_open(home, "told", O_WRONLY | O_CREAT | O_TRUNC, 0600, &fd));
    ok(file_write(fd, str_of(&b->highest, sizeof b->highest)));
    fd_close(fd);
}

static uint64_t told(int home)
{
    uint64_t v;
    auto_arena struct arena *a = arena_new("told", 4096);
    str bytes;
    ok(file_read(home, "told", sizeof v, a, &bytes));
    assert_int_equal(bytes.n, sizeof v);
    memcpy(&v, bytes.p, sizeof v);
    return v;
}

static void work_index(int home, int fd)
{
    ok(maildir_make(home, "Maildir"));
    struct index *x;
    struct box *b;
    uint32_t uid;
    size_t n;
    open_indexed(home, &x, &b);
    for (int i = 0; i < INDEXED; i++)
        append_one(b, "a: 1\n\nx\n", 0, &uid);
    box_index_flush(b);
    assert_true(index_commit(x));
    close_indexed(x, b);
    open_indexed(home, &x, &b); /* as it was left: the mod-sequences are the same */
    tell(home, b);
    report(fd, 'a');
    ok(add_flags(b, STORE_FLAGGED));
    report(fd, 'b');
    box_index_flush(b);
    assert_true(index_commit(x));
    static const unsigned char first[8] = {1, 0, 0, 0, 1, 0, 0, 0};
    ok(box_expunge(b, STORE_EXPUNGE_ALL, str_of(first, 8), &n));
    report(fd, 'c');
    while (box_sweep(b, 1000))
        ;
    close_indexed(x, b);
    report(fd, 'd');
}

static err count_expunged(void *ctx, const struct dir_entry *e)
{
    *(size_t *)ctx += str_ends(e->name, S(".expunged"));
    return OK_ERR;
}

/* A client that remembers `since` hears of every change after it, or that nobody knows. */
static void check_index(int home, const char *said, bool survived)
{
    (void)survived;
    if (!strchr(said, 'a'))
        return;
    struct index *x;
    struct box *b;
    uint64_t since = told(home);
    open_indexed(home, &x, &b);
    assert_true(b->highest >= since);
    for (size_t i = 0; i < b->table.n; i++) {
        assert_true(!strchr(said, 'b') || b->table.at[i].flags & STORE_FLAGGED);
        if (b->table.at[i].flags & STORE_FLAGGED)
            assert_true(b->entries.at[i].modseq > since);
    }
    auto_buf struct buf gone;
    buf_init(&gone, 4096);
    if (b->table.n < INDEXED && box_gone_since(b, since, &gone))
        assert_memory_equal(gone.p, "\1\0\0\0", 4);
    if (strchr(said, 'c'))
        assert_int_equal(b->table.n, INDEXED - 1);
    while (box_sweep(b, 1000))
        ;
    size_t left = 0;
    ok(dir_each(home, "Maildir/tmp", count_expunged, &left));
    assert_int_equal(left, 0);
    close_indexed(x, b);
    open_indexed(home, &x, &b);
    assert_true(b->table.n >= INDEXED - 1); /* an expunged file did not take another with it */
    close_indexed(x, b);
}

/* ---- and to an mbox ---- */

static void deliver_mbox(int home, const char *text)
{
    str parts[] = {str_from(text)};
    struct mbox_delivery d = {.from_line = S("From a@b Tue Nov 24 15:10:56 2026\n"),
                              .parts = parts,
                              .n_parts = 1,
                              .fd = -1};
    ok(mbox_deliver(home, "Mailbox", &d));
}

static void work_mbox(int home, int fd)
{
    deliver_mbox(home, "a: 1\n\none\n");
    report(fd, 'a');
    deliver_mbox(home, "a: 2\n\ntwo\n");
    report(fd, 'b');
    struct box *b;
    ok(box_open_mbox(home, "Mailbox", S("INBOX"), &b));
    report(fd, 'c');
    deliver_mbox(home, "a: 3\n\nthree\n");
    ok(box_refresh(b));
    report(fd, 'd');
    ok(add_flags(b, STORE_SEEN));
    report(fd, 'e');
    static const unsigned char first[8] = {1, 0, 0, 0, 1, 0, 0, 0};
    size_t n;
    ok(box_expunge(b, STORE_EXPUNGE_ALL, str_of(first, 8), &n));
    report(fd, 'f');
}

static void mbox_body_is(struct box *b, uint32_t uid, const char *want)
{
    int fd;
    char got[64] = "";
    ok(box_fetch(b, uid, &fd));
    assert_true(read(fd, got, sizeof got - 1) > 0);
    fd_close(fd);
    assert_string_equal(got, want);
}

static void check_mbox(int home, const char *said, bool survived)
{
    (void)survived;
    struct box *b;
    deliver_mbox(home, "a: 4\n\nlater\n"); /* somebody appends before a keeper looks */
    ok(box_open_mbox(home, "Mailbox", S("INBOX"), &b));
    size_t n = b->table.n;
    static const char *const bodies[] = {"a: 1\n\none\n", "a: 2\n\ntwo\n", "a: 3\n\nthree\n"};
    if (strchr(said, 'f'))
        assert_int_equal(n, 3);
    size_t least = strchr(said, 'e') ? 3 : strchr(said, 'd') ? 4 : strchr(said, 'b') ? 3 : 1;
    assert_true(n >= least);
    uint32_t last = 0;
    for (size_t i = 0; i + 1 < n; i++) {
        uint32_t uid = b->table.at[i].uid;
        assert_true(uid > last && uid <= 3);
        last = uid;
        mbox_body_is(b, uid, bodies[uid - 1]);
        if (strchr(said, 'e'))
            assert_true(b->table.at[i].flags & STORE_SEEN);
    }
    mbox_body_is(b, b->table.at[n - 1].uid, "a: 4\n\nlater\n");
    assert_true(b->table.at[n - 1].uid > last);
    box_free(b);
}

static void deliveries_are_whole_and_recognised(void **state)
{
    (void)state;
    for_every_step(work_deliver, check_deliver);
}

static void what_a_keeper_answered_is_there_and_moves_are_one_step(void **state)
{
    (void)state;
    for_every_step(work_maildir, check_maildir);
}

static void no_client_misses_a_change_that_the_index_lost(void **state)
{
    (void)state;
    for_every_step(work_index, check_index);
}

/* No file may grow beyond a page or two: as a full disk is to SQLite, but not to small files. */
static void work_without_room(int home)
{
    struct index *x;
    struct box *b;
    uint32_t uid;
    size_t n;
    (void)signal(SIGXFSZ, SIG_IGN);
    struct rlimit small = {8192, 8192};
    if (setrlimit(RLIMIT_FSIZE, &small) < 0)
        _exit(7);
    open_indexed(home, &x, &b);
    for (int i = 0; i < INDEXED; i++)
        append_one(b, "a: 1\n\nx\n", 0, &uid);
    ok(add_flags(b, STORE_FLAGGED));
    box_index_flush(b);
    (void)index_commit(x); /* may fail: that is the point */
    static const unsigned char first[8] = {1, 0, 0, 0, 1, 0, 0, 0};
    ok(box_expunge(b, STORE_EXPUNGE_ALL, str_of(first, 8), &n));
    tell(home, b);
    close_indexed(x, b);
    _exit(0);
}

static void without_room_for_the_index_a_mailbox_goes_on(void **state)
{
    (void)state;
    char path[] = "/tmp/twinpost-full-XXXXXX";
    assert_non_null(mkdtemp(path));
    auto_fd int home = -1;
    int status;
    ok(dir_open(AT_FDCWD, path, &home));
    ok(maildir_make(home, "Maildir"));
    pid_t pid = fork();
    if (!pid)
        work_without_room(home);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    struct index *x;
    struct box *b;
    auto_buf struct buf gone;
    buf_init(&gone, 4096);
    open_indexed(home, &x, &b);
    assert_int_equal(b->table.n, INDEXED - 1);
    assert_int_equal(b->table.at[0].uid, 2);
    assert_true(b->table.at[0].flags & STORE_FLAGGED);
    assert_true(b->highest > told(home));
    assert_false(box_gone_since(b, told(home) - 1, &gone)); /* unknown, and it says so */
    close_indexed(x, b);
    wipe(path);
}

static void an_mbox_edit_happens_whole_or_not_at_all(void **state)
{
    (void)state;
    for_every_step(work_mbox, check_mbox);
}

/* What a loss of power leaves of a lock: the file without its words, or with the number of a
 * process that is another's since the machine started again. */
static void a_lock_of_before_the_machines_start_is_nobodys(void **state)
{
    (void)state;
    char path[] = "/tmp/twinpost-lock-XXXXXX", host[256], text[300];
    assert_non_null(mkdtemp(path));
    auto_fd int dir = -1;
    ok(dir_open(AT_FDCWD, path, &dir));
    assert_int_equal(gethostname(host, sizeof host), 0);
    (void)snprintf(text, sizeof text, "%d:%s", (int)getpid(), host);
    const str words[] = {S(""), str_from(text), S("1:another.host.example")};
    for (size_t i = 0; i < 6; i++) {
        bool old = i % 2;
        auto_fd int fd = -1;
        int lock = -1;
        ok(file_open(dir, "x.lock", O_RDWR | O_CREAT, 0600, &fd));
        ok(file_write(fd, words[i / 2]));
        struct timespec times[2] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_NOW}};
        if (old)
            times[1] = (struct timespec){.tv_sec = clock_boot() - 10};
        assert_int_equal(futimens(fd, times), 0);
        err e = dotlock_take(dir, "x.lock", INT32_MAX, deadline_in_ms(30), &lock);
        assert_int_equal(failed(e), !old || i / 2 == 2);
        fd_close(lock);
        ok(file_unlink(dir, "x.lock"));
    }
    wipe(path);
}

static void a_change_of_an_mbox_that_others_append_to_is_made_all_the_same(void **state)
{
    (void)state;
    char path[] = "/tmp/twinpost-mbox-XXXXXX";
    assert_non_null(mkdtemp(path));
    auto_fd int home = -1;
    ok(dir_open(AT_FDCWD, path, &home));
    deliver_mbox(home, "a: 1\n\none\n");
    deliver_mbox(home, "a: 2\n\ntwo\n");
    struct box *b;
    size_t n;
    ok(box_open_mbox(home, "Mailbox", S("INBOX"), &b));
    deliver_mbox(home, "a: 3\n\nthree\n");
    ok(add_flags(b, STORE_SEEN));
    assert_true(b->table.at[0].flags & STORE_SEEN);
    deliver_mbox(home, "a: 4\n\nfour\n");
    static const unsigned char first[8] = {1, 0, 0, 0, 1, 0, 0, 0};
    ok(box_expunge(b, STORE_EXPUNGE_ALL, str_of(first, 8), &n));
    assert_int_equal(n, 1);
    assert_int_equal(b->table.n, 3);
    mbox_body_is(b, b->table.at[2].uid, "a: 4\n\nfour\n");
    box_free(b);
    wipe(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deliveries_are_whole_and_recognised),
        cmocka_unit_test(what_a_keeper_answered_is_there_and_moves_are_one_step),
        cmocka_unit_test(no_client_misses_a_change_that_the_index_lost),
        cmocka_unit_test(without_room_for_the_index_a_mailbox_goes_on),
        cmocka_unit_test(an_mbox_edit_happens_whole_or_not_at_all),
        cmocka_unit_test(a_lock_of_before_the_machines_start_is_nobodys),
        cmocka_unit_test(a_change_of_an_mbox_that_others_append_to_is_made_all_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
