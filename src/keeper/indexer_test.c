/* SPDX-License-Identifier: ISC */
/* A keeper in a child process whose own child gathers words; a session finds them. */
#include "keeper/indexer.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "ipc/door.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/poll.h"
#include "store/maildir.h"
#include "store/mbox.h"
#include "wire/normal.h"

struct world {
    char dir[64];
    int home, door;
    pid_t pid;
    struct store *store;
    struct arena *arena;
    int delivered;
};

static void ok(err e)
{
    if (failed(e))
        fail_msg("%s", err_text(e));
}

static void start(struct world *w, const char *delivery)
{
    int a, b;
    ok(fd_pair(FD_PAIR_PACKET, &a, &b));
    w->pid = fork();
    if (!w->pid) {
        struct keeper k;
        fd_close(a);
        if (fchdir(w->home) < 0)
            _exit(1);
        err e = keeper_init(&k, w->home, str_from(delivery), NULL);
        if (failed(e))
            _exit(2);
        keeper_add_door(&k, channel_new(b));
        e = keeper_run(&k);
        keeper_done(&k);
        _exit(failed(e) ? 3 : 0);
    }
    fd_close(b);
    w->door = a;
    ok(fd_pair(FD_PAIR_PACKET, &a, &b));
    ok(door_pass(w->door, &(struct door_knock){0}, b));
    fd_close(b);
    w->store = store_new(a);
}

static void stop(struct world *w)
{
    int status;
    store_free(w->store);
    fd_closep(&w->door);
    kill(w->pid, SIGKILL);
    assert_int_equal(waitpid(w->pid, &status, 0), w->pid);
}

