/* SPDX-License-Identifier: ISC */
/* A keeper that keeps what is expunged: what comes back, and when it goes for good. */
#include "keeper/keeper.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "ipc/door.h"
#include "os/clock.h"
#include "os/file.h"
#include "store/kept.h"

struct world {
    char dir[64];
    int home, door;
    uint32_t days;
    pid_t pid;
    struct store *ann, *admin;
    struct arena *a;
};

static void ok(err e)
{
    if (failed(e))
        fail_msg("%s", err_text(e));
}

static struct store *session(struct world *w, uint32_t program)
{
    int a, b;
    ok(fd_pair(FD_PAIR_PACKET, &a, &b));
    ok(door_pass(w->door, &(struct door_knock){.program = program}, b));
    fd_close(b);
    return store_new(a);
}

static void start(struct world *w, const char *delivery)
{
    int a, b;
    ok(fd_pair(FD_PAIR_PACKET, &a, &b));
    w->pid = fork();
    if (!w->pid) {
        struct keeper k;
        fd_close(a);
        if (fchdir(w->home) < 0 || failed(keeper_init(&k, w->home, str_from(delivery), NULL)))
            _exit(1);
        keeper_set_kept(&k, w->days);
        keeper_add_door(&k, channel_new(b));
        err e = keeper_run(&k);
        keeper_done(&k);
        _exit(failed(e) ? 3 : 0);
    }
    fd_close(b);
    w->door = a;
    w->ann = session(w, PROGRAM_IMAPD);
    w->admin = session(w, PROGRAM_CTL);
}

static void stop(struct world *w)
{
    store_free(w->ann);
    store_free(w->admin);
    fd_closep(&w->door);
    kill(w->pid, SIGKILL);
    int status;
    assert_int_equal(waitpid(w->pid, &status, 0), w->pid);
}

