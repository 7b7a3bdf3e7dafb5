/* SPDX-License-Identifier: ISC */
/* A keeper in a child process, sessions talking to it: the whole store through its own face. */
#include "keeper/keeper.h"

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
#include "os/poll.h"
#include "os/clock.h"
#include "os/file.h"
#include "store/maildir.h"
#include "store/mbox.h"

struct world {
    char dir[64];
    int home;
    pid_t pid;
    int door;
};

static void ok(err e)
{
    if (failed(e))
        fail_msg("%s", err_text(e));
}

static int wipe(struct world *w)
{
    char command[128];
    (void)snprintf(command, sizeof command, "%s", w->dir);
    char *const argv[] = {(char[]){"rm"}, (char[]){"-rf"}, command, NULL};
    pid_t pid = fork();
    if (!pid) {
        execvp("rm", argv);
        _exit(127);
    }
    int status;
    return waitpid(pid, &status, 0) < 0;
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
}

static void stop(struct world *w)
{
    fd_closep(&w->door);
    kill(w->pid, SIGKILL); /* whatever was answered is on disk */
    int status;
    assert_int_equal(waitpid(w->pid, &status, 0), w->pid);
}

static struct world *make_world(void)
{
    struct world *w = calloc(1, sizeof *w);
    (void)snprintf(w->dir, sizeof w->dir, "/tmp/keeper-test-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    ok(dir_open(AT_FDCWD, w->dir, &w->home));
    return w;
}

static int setup_maildir(void **state)
{
    struct world *w = make_world();
    start(w, "./Maildir/");
    *state = w;
    return 0;
}

static int setup_mbox(void **state)
{
    struct world *w = make_world();
    start(w, "./Mailbox");
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    stop(w);
    fd_close(w->home);
    wipe(w);
    free(w);
    return 0;
}

static struct store *session(struct world *w)
{
    int a, b;
    ok(fd_pair(FD_PAIR_PACKET, &a, &b));
    ok(door_pass(w->door, &(struct door_knock){0}, b));
    fd_close(b);
    return store_new(a);
}

static void deliver(struct world *w, const char *id, const char *text)
{
    struct maildir_batch *b;
    ok(maildir_batch_open(w->home, "Maildir", S("host.example"), &b));
    str parts[] = {S("Return-Path: <a@b>\n"), str_from(text)};
    struct maildir_delivery d = {.id = str_from(id),
                                 .number = 1,
                                 .arrived = 1000000000,
                                 .parts = parts,
                                 .n_parts = 2,
                                 .fd = -1};
    size_t i;
    ok(maildir_batch_add(b, &d, &i));
    ok(maildir_batch_commit(b));
    ok(maildir_batch_result(b, i));
    maildir_batch_free(b);
}

static void deliver_mbox(struct world *w, const char *text)
{
    str parts[] = {str_from(text)};
    struct mbox_delivery d = {.from_line = S("From a@b Tue Nov 24 15:10:56 2026\n"),
                              .parts = parts,
                              .n_parts = 1,
                              .fd = -1};
    ok(mbox_deliver(w->home, "./Mailbox", &d));
}

static const struct store_box *select_box(struct store *s, const char *name)
{
    const struct store_box *box;
    err e = store_select(s, str_from(name), STORE_SELECT, &box);
    if (failed(e))
        fail_msg("%s: %.*s", err_text(e), STR_ARG(store_reason(s)));
    return box;
}

static void append(struct store *s, const char *folder, const char *text, uint32_t flags,
                   uint32_t *ret_uid)
{
    struct store_append m = {.folder = str_from(folder),
                             .system_flags = flags,
                             .date = 1234567890,
                             .bytes = str_from(text)};
    struct store_appended a;
    ok(store_append(s, &m, &a));
    *ret_uid = a.uid;
}

static void body_is(struct store *s, uint32_t uid, const char *want)
{
    struct store_body body;
    char got[4096] = "";
    ok(store_fetch(s, &uid, 1, &body));
    assert_true(body.fd >= 0);
    assert_true(read(body.fd, got, sizeof got - 1) >= 0);
    fd_close(body.fd);
    assert_string_equal(got, want);
}

static struct store_changes sync_now(struct store *s)
{
    struct store_changes c;
    ok(store_sync(s, STORE_SYNC_ALL, &c));
    return c;
}

static void append_then_fetch_flag_copy_and_expunge(struct store *s)
{
    uint32_t one, two;
    append(s, "INBOX", "Subject: a\n\nbody a\n", STORE_SEEN, &one);
    append(s, "INBOX", "Subject: b\n\nbody b\nFrom here\n", 0, &two);
    assert_true(two > one);
    const struct store_box *box = select_box(s, "INBOX");
    assert_int_equal(box->n, 2);
    assert_int_equal(box->messages[0].uid, one);
    assert_int_equal(box->messages[0].flags & STORE_SEEN, STORE_SEEN);
    assert_int_equal(box->messages[0].date, 1234567890);
    assert_int_equal(box->messages[0].size, strlen("Subject: a\r\n\r\nbody a\r\n"));
    body_is(s, one, "Subject: a\n\nbody a\n");
    body_is(s, two, "Subject: b\n\nbody b\nFrom here\n");

    str words[] = {S("$Junk"), S("todo")};
    struct store_range all = {1, UINT32_MAX};
    ok(store_flags(s, &all, 1, STORE_FLAGS_ADD, STORE_FLAGGED | STORE_DELETED, words, 2));
    struct store_changes c = sync_now(s);
    assert_int_equal(c.n_flags, 2);
    assert_true(c.flags[0].own);
    assert_true(c.keywords_changed);
    box = store_box(s);
    assert_int_equal(box->messages[1].flags, STORE_RECENT | STORE_FLAGGED | STORE_DELETED |
                                                 STORE_KEYWORD(0) | STORE_KEYWORD(1));

    ok(store_create(s, S("Work.2026")));
    struct store_copied copied;
    struct store_range second = {two, two};
    ok(store_copy(s, STORE_COPY, &second, 1, S("Work.2026"), &copied));
    assert_int_equal(copied.n, 1);
    assert_int_equal(copied.pairs[0].from, two);

    struct store_range first = {one, one};
    ok(store_expunge(s, STORE_EXPUNGE_DELETED, &first, 1));
    c = sync_now(s);
    assert_int_equal(c.n_gone, 1);
    assert_int_equal(c.gone[0].seq, 1);
    assert_int_equal(c.gone[0].uid, one);
    assert_int_equal(store_box(s)->n, 1);

    ok(store_copy(s, STORE_MOVE, &second, 1, S("Work.2026"), &copied));
    c = sync_now(s);
    assert_int_equal(c.n_gone, 1);
    box = select_box(s, "Work.2026");
    assert_int_equal(box->n, 2);
    assert_true(box->messages[1].flags & STORE_KEYWORD(0));
    body_is(s, box->messages[1].uid, "Subject: b\n\nbody b\nFrom here\n");
}

static void a_session_appends_flags_copies_moves_and_expunges(void **state)
{
    struct store *s = session(*state);
    append_then_fetch_flag_copy_and_expunge(s);
    store_free(s);
}

static void uids_flags_and_keywords_survive_a_killed_keeper(void **state)
{
    struct world *w = *state;
    struct store *s = session(w);
    uint32_t uid;
    append(s, "INBOX", "Subject: a\n\nx\n", 0, &uid);
    append(s, "INBOX", "Subject: b\n\nx\n", 0, &uid);
    const struct store_box *box = select_box(s, "INBOX");
    uint32_t validity = box->uidvalidity;
    struct store_range r = {uid, uid};
    ok(store_flags(s, &r, 1, STORE_FLAGS_SET, STORE_SEEN, &(str){S("later").p, 5}, 1));
    struct store_range first = {1, uid - 1};
    ok(store_expunge(s, STORE_EXPUNGE_ALL, &first, 1));
    store_free(s);
    stop(w);
    start(w, "./Maildir/");
    s = session(w);
    box = select_box(s, "INBOX");
    assert_int_equal(box->n, 1);
    assert_int_equal(box->uidvalidity, validity);
    assert_int_equal(box->messages[0].uid, uid);
    assert_int_equal(box->messages[0].flags & ~(uint32_t)STORE_RECENT,
                     STORE_SEEN | STORE_KEYWORD(0));
    assert_true(str_eq(box->keywords[0], S("later")));
    assert_true(box->uidnext > uid);
    store_free(s);
}

static void a_delivery_is_announced_and_recent_once(void **state)
{
    struct world *w = *state;
    struct store *s = session(w);
    const struct store_box *box = select_box(s, "INBOX");
    assert_int_equal(box->n, 0);
    deliver(w, "42", "Subject: hi\n\nhello\n");
    struct pollfd p = {.fd = store_fd(s), .events = POLLIN};
    assert_int_equal(poll(&p, 1, 5000), 1);
    assert_true(store_has_news(s));
    struct store_changes c = sync_now(s);
    assert_int_equal(c.n_new, 1);
    assert_true(store_box(s)->messages[0].flags & STORE_RECENT);
    struct store *other = session(w);
    box = select_box(other, "INBOX");
    assert_int_equal(box->n, 1);
    assert_false(box->messages[0].flags & STORE_RECENT);
    store_free(other);
    store_free(s);
}

static void a_foreign_rename_shows_as_a_flag_and_a_foreign_unlink_as_gone(void **state)
{
    struct world *w = *state;
    struct store *s = session(w);
    uint32_t one, two;
    append(s, "INBOX", "a: b\n\nx\n", 0, &one);
    append(s, "INBOX", "a: b\n\ny\n", 0, &two);
    select_box(s, "INBOX");
    str names;
    ok(store_uidls(s, &names));
    char from[300], to[300];
    (void)snprintf(from, sizeof from, "Maildir/cur/%s:2,", names.p);
    (void)snprintf(to, sizeof to, "Maildir/cur/%s:2,FS", names.p);
    ok(file_rename(w->home, from, w->home, to));
    struct store_changes c = sync_now(s);
    assert_int_equal(c.n_flags, 1);
    assert_false(c.flags[0].own);
    assert_true(store_box(s)->messages[0].flags & STORE_FLAGGED);
    body_is(s, one, "a: b\n\nx\n");
    ok(file_unlink(w->home, to));
    c = sync_now(s);
    assert_int_equal(c.n_gone, 1);
    assert_int_equal(c.gone[0].uid, one);
    store_free(s);
}

static void two_sessions_see_each_others_changes_and_expunges_can_wait(void **state)
{
    struct store *a = session(*state), *b = session(*state);
    uint32_t one, two;
    append(a, "INBOX", "a: b\n\nx\n", 0, &one);
    append(a, "INBOX", "a: b\n\ny\n", 0, &two);
    select_box(a, "INBOX");
    select_box(b, "INBOX");
    struct store_range r = {one, one};
    ok(store_flags(a, &r, 1, STORE_FLAGS_ADD, STORE_SEEN | STORE_DELETED, NULL, 0));
    ok(store_expunge(a, STORE_EXPUNGE_DELETED, NULL, 0));
    struct pollfd p = {.fd = store_fd(b), .events = POLLIN};
    assert_int_equal(poll(&p, 1, 5000), 1);
    struct store_changes c;
    ok(store_sync(b, STORE_SYNC_KEEP_GONE, &c));
    assert_int_equal(c.n_gone, 0);
    assert_int_equal(store_box(b)->n, 2);
    struct store_body body;
    ok(store_fetch(b, &one, 1, &body));
    assert_int_equal(body.fd, -1);
    assert_true(store_has_news(b));
    c = sync_now(b);
    assert_int_equal(c.n_gone, 1);
    assert_int_equal(store_box(b)->n, 1);
    store_free(a);
    store_free(b);
}

static void many_changes_come_as_a_whole_table(void **state)
{
    struct store *a = session(*state), *b = session(*state);
    select_box(b, "INBOX");
    uint32_t uid = 0;
    for (int i = 0; i < 40; i++)
        append(a, "INBOX", "a: b\n\nx\n", 0, &uid);
    select_box(a, "INBOX");
    struct store_range all = {1, UINT32_MAX};
    for (int i = 0; i < 120; i++)
        ok(store_flags(a, &all, 1, i % 2 ? STORE_FLAGS_REMOVE : STORE_FLAGS_ADD, STORE_SEEN, NULL,
                       0));
    ok(store_flags(a, &all, 1, STORE_FLAGS_ADD, STORE_FLAGGED, NULL, 0));
    struct store_changes c = sync_now(b);
    assert_int_equal(c.n_new, 40);
    c = sync_now(a);
    assert_int_equal(c.n_flags, 40);
    assert_int_equal(store_box(a)->messages[39].uid, uid);
    assert_true(store_box(a)->messages[39].flags & STORE_FLAGGED);
    store_free(a);
    store_free(b);
}

static void folders_are_listed_renamed_deleted_and_subscribed(void **state)
{
    struct store *s = session(*state);
    struct arena *a = arena_new("test", 1 << 20);
    ok(store_create(s, S("A.B")));
    ok(store_create(s, S("A-c")));
    ok(store_subscribe(s, S("A.B"), STORE_SUBSCRIBE));
    assert_int_equal(store_create(s, S("A.B")).kind, ERR_DENIED);
    assert_int_equal(store_create(s, S("../x")).kind, ERR_SYNTAX);
    assert_int_equal(store_create(s, S("a/b")).kind, ERR_SYNTAX);
    struct store_folder *f;
    size_t n;
    ok(store_list(s, a, &f, &n));
    assert_int_equal(n, 4);
    assert_true(str_eq(f[0].name, S("INBOX")));
    assert_true(str_eq(f[1].name, S("A")));
    assert_int_equal(f[1].flags, STORE_NOSELECT | STORE_HAS_CHILDREN);
    assert_true(str_eq(f[2].name, S("A.B")));
    assert_int_equal(f[2].flags, STORE_SUBSCRIBED);
    assert_true(str_eq(f[3].name, S("A-c")));
    select_box(s, "A.B");
    ok(store_rename(s, S("A"), S("Z")));
    assert_true(sync_now(s).lost);
    struct store_status st;
    ok(store_status(s, S("Z.B"), &st));
    assert_int_equal(st.messages, 0);
    assert_int_equal(store_status(s, S("A.B"), &st).kind, ERR_NOTFOUND);
    ok(store_delete(s, S("Z.B")));
    assert_int_equal(store_delete(s, S("Z.B")).kind, ERR_NOTFOUND);
    assert_int_equal(store_delete(s, S("inbox")).kind, ERR_DENIED);
    arena_free(a);
    store_free(s);
}

static void renaming_inbox_moves_its_messages(void **state)
{
    struct store *s = session(*state);
    uint32_t uid;
    append(s, "INBOX", "a: b\n\nx\n", STORE_SEEN, &uid);
    ok(store_rename(s, S("INBOX"), S("Old")));
    assert_int_equal(select_box(s, "INBOX")->n, 0);
    assert_int_equal(select_box(s, "Old")->n, 1);
    store_free(s);
}

static void a_large_message_goes_through_a_spool(void **state)
{
    struct store *s = session(*state);
    size_t n = 300 * 1024;
    char *big = malloc(n + 1);
    memset(big, 'x', n);
    memcpy(big, "a: b\n\n", 6);
    big[n - 1] = '\n';
    big[n] = 0;
    uint32_t uid;
    append(s, "INBOX", big, 0, &uid);
    const struct store_box *box = select_box(s, "INBOX");
    assert_int_equal(box->messages[0].size, n + 3);
    int fd;
    uint32_t spool;
    ok(store_spool(s, S("INBOX"), &fd, &spool));
    ok(file_write(fd, S("c: d\n\nspooled\n")));
    fd_close(fd);
    struct store_append m = {.folder = S("INBOX"), .date = -1, .spool = spool};
    struct store_appended done;
    ok(store_append(s, &m, &done));
    (void)sync_now(s);
    body_is(s, done.uid, "c: d\n\nspooled\n");
    assert_int_equal(store_append(s, &m, &done).kind, ERR_NOTFOUND);
    free(big);
    store_free(s);
}

static void an_mbox_inbox_keeps_uids_and_flags_in_its_headers(void **state)
{
    struct world *w = *state;
    deliver_mbox(w, "Subject: one\nX-UID: 99\nStatus: RO\n\nhello\nFrom the start\n>From x\n");
    deliver_mbox(w, "Subject: two\n\nbye");
    struct store *s = session(w);
    const struct store_box *box = select_box(s, "INBOX");
    assert_int_equal(box->n, 2);
    assert_int_equal(box->messages[0].uid, 1);
    assert_int_equal(box->messages[0].flags, STORE_RECENT);
    body_is(s, 1, "Subject: one\n\nhello\nFrom the start\n>From x\n");
    body_is(s, 2, "Subject: two\n\nbye\n");
    uint32_t validity = box->uidvalidity;
    struct store_range second = {2, 2};
    str word = S("todo");
    ok(store_flags(s, &second, 1, STORE_FLAGS_ADD, STORE_SEEN | STORE_ANSWERED, &word, 1));
    deliver_mbox(w, "Subject: three\n\nlate\n");
    struct store_changes c = sync_now(s);
    assert_int_equal(c.n_new, 1);
    assert_int_equal(c.n_flags, 1);
    struct store_range first = {1, 1};
    ok(store_expunge(s, STORE_EXPUNGE_ALL, &first, 1));
    c = sync_now(s);
    assert_int_equal(c.n_gone, 1);
    store_free(s);
    stop(w);
    start(w, "./Mailbox");
    s = session(w);
    box = select_box(s, "INBOX");
    assert_int_equal(box->n, 2);
    assert_int_equal(box->uidvalidity, validity);
    assert_int_equal(box->uidnext, 4);
    assert_int_equal(box->messages[0].uid, 2);
    assert_int_equal(box->messages[0].flags & ~(uint32_t)STORE_RECENT,
                     STORE_SEEN | STORE_ANSWERED | STORE_KEYWORD(0));
    body_is(s, 3, "Subject: three\n\nlate\n");
    store_free(s);
}

int main(void)
{
#define M(f) cmocka_unit_test_setup_teardown(f, setup_maildir, teardown)
#define B(f) cmocka_unit_test_setup_teardown(f, setup_mbox, teardown)
    const struct CMUnitTest tests[] = {
        M(a_session_appends_flags_copies_moves_and_expunges),
        B(a_session_appends_flags_copies_moves_and_expunges),
        M(uids_flags_and_keywords_survive_a_killed_keeper),
        M(a_delivery_is_announced_and_recent_once),
        M(a_foreign_rename_shows_as_a_flag_and_a_foreign_unlink_as_gone),
        M(two_sessions_see_each_others_changes_and_expunges_can_wait),
        B(two_sessions_see_each_others_changes_and_expunges_can_wait),
        M(many_changes_come_as_a_whole_table),
        M(folders_are_listed_renamed_deleted_and_subscribed),
        M(renaming_inbox_moves_its_messages),
        B(renaming_inbox_moves_its_messages),
        M(a_large_message_goes_through_a_spool),
        B(a_large_message_goes_through_a_spool),
        B(an_mbox_inbox_keeps_uids_and_flags_in_its_headers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