static struct world *make_world(const char *delivery)
{
    struct world *w = calloc(1, sizeof *w);
    (void)snprintf(w->dir, sizeof w->dir, "/tmp/indexer-test-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    ok(dir_open(AT_FDCWD, w->dir, &w->home));
    w->arena = arena_new("test", 16 << 20);
    start(w, delivery);
    return w;
}

static int setup_maildir(void **state)
{
    *state = make_world("./Maildir/");
    return 0;
}

static int setup_mbox(void **state)
{
    *state = make_world("./Mailbox");
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    stop(w);
    char *const argv[] = {(char[]){"rm"}, (char[]){"-rf"}, w->dir, NULL};
    pid_t pid = fork();
    if (!pid) {
        execvp("rm", argv);
        _exit(127);
    }
    int status;
    (void)waitpid(pid, &status, 0);
    fd_close(w->home);
    arena_free(w->arena);
    free(w);
    return 0;
}

static void append(struct world *w, const char *text)
{
    struct store_append m = {.folder = S("INBOX"), .date = -1, .bytes = str_from(text)};
    struct store_appended a;
    ok(store_append(w->store, &m, &a));
}

static void open_inbox(struct world *w)
{
    const struct store_box *box;
    ok(store_select(w->store, S("INBOX"), STORE_SELECT, &box));
}

static void look(struct world *w)
{
    struct store_changes c;
    ok(store_sync(w->store, STORE_SYNC_ALL, &c));
}

/* Asks until the words of all messages are known. */
static void wait_for_words(struct world *w, enum store_index_wish wish)
{
    deadline end = deadline_in_ms(60'000);
    struct store_index i = {0};
    for (;;) {
        ok(store_index_wish(w->store, wish, &i));
        if (i.done == i.total && i.total > 0)
            return;
        if (deadline_left_ms(end) == 0)
            fail_msg("%u of %u", i.done, i.total);
        wish = wish == STORE_INDEX_ANEW ? STORE_INDEX_NOW : wish;
        err e = poll_until(NULL, 0, deadline_in_ms(INDEXER_QUIET_MS + 50));
        assert_int_equal(e.kind, ERR_TIMEOUT);
    }
}

static struct store_found find(struct world *w, const char *text)
{
    struct store_find_key key = {.where = STORE_FIND_TEXT,
                                 .text = normal_copy(w->arena, str_from(text))};
    struct store_found found;
    ok(store_find(w->store, w->arena, &key, &found));
    return found;
}

static void words_are_gathered_in_the_background(void **state)
{
    struct world *w = *state;
    append(w, "Subject: one\n\n東京 alpha\n");
    append(w, "Subject: two\n\nbeta\n");
    open_inbox(w);
    wait_for_words(w, STORE_INDEX_STATE);
    struct store_found f = find(w, "東京");
    assert_int_equal(f.n_sure, 1);
    assert_int_equal(f.sure[0], 1);
    assert_int_equal(f.upto, 2);
    append(w, "Subject: three\n\n京 gamma\n");
    look(w);
    wait_for_words(w, STORE_INDEX_STATE);
    assert_int_equal(find(w, "京").n_sure, 2);
}

static void they_are_there_after_a_kill(void **state)
{
    struct world *w = *state;
    append(w, "Subject: one\n\nalpha\n");
    open_inbox(w);
    wait_for_words(w, STORE_INDEX_NOW);
    stop(w);
    start(w, "./Maildir/");
    open_inbox(w);
    assert_int_equal(find(w, "alpha").n_sure, 1);
}

static void a_lost_index_is_made_again(void **state)
{
    struct world *w = *state;
    append(w, "Subject: one\n\nalpha\n");
    open_inbox(w);
    wait_for_words(w, STORE_INDEX_NOW);
    ok(file_unlink(w->home, "Maildir/" FULLTEXT_NAME));
    assert_int_equal(find(w, "alpha").upto, 0); /* messages are read meanwhile */
    ok(file_unlink(w->home, "Maildir/" FULLTEXT_NAME "-index"));
    wait_for_words(w, STORE_INDEX_NOW);
    assert_int_equal(find(w, "alpha").n_sure, 1);
    wait_for_words(w, STORE_INDEX_ANEW);
    assert_int_equal(find(w, "alpha").n_sure, 1);
}

static void a_user_can_do_without(void **state)
{
    struct world *w = *state;
    struct store_index i;
    append(w, "Subject: one\n\nalpha\n");
    open_inbox(w);
    wait_for_words(w, STORE_INDEX_NOW);
    ok(store_index_wish(w->store, STORE_INDEX_OFF, &i));
    assert_true(i.off);
    assert_int_equal(i.done, 0);
    assert_int_equal(find(w, "alpha").upto, 0);
    ok(store_index_wish(w->store, STORE_INDEX_NOW, &i));
    assert_int_equal(i.done, 0);
    ok(store_index_wish(w->store, STORE_INDEX_ON, &i));
    assert_false(i.off);
    wait_for_words(w, STORE_INDEX_NOW);
    assert_int_equal(find(w, "alpha").n_sure, 1);
}

static void an_mbox_has_its_words_beside_it(void **state)
{
    struct world *w = *state;
    str parts[] = {S("Subject: one\n\nalpha\n")};
    struct mbox_delivery d = {.from_line = S("From a@b Tue Nov 24 15:10:56 2026\n"),
                              .parts = parts,
                              .n_parts = 1,
                              .fd = -1};
    ok(mbox_deliver(w->home, "./Mailbox", &d));
    open_inbox(w);
    wait_for_words(w, STORE_INDEX_NOW);
    assert_int_equal(find(w, "alpha").n_sure, 1);
    struct stat st;
    ok(file_stat(w->home, "Mailbox" FULLTEXT_MBOX_SUFFIX, &st));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(words_are_gathered_in_the_background, setup_maildir,
                                        teardown),
        cmocka_unit_test_setup_teardown(they_are_there_after_a_kill, setup_maildir, teardown),
        cmocka_unit_test_setup_teardown(a_lost_index_is_made_again, setup_maildir, teardown),
        cmocka_unit_test_setup_teardown(a_user_can_do_without, setup_maildir, teardown),
        cmocka_unit_test_setup_teardown(an_mbox_has_its_words_beside_it, setup_mbox, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
