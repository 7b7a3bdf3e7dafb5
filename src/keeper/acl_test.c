/* SPDX-License-Identifier: ISC */
/* A keeper in a child process; its owner ann and visitors talk to it as sessions do. */
#include "keeper/keeper.h"

#include <errno.h>
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
#include "os/file.h"

struct world {
    char dir[64];
    int home, door;
    pid_t pid;
    struct store *ann;
    struct arena *a;
};

static void ok(err e)
{
    if (failed(e))
        fail_msg("%s", err_text(e));
}

static void denied(err e)
{
    assert_int_equal(e.kind, ERR_DENIED);
    assert_int_equal(e.sys, EACCES);
}

static struct store *session(struct world *w, const char *visitor)
{
    int a, b;
    ok(fd_pair(FD_PAIR_PACKET, &a, &b));
    ok(door_pass(w->door, &(struct door_knock){.visitor = str_from(visitor)}, b));
    fd_close(b);
    return store_new(a);
}

static void start(struct world *w)
{
    int a, b;
    ok(fd_pair(FD_PAIR_PACKET, &a, &b));
    w->pid = fork();
    if (!w->pid) {
        struct keeper k;
        fd_close(a);
        if (fchdir(w->home) < 0 || failed(keeper_init(&k, w->home, S("./Maildir/"), NULL)))
            _exit(1);
        keeper_set_quota(&k, &(struct quota){0}, S("ann"), S("host.example"));
        keeper_set_sharing(&k, true);
        keeper_add_door(&k, channel_new(b));
        err e = keeper_run(&k);
        keeper_done(&k);
        _exit(failed(e) ? 3 : 0);
    }
    fd_close(b);
    w->door = a;
    w->ann = session(w, NULL);
}

