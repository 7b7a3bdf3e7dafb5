/* SPDX-License-Identifier: ISC */
#include "dotqmail/environment.h"

#include "control/testing.h"

static struct arena *a;

static void programs_get_every_variable_of_qmail_command(void **state)
{
    (void)state;
    const struct delivery d = {.user = S("taro"),
                               .home = S("/home/taro"),
                               .local = S("taro-a-b-c.d"),
                               .host = S("itpass.example.jp"),
                               .ext = S("a-b-c.d"),
                               .sender = S("ann@x.example"),
                               .newsender = S("ann@x.example"),
                               .has_default = true,
                               .rest = S("c.d"),
                               .now = 1795533056};
    static const char *const want[] = {
        "HOST=itpass.example.jp",
        "HOME=/home/taro",
        "USER=taro",
        "LOCAL=taro-a-b-c.d",
        "RECIPIENT=taro-a-b-c.d@itpass.example.jp",
        "DTLINE=Delivered-To: taro-a-b-c.d@itpass.example.jp\n",
        "SENDER=ann@x.example",
        "RPLINE=Return-Path: <ann@x.example>\n",
        "UFLINE=From ann@x.example Tue Nov 24 15:10:56 2026\n",
        "EXT=a-b-c.d",
        "EXT2=b-c.d",
        "EXT3=c.d",
        "EXT4=",
        "HOST2=itpass.example",
        "HOST3=itpass",
        "HOST4=itpass",
        "NEWSENDER=ann@x.example",
        "DEFAULT=c.d",
    };
    char **got = delivery_environment(&d, a);
    size_t n = 0;
    for (; got[n]; n++) {
        assert_true(n < COUNT(want));
        assert_string_equal(got[n], want[n]);
    }
    assert_int_equal(n, COUNT(want));
}

static void default_is_absent_unless_the_file_was_one(void **state)
{
    (void)state;
    const struct delivery d = {.user = S("taro"), .local = S("taro"), .host = S("localhost")};
    for (char **e = delivery_environment(&d, a); *e; e++) {
        assert_false(str_starts(str_from(*e), S("DEFAULT")));
        if (str_starts(str_from(*e), S("HOST2=")))
            assert_string_equal(*e, "HOST2=localhost");
        if (str_starts(str_from(*e), S("RPLINE=")))
            assert_string_equal(*e, "RPLINE=Return-Path: <>\n");
        if (str_starts(str_from(*e), S("UFLINE=")))
            assert_string_equal(*e, "UFLINE=From MAILER-DAEMON Thu Jan 01 00:00:00 1970\n");
    }
}

static void the_lines_never_hold_a_second_line_end(void **state)
{
    (void)state;
    assert_str(delivery_dtline(S("a\nb"), S("h\nX: y"), a), S("Delivered-To: a_b@h_X: y\n"));
    assert_str(delivery_ufline(S("a b\tc\nd@x"), 0, a),
               S("From a-b-c-d@x Thu Jan 01 00:00:00 1970\n"));
    str rp = delivery_rpline(S("a\nEvil: 1@x"), a);
    assert_int_equal(str_find(rp, '\n'), (ptrdiff_t)rp.n - 1);
    assert_str(delivery_rpline(S("a b@x"), a), S("Return-Path: <\"a b\"@x>\n"));
}

static void owner_files_change_the_sender_of_forwards(void **state)
{
    (void)state;
    assert_str(delivery_newsender(S("s@x"), S("l"), S("h"), false, false, a), S("s@x"));
    assert_str(delivery_newsender(S("s@x"), S("l"), S("h"), true, false, a), S("l-owner@h"));
    assert_str(delivery_newsender(S("s@x"), S("l"), S("h"), true, true, a), S("l-owner-@h-@[]"));
    assert_str(delivery_newsender(S(""), S("l"), S("h"), true, true, a), S(""));
    assert_str(delivery_newsender(S("#@[]"), S("l"), S("h"), true, true, a), S("#@[]"));
}

static void verp_puts_the_recipient_into_the_sender(void **state)
{
    (void)state;
    static const struct {
        str sender, recipient, want;
    } table[] = {
        {S("l-owner-@h-@[]"), S("ann@x.org"), S("l-owner-ann=x.org@h")},
        {S("l-owner-@h-@[]"), S("a@b@x.org"), S("l-owner-a@b=x.org@h")},
        {S("p@q@h-@[]"), S("ann@x"), S("p@qann=x@h")},
        {S("l@h"), S("ann@x"), S("l@h")},
        {S("#@[]"), S("ann@x"), S("#@[]")},
        {S("-@[]"), S("ann@x"), S("-@[]")},
        {S("l-owner-@h-@[]"), S("ann"), S("l-owner-@h-@[]")},
        {S(""), S("ann@x"), S("")},
    };
    for (size_t i = 0; i < COUNT(table); i++)
        assert_str(delivery_verp(table[i].sender, table[i].recipient, a), table[i].want);
}

static void only_the_same_line_in_the_header_is_a_loop(void **state)
{
    (void)state;
    str dt = S("Delivered-To: taro@h\n");
    assert_true(delivery_loops(S("A: b\nDelivered-To: taro@h\n\nbody\n"), dt));
    assert_true(delivery_loops(S("Delivered-To: taro@h\n"), dt));
    assert_false(delivery_loops(S("A: b\n\nDelivered-To: taro@h\n"), dt));
    assert_false(delivery_loops(S("delivered-to: taro@h\n\n"), dt));
    assert_false(delivery_loops(S("Delivered-To: taro@h2\n\n"), dt));
    assert_false(delivery_loops(S("X-Delivered-To: taro@h\n\n"), dt));
    assert_false(delivery_loops(S("Delivered-To: taro@h"), dt));
    assert_false(delivery_loops(S(""), dt));
}

int main(void)
{
    a = arena_new("test", 64 << 20);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(programs_get_every_variable_of_qmail_command),
        cmocka_unit_test(default_is_absent_unless_the_file_was_one),
        cmocka_unit_test(the_lines_never_hold_a_second_line_end),
        cmocka_unit_test(owner_files_change_the_sender_of_forwards),
        cmocka_unit_test(verp_puts_the_recipient_into_the_sender),
        cmocka_unit_test(only_the_same_line_in_the_header_is_a_loop),
    };
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(a);
    return rc;
}
