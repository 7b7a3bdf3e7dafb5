/* SPDX-License-Identifier: ISC */
#include "wire/imap_notify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void the_examples_of_rfc5465_are_read(void **state)
{
    (void)state;
    auto_arena struct arena *a = arena_new("test", 1 << 20);
    struct imap_reader r = {
        .rest = S(" SET STATUS (selected MessageNew (uid body.peek[header.fields (from to)])"
                  " MessageExpunge)\r\n"),
        .arena = a};
    struct imap_notify_args n;
    assert_true(failed(imap_notify_args(&r, &n))); /* the events stand in parentheses */
    r.rest = S(" SET STATUS (selected (MessageNew (uid body.peek[header.fields (from to)]) "
               "MessageExpunge)) (subtree Lists (MessageNew MessageExpunge FlagChange "
               "SubscriptionChange)) (mailboxes (a \"b c\") NONE)\r\n");
    assert_false(failed(imap_notify_args(&r, &n)));
    assert_true(n.status && !n.none && n.n == 3);
    assert_int_equal(n.groups[0].filter, IMAP_NOTIFY_SELECTED);
    assert_true(str_eq(n.groups[0].fetch, S("(uid body.peek[header.fields (from to)])")));
    assert_int_equal(n.groups[1].filter, IMAP_NOTIFY_SUBTREE);
    assert_true(n.groups[1].n == 1 && str_eq(n.groups[1].mailboxes[0], S("Lists")));
    assert_int_equal(n.groups[1].events, 7 | IMAP_EVENT_SUBSCRIPTION);
    assert_true(n.groups[2].n == 2 && str_eq(n.groups[2].mailboxes[1], S("b c")));
    assert_int_equal(n.groups[2].events, 0);
    r.rest = S(" NONE\r\n");
    assert_false(failed(imap_notify_args(&r, &n)));
    assert_true(n.none);
    r.rest = S(" SET (personal (MailboxName AnnotationChange))\r\n");
    assert_false(failed(imap_notify_args(&r, &n)));
    assert_true(n.groups[0].unknown);
}

static void what_does_not_go_together_is_refused(void **state)
{
    (void)state;
    static const str table[] = {
        S(""),
        S(" SET"),
        S(" SET ()"),
        S(" SET (selected)"),
        S(" SET (selected ())"),
        S(" SET (selected (MessageNew))"),
        S(" SET (personal (MessageExpunge))"),
        S(" SET (personal (FlagChange))"),
        S(" SET (selected (MailboxName))"),
        S(" SET (personal (MessageNew (uid) MessageExpunge))"),
        S(" SET (selected (MessageNew (uid MessageExpunge))"),
        S(" SET (mailboxes (MailboxName))"),
        S(" SET (subtree () (MailboxName))"),
        S(" SET (nonsense (MailboxName))"),
        S(" SET (personal (MailboxName)"),
        S(" NONE x"),
    };
    auto_arena struct arena *a = arena_new("test", 4 << 20);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct imap_reader r = {.rest = table[i], .arena = a};
        struct imap_notify_args n;
        assert_int_equal(imap_notify_args(&r, &n).kind, ERR_SYNTAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_examples_of_rfc5465_are_read),
        cmocka_unit_test(what_does_not_go_together_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
