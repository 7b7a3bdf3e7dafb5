/* SPDX-License-Identifier: ISC */
/* Conversations over a Maildir read directly: the answers are qmail-pop3d's. */
#include "popd/transaction.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "os/clock.h"
#include "os/file.h"
#include "store/maildir.h"

struct world {
    char dir[64];
    int fd;
};

static void ok(err e)
{
    if (failed(e))
        fail_msg("%s", err_text(e));
}

static void put(struct world *w, const char *path, const char *text, int64_t time)
{
    int fd;
    ok(file_open(w->fd, path, O_WRONLY | O_CREAT | O_EXCL, 0600, &fd));
    ok(file_write(fd, str_from(text)));
    struct timespec times[2] = {{.tv_sec = time}, {.tv_sec = time}};
    assert_int_equal(futimens(fd, times), 0);
    fd_close(fd);
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    (void)snprintf(w->dir, sizeof w->dir, "/tmp/popd-test-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    ok(dir_open(AT_FDCWD, w->dir, &w->fd));
    ok(maildir_make(w->fd, "."));
    put(w, "new/200.b.host", "Subject: b\n\n.dot\nlast", 200);
    put(w, "cur/100.a.host,S=17:2,S", "Subject: a\n\none\ntwo\n", 100);
    put(w, "new/young", "Subject: c\n\nx\n", clock_seconds() + 100);
    *state = w;
    return 0;
}

static err remove_one(void *ctx, const struct dir_entry *d)
{
    char name[256];
    (void)snprintf(name, sizeof name, "%.*s", STR_ARG(d->name));
    (void)unlinkat(*(int *)ctx, name, 0);
    return OK_ERR;
}

static int teardown(void **state)
{
    struct world *w = *state;
    static const char *const parts[] = {"tmp", "new", "cur"};
    for (size_t i = 0; i < 3; i++) {
        int fd;
        ok(dir_open(w->fd, parts[i], &fd));
        ok(dir_each(fd, ".", remove_one, &fd));
        fd_close(fd);
        (void)unlinkat(w->fd, parts[i], AT_REMOVEDIR);
    }
    rmdir(w->dir);
    fd_close(w->fd);
    free(w);
    return 0;
}

/* All commands at once (which is also pipelining), then all that came back. */
static void talk(struct world *w, const char *say, const char *want)
{
    int mine, theirs;
    ok(fd_pair(FD_PAIR_STREAM, &mine, &theirs));
    ok(file_write(mine, str_from(say)));
    assert_int_equal(shutdown(mine, SHUT_WR), 0);
    struct maildrop d;
    ok(maildrop_from_maildir(w->fd, clock_seconds(), &d));
    struct transaction t = {.io = io_new(theirs, theirs), .drop = &d, .timeout_ms = 5000};
    err e = transaction_run(&t);
    assert_true(e.kind == ERR_NONE || e.kind == ERR_CLOSED);
    io_free(t.io);
    maildrop_done(&d);
    char got[4096];
    size_t n = 0;
    ssize_t r;
    while ((r = read(mine, got + n, sizeof got - 1 - n)) > 0)
        n += (size_t)r;
    got[n] = 0;
    fd_close(mine);
    assert_string_equal(got, want);
}

static void messages_are_listed_by_time_with_their_file_sizes_and_names(void **state)
{
    talk(*state, "STAT\r\nLIST\r\nUIDL\r\nLIST 2\r\nuidl 1\r\nQUIT\r\n",
         "+OK 2 41\r\n"
         "+OK \r\n1 20\r\n2 21\r\n.\r\n"
         "+OK \r\n1 100.a.host,S=17\r\n2 200.b.host\r\n.\r\n"
         "+OK 2 21\r\n"
         "+OK 1 100.a.host,S=17\r\n"
         "+OK \r\n");
}

static void messages_come_stuffed_with_one_more_empty_line(void **state)
{
    talk(*state, "RETR 2\r\nTOP 1 1\r\nTOP 1 0\r\nLAST\r\nQUIT\r\n",
         "+OK \r\nSubject: b\r\n\r\n..dot\r\nlast\r\n\r\n.\r\n"
         "+OK \r\nSubject: a\r\n\r\none\r\n\r\n.\r\n"
         "+OK \r\nSubject: a\r\n\r\n\r\n.\r\n"
         "+OK 2\r\n"
         "+OK \r\n");
}

static void mistakes_are_answered_in_qmail_s_words(void **state)
{
    talk(*state,
         "DELE 0\r\nDELE 3\r\nDELE x\r\nDELE\r\nDELE 1\r\nRETR 1\r\nNONSENSE\r\nRSET\r\nNOOP\r\n",
         "-ERR messages are counted from 1\r\n"
         "-ERR not that many messages\r\n"
         "-ERR syntax error\r\n"
         "-ERR syntax error\r\n"
         "+OK \r\n"
         "-ERR already deleted\r\n"
         "-ERR unimplemented\r\n"
         "+OK \r\n"
         "+OK \r\n");
}

static bool there(struct world *w, const char *path)
{
    struct stat st;
    return fstatat(w->fd, path, &st, 0) == 0;
}

static void only_quit_deletes_and_moves_what_is_new(void **state)
{
    struct world *w = *state;
    talk(w, "DELE 1\r\n", "+OK \r\n");
    assert_true(there(w, "cur/100.a.host,S=17:2,S"));
    assert_true(there(w, "new/200.b.host"));
    talk(w, "DELE 1\r\nQUIT\r\n", "+OK \r\n+OK \r\n");
    assert_false(there(w, "cur/100.a.host,S=17:2,S"));
    assert_true(there(w, "cur/200.b.host:2,"));
    assert_true(there(w, "new/young"));
    talk(w, "UIDL\r\nQUIT\r\n", "+OK \r\n1 200.b.host\r\n.\r\n+OK \r\n");
}

static void a_line_too_long_is_an_error_and_no_more(void **state)
{
    char say[1200];
    memset(say, 'x', sizeof say);
    memcpy(say + 1000, "\r\nNOOP\r\n", 9);
    talk(*state, say, "-ERR syntax error\r\n+OK \r\n");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(messages_are_listed_by_time_with_their_file_sizes_and_names),
        T(messages_come_stuffed_with_one_more_empty_line),
        T(mistakes_are_answered_in_qmail_s_words),
        T(only_quit_deletes_and_moves_what_is_new),
        T(a_line_too_long_is_an_error_and_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
