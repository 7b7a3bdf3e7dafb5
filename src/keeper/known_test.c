/* SPDX-License-Identifier: ISC */
/* Mod-sequences, the expunged, digests: what sessions hear of them, and what is left of them when
 * a keeper ends well, is killed, or finds its index damaged. */
#include <poll.h>
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
#include "keeper/keeper.h"
#include "os/clock.h"
#include "os/file.h"
#include "wire/digest.h"

struct world {
    char dir[64];
    int home, door;
    pid_t pid;
    struct store *s;
    const struct store_box *box;
    struct arena *a;
};

static void ok(err e)
{
    if (failed(e))
        fail_msg("%s", err_text(e));
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
            _exit(2);
        k.idle_ms = 1;
        keeper_add_door(&k, channel_new(b));
        err e = keeper_run(&k);
        keeper_done(&k);
        _exit(failed(e) ? 3 : 0);
    }
    fd_close(b);
    w->door = a;
}

static struct store *session(struct world *w)
{
    int a, b;
    ok(fd_pair(FD_PAIR_PACKET, &a, &b));
    ok(door_pass(w->door, &(struct door_knock){0}, b));
    fd_close(b);
    return store_new(a);
}

static void open_box(struct world *w, const char *name)
{
    if (!w->s)
        w->s = session(w);
    ok(store_want_modseqs(w->s));
    ok(store_select(w->s, str_from(name), STORE_SELECT, &w->box));
}

enum how { WELL, KILLED };