static struct world *make(uint32_t days)
{
    struct world *w = calloc(1, sizeof *w);
    (void)snprintf(w->dir, sizeof w->dir, "/tmp/kept-test-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    ok(dir_open(AT_FDCWD, w->dir, &w->home));
    w->a = arena_new("test", 16 << 20);
    w->days = days;
    return w;
}

static int setup(void **state)
{
    struct world *w = *state = make(7);
    start(w, "./Maildir/");
    return 0;
}

static int setup_mbox(void **state)
{
    struct world *w = *state = make(7);
    start(w, "./Mailbox");
    return 0;
}

static int setup_off(void **state)
{
    struct world *w = *state = make(0);
    start(w, "./Maildir/");
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    stop(w);
    fd_close(w->home);
    arena_free(w->a);
    char *const argv[] = {(char[]){"rm"}, (char[]){"-rf"}, w->dir, NULL};
    pid_t pid = fork();
    if (!pid) {
        execvp("rm", argv);
        _exit(127);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    free(w);
    return 0;
}

static void add(struct world *w, str folder, uint32_t flags, int64_t date)
{
    const str word = S("$work");
    struct store_append m = {.folder = folder,
                             .system_flags = flags,
                             .keywords = &word,
                             .n_keywords = 1,
                             .date = date,
                             .bytes = S("Subject: words\n\nhello\n")};
    struct store_appended done;
    ok(store_append(w->ann, &m, &done));
}

static const struct store_range all = {1, UINT32_MAX};

static void expunge_all(struct world *w, str folder)
{
    const struct store_box *box;
    struct store_changes c;
    ok(store_select(w->ann, folder, STORE_SELECT, &box));
    ok(store_flags(w->ann, &all, 1, STORE_FLAGS_ADD, STORE_DELETED, NULL, 0));
    ok(store_expunge(w->ann, STORE_EXPUNGE_DELETED, NULL, 0));
    ok(store_sync(w->ann, STORE_SYNC_ALL, &c));
    assert_int_equal(box->n, 0);
    ok(store_unselect(w->ann));
}

static size_t kept(struct world *w, str folder)
{
    struct store_kept *list;
    size_t n;
    ok(store_kept(w->admin, folder, 0, w->a, &list, &n));
    return n;
}

static void comes_back(struct world *w, str folder)
{
    const struct store_box *box;
    struct store_kept *list;
    size_t n;
    ok(store_kept(w->admin, folder, 0, w->a, &list, &n));
    assert_int_equal(n, 2);
    assert_true(str_eq(list[0].folder, folder) && str_eq(list[0].subject, S("words")));
    assert_int_equal(list[0].date, 1000000000);
    assert_int_equal(list[0].size, 22);
    ok(store_undelete(w->admin, folder, 0, &n));
    assert_int_equal(n, 2);
    ok(store_undelete(w->admin, folder, 0, &n));
    assert_int_equal(n, 0);
    assert_int_equal(kept(w, S("")), 0);
    ok(store_select(w->ann, folder, STORE_SELECT, &box));
    assert_int_equal(box->n, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_true(box->messages[i].uid > 2);
        assert_int_equal(box->messages[i].date, 1000000000);
        assert_int_equal(box->messages[i].flags & ~(uint32_t)STORE_RECENT,
                         STORE_SEEN | STORE_KEYWORD(0));
    }
    assert_true(str_eq(box->keywords[0], S("$work")));
}

static void what_was_expunged_comes_back_with_flags_and_dates(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < 2; i++)
        add(w, S("INBOX"), STORE_SEEN, 1000000000);
    expunge_all(w, S("INBOX"));
    comes_back(w, S("INBOX"));
}

static void what_went_with_its_folder_comes_back_in_a_new_one(void **state)
{
    struct world *w = *state;
    ok(store_create(w->ann, S("Work.2026")));
    for (int i = 0; i < 2; i++)
        add(w, S("Work.2026"), STORE_SEEN, 1000000000);
    ok(store_delete(w->ann, S("Work.2026")));
    struct store_folder *f;
    size_t n;
    ok(store_list(w->ann, w->a, &f, &n));
    assert_int_equal(n, 1); /* INBOX: what is kept is no folder */
    assert_int_equal(kept(w, S("Work.2026")), 2);
    ok(store_undelete(w->admin, S("Work.2026"), 0, &n));
    assert_int_equal(n, 2);
    const struct store_box *box;
    ok(store_select(w->ann, S("Work.2026"), STORE_SELECT, &box));
    assert_int_equal(box->n, 2);
    assert_true(str_eq(box->keywords[0], S("$work")));
}

static void it_survives_the_keeper_and_is_no_users_to_ask_for(void **state)
{
    struct world *w = *state;
    add(w, S("INBOX"), 0, -1);
    expunge_all(w, S("INBOX"));
    stop(w); /* kill -9 */
    start(w, "./Maildir/");
    assert_int_equal(kept(w, S("INBOX")), 1);
    struct store_kept *list;
    size_t n;
    assert_int_equal(store_kept(w->ann, S(""), 0, w->a, &list, &n).kind, ERR_DENIED);
    assert_int_equal(store_undelete(w->ann, S(""), 0, &n).kind, ERR_DENIED);
    ok(store_kept(w->admin, S(""), clock_seconds() + 10, w->a, &list, &n));
    assert_int_equal(n, 0);
}

static void moving_keeps_nothing(void **state)
{
    struct world *w = *state;
    const struct store_box *box;
    struct store_copied copied;
    add(w, S("INBOX"), 0, -1);
    ok(store_create(w->ann, S("Work")));
    ok(store_select(w->ann, S("INBOX"), STORE_SELECT, &box));
    ok(store_copy(w->ann, STORE_MOVE, &all, 1, S("Work"), &copied));
    assert_int_equal(kept(w, S("")), 0);
}

static void switched_off_it_keeps_nothing(void **state)
{
    struct world *w = *state;
    add(w, S("INBOX"), 0, -1);
    expunge_all(w, S("INBOX"));
    assert_int_equal(kept(w, S("")), 0);
    struct stat st;
    assert_int_equal(file_stat(w->home, "Maildir/" KEPT_DIR, &st).kind, ERR_NOTFOUND);
}

static void after_its_days_it_goes_for_good(void **state)
{
    struct world *w = *state;
    add(w, S("INBOX"), 0, -1);
    expunge_all(w, S("INBOX"));
    struct kept k = {.home = w->home, .root = "Maildir", .days = 7};
    bool more;
    int64_t oldest, now = clock_seconds();
    ok(kept_sweep(&k, now, &more, &oldest));
    assert_false(more);
    assert_true(oldest <= now && oldest > now - 60);
    assert_int_equal(kept(w, S("")), 1);
    ok(kept_sweep(&k, now + 7 * 86400 + 60, &more, &oldest));
    assert_int_equal(oldest, 0);
    assert_int_equal(kept(w, S("")), 0);
    struct stat st;
    assert_int_equal(file_stat(w->home, "Maildir/" KEPT_DIR "/INBOX", &st).kind, ERR_NOTFOUND);
}

#define TEST(name, how) cmocka_unit_test_setup_teardown(name, how, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_expunged_comes_back_with_flags_and_dates, setup),
        TEST(what_was_expunged_comes_back_with_flags_and_dates, setup_mbox),
        TEST(what_went_with_its_folder_comes_back_in_a_new_one, setup),
        TEST(it_survives_the_keeper_and_is_no_users_to_ask_for, setup),
        TEST(moving_keeps_nothing, setup),
        TEST(switched_off_it_keeps_nothing, setup_off),
        TEST(after_its_days_it_goes_for_good, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