static void stop(struct world *w)
{
    store_free(w->ann);
    fd_closep(&w->door);
    kill(w->pid, SIGKILL);
    int status;
    assert_int_equal(waitpid(w->pid, &status, 0), w->pid);
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    (void)snprintf(w->dir, sizeof w->dir, "/tmp/acl-test-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    ok(dir_open(AT_FDCWD, w->dir, &w->home));
    w->a = arena_new("test", 16 << 20);
    start(w);
    *state = w;
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

static void give(struct world *w, str folder, str who, str letters)
{
    struct acl_entry e;
    ok(acl_identifier(who, S("ann"), &e));
    ok(acl_letters(letters, &e.rights));
    ok(store_set_acl(w->ann, folder, &e, ACL_SET));
}

static void add(struct store *s, str folder, uint32_t flags)
{
    struct store_append m = {
        .folder = folder, .system_flags = flags, .date = -1, .bytes = S("Subject: x\n\nhello\n")};
    struct store_appended done;
    ok(store_append(s, &m, &done));
}

static const struct store_range all = {1, UINT32_MAX};

static void a_visitor_sees_nothing_until_something_is_shared(void **state)
{
    struct world *w = *state;
    ok(store_create(w->ann, S("Work")));
    ok(store_create(w->ann, S("Work.2026")));
    struct store *bob = session(w, "bob");
    struct store_folder *f;
    size_t n;
    ok(store_list(bob, w->a, &f, &n));
    assert_int_equal(n, 0);
    const struct store_box *box;
    struct store_status st;
    assert_int_equal(store_select(bob, S("INBOX"), STORE_SELECT, &box).kind, ERR_NOTFOUND);
    assert_int_equal(store_status(bob, S("Work"), &st).kind, ERR_NOTFOUND);
    assert_int_equal(store_delete(bob, S("Work")).kind, ERR_NOTFOUND);
    denied(store_create(bob, S("Mine")));
    assert_int_equal(store_create(bob, S("Work.Mine")).kind, ERR_NOTFOUND);
    denied(store_subscribe(bob, S("Work"), STORE_SUBSCRIBE));
    give(w, S("Work.2026"), S("bob"), S("lr"));
    ok(store_list(bob, w->a, &f, &n));
    assert_int_equal(n, 2);
    assert_true(str_eq(f[0].name, S("Work")) && (f[0].flags & STORE_NOSELECT));
    assert_true(str_eq(f[1].name, S("Work.2026")) && !(f[1].flags & STORE_NOSELECT));
    ok(store_select(bob, S("Work.2026"), STORE_SELECT, &box));
    assert_false(box->writable);
    store_free(bob);
    struct store *eve = session(w, "eve");
    ok(store_list(eve, w->a, &f, &n));
    assert_int_equal(n, 0);
    store_free(eve);
}

/* RFC 4314 4. */
static void flags_that_one_may_not_change_stay(void **state)
{
    struct world *w = *state;
    ok(store_create(w->ann, S("Work")));
    add(w->ann, S("Work"), STORE_FLAGGED);
    give(w, S("Work"), S("bob"), S("lrs"));
    struct store *bob = session(w, "bob");
    const struct store_box *box;
    struct store_changes c;
    ok(store_select(bob, S("Work"), STORE_SELECT, &box));
    assert_true(box->writable);
    ok(store_flags(bob, &all, 1, STORE_FLAGS_SET, STORE_SEEN | STORE_DELETED, NULL, 0));
    ok(store_sync(bob, STORE_SYNC_ALL, &c));
    assert_int_equal(box->messages[0].flags & ~(uint32_t)STORE_RECENT, STORE_SEEN | STORE_FLAGGED);
    denied(store_flags(bob, &all, 1, STORE_FLAGS_ADD, STORE_DELETED, NULL, 0));
    const str word = S("word");
    denied(store_flags(bob, &all, 1, STORE_FLAGS_ADD, 0, &word, 1));
    denied(store_expunge(bob, STORE_EXPUNGE_DELETED, NULL, 0));
    struct store_copied copied;
    denied(store_copy(bob, STORE_COPY, &all, 1, S("Work"), &copied));
    struct store_append m = {.folder = S("Work"), .date = -1, .bytes = S("\nx\n")};
    struct store_appended done;
    denied(store_append(bob, &m, &done));
    give(w, S("Work"), S("bob"), S("lri"));
    m.system_flags = STORE_SEEN | STORE_DELETED | STORE_FLAGGED;
    ok(store_append(bob, &m, &done));
    ok(store_sync(bob, STORE_SYNC_ALL, &c));
    assert_int_equal(box->messages[1].flags & ~(uint32_t)STORE_RECENT, 0);
    denied(store_copy(bob, STORE_MOVE, &all, 1, S("Work"), &copied));
    store_free(bob);
}

static void access_ends_with_the_right(void **state)
{
    struct world *w = *state;
    ok(store_create(w->ann, S("Work")));
    add(w->ann, S("Work"), 0);
    give(w, S("Work"), S("anyone"), S("lr"));
    struct store *bob = session(w, "bob"), *eve = session(w, "eve");
    const struct store_box *box;
    struct store_changes c;
    ok(store_select(bob, S("Work"), STORE_SELECT, &box));
    ok(store_select(eve, S("Work"), STORE_SELECT, &box));
    give(w, S("Work"), S("-bob"), S("r"));
    ok(store_sync(bob, STORE_SYNC_ALL, &c));
    assert_true(c.lost);
    ok(store_sync(eve, STORE_SYNC_ALL, &c));
    assert_false(c.lost);
    give(w, S("Work"), S("anyone"), S(""));
    struct store_body body;
    uint32_t uid = 1;
    assert_int_equal(store_fetch(eve, &uid, 1, &body).kind, ERR_CLOSED);
    store_free(bob);
    store_free(eve);
}

static void rights_are_their_administrators(void **state)
{
    struct world *w = *state;
    ok(store_create(w->ann, S("Work")));
    give(w, S("Work"), S("bob"), S("lra"));
    struct store *bob = session(w, "bob"), *eve = session(w, "eve");
    struct acl_entry e = {.kind = ACL_USER, .name = S("eve"), .rights = ACL_LOOKUP | ACL_READ};
    ok(store_set_acl(bob, S("Work"), &e, ACL_SET));
    denied(store_set_acl(eve, S("Work"), &e, ACL_SET));
    assert_int_equal(store_set_acl(eve, S("INBOX"), &e, ACL_SET).kind, ERR_NOTFOUND);
    struct acl *acl;
    ok(store_acl(bob, S("Work"), w->a, &acl));
    assert_int_equal(acl->n, 2);
    unsigned rights = 0;
    ok(store_rights(eve, S("Work"), &rights));
    assert_int_equal(rights, ACL_LOOKUP | ACL_READ);
    struct acl_entry owner = {.kind = ACL_OWNER};
    ok(store_set_acl(bob, S("Work"), &owner, ACL_SET));
    ok(store_rights(w->ann, S("Work"), &rights));
    assert_int_equal(rights, ACL_LOOKUP | ACL_ADMIN);
    give(w, S("Work"), S("ann"), S("lrswipkxtea"));
    ok(store_rights(w->ann, S("Work"), &rights));
    assert_int_equal(rights, ACL_ALL);
    store_free(bob);
    store_free(eve);
}

static void folders_need_k_and_x_and_new_ones_are_shared_as_those_above(void **state)
{
    struct world *w = *state;
    ok(store_create(w->ann, S("Work")));
    give(w, S("Work"), S("bob"), S("lrk"));
    struct store *bob = session(w, "bob");
    ok(store_create(bob, S("Work.New")));
    denied(store_delete(bob, S("Work.New")));
    denied(store_rename(bob, S("Work.New"), S("Work.Other")));
    give(w, S("Work.New"), S("bob"), S("lrx"));
    ok(store_rename(bob, S("Work.New"), S("Work.Other")));
    denied(store_rename(bob, S("Work.Other"), S("Other")));
    ok(store_delete(bob, S("Work.Other")));
    assert_int_equal(store_rename(bob, S("INBOX"), S("Work.Mail")).kind, ERR_NOTFOUND);
    store_free(bob);
}

static void what_is_the_owners_alone_ends_a_visit(void **state)
{
    struct world *w = *state;
    ok(store_create(w->ann, S("Work")));
    give(w, S("Work"), S("bob"), S("lr"));
    struct store *bob = session(w, "bob");
    struct store_attribute *at;
    size_t n;
    const struct store_attribute kept[] = {{S("/private/comment"), S("mine")},
                                           {S("/shared/comment"), S("ours")}};
    ok(store_set_attributes(w->ann, S("Work"), kept, 2));
    ok(store_attributes(bob, S("Work"), w->a, &at, &n));
    assert_int_equal(n, 1);
    assert_true(str_eq(at[0].name, S("/shared/comment")));
    denied(store_attributes(bob, S(""), w->a, &at, &n));
    denied(store_set_attributes(bob, S("Work"), kept, 2));
    struct store_quota q;
    assert_int_equal(store_quota(bob, &q).kind, ERR_CLOSED);
    store_free(bob);
}

static void rights_changed_by_hand_and_after_a_crash_count(void **state)
{
    struct world *w = *state;
    ok(store_create(w->ann, S("Work")));
    give(w, S("Work"), S("bob"), S("lr"));
    struct store *bob = session(w, "bob");
    unsigned rights = 0;
    ok(store_rights(bob, S("Work"), &rights));
    ok(file_replace(w->home, "Maildir/.Work/dovecot-acl", S("user=bob lrs\n"), 0600));
    ok(store_rights(bob, S("Work"), &rights));
    assert_int_equal(rights, ACL_LOOKUP | ACL_READ | ACL_SEEN);
    ok(file_replace(w->home, "Maildir/.Work/dovecot-acl", S("user=bob lrs\nuser=bob ?\n"), 0600));
    assert_int_equal(store_rights(bob, S("Work"), &rights).kind, ERR_NOTFOUND);
    ok(file_unlink(w->home, "Maildir/.Work/dovecot-acl"));
    assert_int_equal(symlinkat("/etc/passwd", w->home, "Maildir/.Work/dovecot-acl"), 0);
    assert_int_equal(store_rights(bob, S("Work"), &rights).kind, ERR_NOTFOUND);
    ok(file_unlink(w->home, "Maildir/.Work/dovecot-acl"));
    give(w, S("Work"), S("bob"), S("lri"));
    store_free(bob);
    stop(w); /* kill -9 */
    start(w);
    bob = session(w, "bob");
    ok(store_rights(bob, S("Work"), &rights));
    assert_int_equal(rights, ACL_LOOKUP | ACL_READ | ACL_INSERT);
    store_free(bob);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_visitor_sees_nothing_until_something_is_shared),
        TEST(flags_that_one_may_not_change_stay),
        TEST(access_ends_with_the_right),
        TEST(rights_are_their_administrators),
        TEST(folders_need_k_and_x_and_new_ones_are_shared_as_those_above),
        TEST(what_is_the_owners_alone_ends_a_visit),
        TEST(rights_changed_by_hand_and_after_a_crash_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