static void end_keeper(struct world *w, enum how how)
{
    int status;
    if (how == KILLED)
        kill(w->pid, SIGKILL);
    store_free(w->s);
    w->s = NULL;
    assert_int_equal(waitpid(w->pid, &status, 0), w->pid);
    assert_true(how == KILLED || (WIFEXITED(status) && WEXITSTATUS(status) == 0));
    fd_closep(&w->door);
    w->pid = 0;
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    (void)snprintf(w->dir, sizeof w->dir, "/tmp/known-test-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    ok(dir_open(AT_FDCWD, w->dir, &w->home));
    w->a = arena_new("test", 64 << 20);
    start(w);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    if (w->pid)
        end_keeper(w, KILLED);
    fd_close(w->home);
    arena_free(w->a);
    pid_t pid = fork();
    if (!pid) {
        (void)execlp("rm", "rm", "-rf", w->dir, (char *)NULL);
        _exit(127);
    }
    (void)waitpid(pid, NULL, 0);
    free(w);
    return 0;
}

static void append(struct world *w, const char *folder, const char *text)
{
    if (!w->s)
        w->s = session(w);
    struct store_append m = {
        .folder = str_from(folder), .date = 1234567890, .bytes = str_from(text)};
    struct store_appended a;
    ok(store_append(w->s, &m, &a));
}

static struct store_changes sync_now(struct world *w)
{
    struct store_changes c;
    ok(store_sync(w->s, STORE_SYNC_ALL, &c));
    return c;
}

static void add_flag(struct store *s, uint32_t uid, uint32_t flag)
{
    struct store_range r = {uid, uid};
    ok(store_flags(s, &r, 1, STORE_FLAGS_ADD, flag, NULL, 0));
}

static void expunge(struct world *w, uint32_t uid)
{
    struct store_range r = {uid, uid};
    ok(store_expunge(w->s, STORE_EXPUNGE_ALL, &r, 1));
    sync_now(w);
}

static size_t vanished(struct world *w, uint64_t since, struct store_range **ret)
{
    size_t n;
    ok(store_vanished_since(w->s, since, NULL, 0, w->a, ret, &n));
    return n;
}

static void five_messages(struct world *w)
{
    for (int i = 0; i < 5; i++)
        append(w, "INBOX", "Subject: x\n\ny\n");
    open_box(w, "INBOX");
}

static void each_change_has_a_number_above_all_before(void **state)
{
    struct world *w = *state;
    five_messages(w);
    uint64_t last = 0;
    for (size_t i = 0; i < 5; i++) {
        assert_true(w->box->modseqs[i] > last);
        last = w->box->modseqs[i];
    }
    assert_true(w->box->highestmodseq == last);
    add_flag(w->s, 2, STORE_FLAGGED);
    struct store_changes c = sync_now(w);
    assert_int_equal(c.n_flags, 1);
    assert_true(c.flags[0].own);
    assert_true(w->box->modseqs[1] > last && w->box->highestmodseq == w->box->modseqs[1]);
    last = w->box->highestmodseq;
    add_flag(w->s, 2, STORE_FLAGGED); /* nothing changes */
    assert_int_equal(sync_now(w).n_flags, 0);
    assert_true(w->box->highestmodseq == last);
    expunge(w, 3);
    assert_true(w->box->highestmodseq > last);
    uint32_t *changed;
    size_t n;
    ok(store_changed_since(w->s, w->box->modseqs[3], w->a, &changed, &n));
    assert_int_equal(n, 1);
    assert_int_equal(changed[0], 1);
}

static void a_session_may_ask_for_numbers_late(void **state)
{
    struct world *w = *state;
    five_messages(w);
    struct store *late = session(w);
    const struct store_box *box;
    ok(store_select(late, S("INBOX"), STORE_SELECT, &box));
    assert_null(box->modseqs);
    ok(store_want_modseqs(late));
    for (size_t i = 0; i < 5; i++)
        assert_true(box->modseqs[i] == w->box->modseqs[i]);
    add_flag(w->s, 4, STORE_SEEN);
    append(w, "INBOX", "Subject: six\n\n");
    sync_now(w);
    struct store_changes c;
    ok(store_sync(late, STORE_SYNC_ALL, &c));
    for (size_t i = 0; i < 6; i++)
        assert_true(box->modseqs[i] == w->box->modseqs[i]);
    store_free(late);
}

static void what_another_session_changed_is_left_alone_and_named(void **state)
{
    struct world *w = *state;
    five_messages(w);
    uint64_t before = w->box->highestmodseq;
    struct store *other = session(w);
    const struct store_box *box;
    ok(store_select(other, S("INBOX"), STORE_SELECT, &box));
    add_flag(other, 4, STORE_SEEN);
    struct store_range all = {1, 5};
    struct store_stored stored;
    ok(store_flags_unchanged(w->s, &all, 1, STORE_FLAGS_ADD, STORE_DELETED, NULL, 0, before,
                             &stored));
    assert_int_equal(stored.n_modified, 1);
    assert_int_equal(stored.modified[0], 4);
    sync_now(w);
    assert_int_equal(w->box->messages[2].flags & STORE_DELETED, STORE_DELETED);
    assert_int_equal(w->box->messages[3].flags & STORE_DELETED, 0);
    store_free(other);
}

static void the_expunged_are_remembered_with_their_number(void **state)
{
    struct world *w = *state;
    five_messages(w);
    uint64_t before = w->box->highestmodseq;
    expunge(w, 2);
    uint64_t between = w->box->highestmodseq;
    expunge(w, 4);
    struct store_range *r, known = {1, 3};
    assert_int_equal(vanished(w, before, &r), 2);
    assert_int_equal(r[0].from, 2);
    assert_int_equal(r[1].to, 4);
    assert_int_equal(vanished(w, between, &r), 1);
    assert_int_equal(r[0].from, 4);
    size_t n;
    ok(store_vanished_since(w->s, before, &known, 1, w->a, &r, &n));
    assert_int_equal(n, 1);
    assert_int_equal(r[0].from, 2);
}

static void a_keeper_that_ended_well_goes_on_where_it_was(void **state)
{
    struct world *w = *state;
    five_messages(w);
    add_flag(w->s, 1, STORE_SEEN);
    expunge(w, 5);
    uint64_t highest = w->box->highestmodseq, first = w->box->modseqs[0];
    uint32_t validity = w->box->uidvalidity;
    end_keeper(w, WELL);
    start(w);
    open_box(w, "INBOX");
    assert_true(w->box->highestmodseq == highest && w->box->modseqs[0] == first);
    assert_int_equal(w->box->uidvalidity, validity);
    struct store_range *r;
    assert_int_equal(vanished(w, highest - 1, &r), 1);
    assert_int_equal(vanished(w, highest, &r), 0);
}

static void find_file(struct world *w, uint32_t uid, char ret[512])
{
    str names, name;
    ok(store_uidls(w->s, &names));
    for (size_t i = 0; i < w->box->n && str_cut(names, 0, &name, &names); i++)
        if (w->box->messages[i].uid == uid)
            (void)snprintf(ret, 512, "%s/Maildir/cur/%.*s:2,", w->dir, STR_ARG(name));
}

static void what_others_did_while_no_keeper_was_there_has_new_numbers(void **state)
{
    struct world *w = *state;
    five_messages(w);
    uint64_t highest = w->box->highestmodseq, second = w->box->modseqs[1];
    char gone[512], flagged[512], to[520];
    find_file(w, 1, gone);
    find_file(w, 3, flagged);
    end_keeper(w, WELL);
    assert_int_equal(unlink(gone), 0);
    (void)snprintf(to, sizeof to, "%sF", flagged);
    assert_int_equal(rename(flagged, to), 0);
    start(w);
    open_box(w, "INBOX");
    assert_int_equal(w->box->n, 4);
    assert_true(w->box->modseqs[0] == second);
    assert_true(w->box->modseqs[1] > highest);
    assert_true(w->box->highestmodseq > highest);
    struct store_range *r;
    assert_int_equal(vanished(w, highest, &r), 1);
    assert_int_equal(r[0].from, 1);
}

/* All begins anew, above: a client that asks with an old number hears everything. */
static void assert_anew(struct world *w, uint64_t highest, uint32_t validity)
{
    assert_int_equal(w->box->uidvalidity, validity);
    assert_int_equal(w->box->n, 4);
    for (size_t i = 0; i < w->box->n; i++)
        assert_true(w->box->modseqs[i] > highest);
    struct store_range *r;
    assert_int_equal(vanished(w, highest, &r), 1);
    assert_int_equal(r[0].from, 3);
    assert_int_equal(r[0].to, 3);
    assert_int_equal(vanished(w, w->box->highestmodseq, &r), 0);
}

static void after_a_kill_numbers_begin_anew_above_all_that_were_said(void **state)
{
    struct world *w = *state;
    five_messages(w);
    expunge(w, 3);
    uint64_t highest = w->box->highestmodseq;
    uint32_t validity = w->box->uidvalidity;
    end_keeper(w, KILLED);
    start(w);
    open_box(w, "INBOX");
    assert_anew(w, highest, validity);
}

static void spoil_index(struct world *w, str bytes)
{
    ok(file_replace(w->home, "Maildir/" INDEX_NAME, bytes, 0600));
}

static void a_damaged_index_is_made_anew_without_a_word(void **state)
{
    struct world *w = *state;
    static char junk[16384] = "SQLite format 3\0 and then nothing of it";
    five_messages(w);
    expunge(w, 3);
    uint64_t highest = w->box->highestmodseq;
    uint32_t validity = w->box->uidvalidity;
    for (int i = 0; i < 3; i++) {
        end_keeper(w, WELL);
        spoil_index(w, i == 0 ? str_of(junk, sizeof junk) : i == 1 ? S("junk") : S(""));
        start(w);
        open_box(w, "INBOX");
        assert_anew(w, highest, validity);
        highest = w->box->highestmodseq;
    }
    end_keeper(w, WELL);
    start(w);
    open_box(w, "INBOX");
    assert_true(w->box->highestmodseq == highest); /* the new one is kept */
}

static void without_an_index_mail_goes_on(void **state)
{
    struct world *w = *state;
    ok(dir_make_all(w->home, "Maildir/" INDEX_NAME "/in-the-way", 0700));
    five_messages(w);
    uint64_t before = w->box->highestmodseq;
    add_flag(w->s, 1, STORE_SEEN);
    expunge(w, 2);
    struct store_range *r;
    assert_int_equal(vanished(w, before, &r), 1);
    str blob;
    uint32_t uid = 1;
    ok(store_digests(w->s, &uid, 1, &blob));
    struct mail_digest d;
    ok(digest_open(blob, &d));
}

static void a_table_some_changes_old_is_made_true_for_who_opens_it(void **state)
{
    struct world *w = *state;
    five_messages(w);
    add_flag(w->s, 5, STORE_SEEN);
    expunge(w, 2);
    append(w, "INBOX", "Subject: six\n\n");
    sync_now(w);
    struct world late = *w;
    late.s = NULL;
    open_box(&late, "INBOX");
    assert_int_equal(late.box->n, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(late.box->messages[i].uid, w->box->messages[i].uid);
        assert_int_equal((late.box->messages[i].flags ^ w->box->messages[i].flags) & STORE_SEEN, 0);
        assert_true(late.box->modseqs[i] == w->box->modseqs[i]);
    }
    assert_true(late.box->highestmodseq == w->box->highestmodseq);
    assert_int_equal(late.box->unseen, 4);
    assert_int_equal(late.box->first_unseen, 1);
    store_free(late.s);
}

static void digest_is(struct world *w, uint32_t uid, const char *subject, struct digest_id *ret)
{
    str blob;
    struct mail_digest d;
    ok(store_digests(w->s, &uid, 1, &blob));
    ok(digest_open(blob, &d));
    assert_true(str_eq(d.subject, str_from(subject)));
    *ret = d.id;
}

/* The keeper's own work, without its loop. */
static void digests_are_made_before_anybody_asks_for_them(void **state)
{
    struct world *w = *state;
    append(w, "INBOX", "Subject: one\n\n1\n");
    append(w, "INBOX", "Subject: two\n\n2\n");
    end_keeper(w, WELL);
    struct keeper k;
    struct held *h;
    assert_int_equal(fchdir(w->home), 0);
    ok(keeper_init(&k, w->home, S("./Maildir/"), NULL));
    ok(keeper_box(&k, S("INBOX"), &h));
    assert_false(keeper_digests_ahead(&k, 10 * 1000)); /* nobody has it open */
    keeper_use(&k, h);
    for (int round = 0; round < 2; round++)
        assert_false(keeper_digests_ahead(&k, 10 * 1000));
    auto_buf struct buf one;
    buf_init(&one, DIGEST_MAX);
    for (size_t i = 0; i < 2; i++) {
        struct mail_digest d;
        buf_reset(&one);
        assert_true(index_digest(k.index, h->box->known.id, h->box->table.at[i].uid,
                                 h->box->entries.at[i].hash, &one));
        ok(digest_open(buf_str(&one), &d));
        assert_true(str_eq(d.subject, i ? S("two") : S("one")));
    }
    keeper_done(&k);
    start(w); /* for the teardown */
}

static void a_digest_is_made_once_and_a_copy_has_the_same_id(void **state)
{
    struct world *w = *state;
    struct digest_id first, again, copy;
    five_messages(w);
    digest_is(w, 2, "x", &first);
    ok(store_create(w->s, S("Copies")));
    struct store_copied c;
    struct store_range r = {2, 2};
    ok(store_copy(w->s, STORE_COPY, &r, 1, S("Copies"), &c));
    end_keeper(w, WELL);
    start(w);
    open_box(w, "INBOX");
    digest_is(w, 2, "x", &again);
    open_box(w, "Copies");
    digest_is(w, 1, "x", &copy);
    assert_memory_equal(&first, &again, sizeof first);
    assert_memory_equal(&first, &copy, sizeof first);
    uint32_t gone = 7;
    str blob;
    ok(store_digests(w->s, &gone, 1, &blob));
    assert_int_equal(blob.n, 0);
}

static void the_date_of_saving_is_when_it_came_here(void **state)
{
    struct world *w = *state;
    uint32_t from = (uint32_t)clock_seconds();
    five_messages(w);
    const uint32_t *saved;
    ok(store_savedates(w->s, &saved));
    assert_true(saved[4] >= from && saved[4] <= (uint32_t)clock_seconds());
    assert_int_equal(w->box->messages[4].date, 1234567890);
    uint32_t fifth = saved[4];
    end_keeper(w, WELL);
    start(w);
    open_box(w, "INBOX");
    ok(store_savedates(w->s, &saved));
    assert_int_equal(saved[4], fifth);
}

static void a_renamed_folder_keeps_its_numbers_and_its_id(void **state)
{
    struct world *w = *state;
    w->s = session(w);
    ok(store_create(w->s, S("Old")));
    append(w, "Old", "Subject: x\n\n");
    open_box(w, "Old");
    uint64_t highest = w->box->highestmodseq;
    char id[65] = "";
    memcpy(id, w->box->id.p, w->box->id.n);
    ok(store_unselect(w->s));
    ok(store_rename(w->s, S("Old"), S("New")));
    open_box(w, "New");
    assert_true(w->box->highestmodseq == highest);
    assert_true(str_eq(w->box->id, str_from(id)));
}

/* Until the keeper says that there is news: inotify is at once, but not at this instant. */
static struct store_changes wait_for_news(struct world *w)
{
    while (!store_has_news(w->s)) {
        struct pollfd p = {.fd = store_fd(w->s), .events = POLLIN};
        assert_int_equal(poll(&p, 1, 10'000), 1);
    }
    return sync_now(w);
}

static void what_others_do_is_noticed_at_once_and_has_new_numbers(void **state)
{
    struct world *w = *state;
    five_messages(w);
    uint64_t highest = w->box->highestmodseq;
    char second[512], fourth[512], to[520];
    find_file(w, 2, second);
    find_file(w, 4, fourth);
    (void)snprintf(to, sizeof to, "%sSa", second); /* with a keyword, as mutt or rsync bring it */
    assert_int_equal(rename(second, to), 0);
    struct store_changes c = wait_for_news(w);
    assert_int_equal(c.n_flags, 1);
    assert_int_equal(c.flags[0].index, 1);
    assert_false(c.flags[0].own);
    assert_true(w->box->messages[1].flags & STORE_SEEN);
    assert_true(w->box->messages[1].flags & STORE_KEYWORD(0));
    assert_true(w->box->modseqs[1] > highest);
    highest = w->box->highestmodseq;
    assert_int_equal(unlink(fourth), 0);
    c = wait_for_news(w);
    assert_int_equal(c.n_gone, 1);
    assert_int_equal(c.gone[0].uid, 4);
    struct store_range *r;
    assert_int_equal(vanished(w, highest, &r), 1);
    assert_int_equal(r[0].from, 4);
    highest = w->box->highestmodseq;
    auto_fd int dir = -1;
    ok(dir_open(w->home, "Maildir/cur", &dir));
    ok(file_replace(dir, "1111111111.rsync.host:2,F", S("Subject: copied\n\nx\n"), 0600));
    c = wait_for_news(w);
    assert_int_equal(c.n_new, 1);
    assert_true(w->box->modseqs[4] > highest && (w->box->messages[4].flags & STORE_FLAGGED));
}

static void a_list_of_version_1_keeps_its_uids(void **state)
{
    struct world *w = *state;
    ok(dir_make_all(w->home, "Maildir/cur", 0700));
    ok(dir_make(w->home, "Maildir/new", 0700));
    ok(dir_make(w->home, "Maildir/tmp", 0700));
    ok(file_replace(w->home, "Maildir/cur/1000000001.one.host:2,S", S("a: 1\n\n"), 0600));
    ok(file_replace(w->home, "Maildir/cur/1000000002.two.host:2,", S("a: 2\n\n"), 0600));
    ok(file_replace(w->home, "Maildir/dovecot-uidlist",
                    S("1 1234567890 40\n7 1000000002.two.host\n31 1000000001.one.host\n"), 0600));
    for (int i = 0; i < 2; i++) {
        open_box(w, "INBOX");
        assert_int_equal(w->box->uidvalidity, 1234567890);
        assert_int_equal(w->box->n, 2);
        assert_int_equal(w->box->messages[0].uid, 7);
        assert_int_equal(w->box->messages[1].uid, 31);
        assert_int_equal(w->box->uidnext, 40);
        end_keeper(w, WELL);
        start(w);
    }
    auto_arena struct arena *a = arena_new("list", 1 << 20);
    str list;
    ok(file_read(w->home, "Maildir/dovecot-uidlist", 1 << 16, a, &list));
    assert_true(str_starts(list, S("3 V1234567890 N40 G")));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(each_change_has_a_number_above_all_before),
        T(a_session_may_ask_for_numbers_late),
        T(what_another_session_changed_is_left_alone_and_named),
        T(the_expunged_are_remembered_with_their_number),
        T(a_keeper_that_ended_well_goes_on_where_it_was),
        T(what_others_did_while_no_keeper_was_there_has_new_numbers),
        T(after_a_kill_numbers_begin_anew_above_all_that_were_said),
        T(a_damaged_index_is_made_anew_without_a_word),
        T(without_an_index_mail_goes_on),
        T(a_table_some_changes_old_is_made_true_for_who_opens_it),
        T(digests_are_made_before_anybody_asks_for_them),
        T(a_digest_is_made_once_and_a_copy_has_the_same_id),
        T(the_date_of_saving_is_when_it_came_here),
        T(a_renamed_folder_keeps_its_numbers_and_its_id),
        T(what_others_do_is_noticed_at_once_and_has_new_numbers),
        T(a_list_of_version_1_keeps_its_uids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
