/* SPDX-License-Identifier: ISC */
/* imapd/talk.h -- for tests: whole conversations with a session over a socket pair, on a store in
 * memory. What goes in, what must come out. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <cmocka.h>

#include "imapd/fake_store.h"
#include "imapd/session.h"

static struct store *mail; /* of the next conversation */
static size_t opened;      /* bodies that the last one opened */

static inline int setup(void **state)
{
    (void)state;
    mail = fake_new();
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    store_free(mail);
    mail = NULL;
    return 0;
}

static inline struct fake_folder *inbox(void)
{
    return fake_find(mail, S("INBOX"));
}

static enum phase first_phase = PHASE_AUTHENTICATED;

/* Says all of `input` at once and returns all that is answered. */
static inline char *converse(str input)
{
    int ours, theirs;
    assert_false(failed(fd_pair(FD_PAIR_STREAM, &ours, &theirs)));
    struct session *s = session_new(io_new(theirs, theirs), NULL);
    s->store = mail;
    s->phase = first_phase;
    assert_int_equal(write(ours, input.p, input.n), (ssize_t)input.n);
    assert_int_equal(shutdown(ours, SHUT_WR), 0);
    session_run(s);
    opened = mail->opened;
    s->store = NULL;
    session_free(s);
    static char out[512 * 1024];
    size_t n = 0;
    ssize_t got;
    while ((got = read(ours, out + n, sizeof out - 1 - n)) > 0)
        n += (size_t)got;
    out[n] = '\0';
    fd_close(ours);
    return out;
}

#define expect(input, want) assert_string_equal(converse(S(input)), want)

#define HELLO "From: Ann <ann@example.test>\nTo: taro@example.test\nSubject: Hi\n\nHello\nWorld\n"

/* What comes after "a OK": SELECT's own lines are tested above. */
static inline const char *selected(str input)
{
    const char *at = strstr(converse(input), "a OK");
    assert_non_null(at);
    return strstr(at, "\r\n") + 2;
}
#define expect_selected(input, want)                                                               \
    assert_string_equal(selected(S("a SELECT INBOX\r\n" input)), want)

#define WITH_MAIL(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
#define RUN_TALKS(tests)                                                                           \
    (log_open("imapd", open("/dev/null", O_WRONLY | O_CLOEXEC)), /* events are not looked at */    \
     cmocka_run_group_tests(tests, NULL, NULL))
