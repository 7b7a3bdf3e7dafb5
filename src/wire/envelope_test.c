/* SPDX-License-Identifier: ISC */
#include "wire/envelope.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

static void same(const char *name, str got, str want)
{
    if (!str_eq(got, want))
        print_error("%s: got [%.*s] want [%.*s]\n", name, STR_ARG(got), STR_ARG(want));
    assert_true(str_eq(got, want));
}

static void an_envelope_has_its_defaults(void **state)
{
    (void)state;
    auto_arena struct arena *a = arena_new("test", 1 << 20);
    struct envelope e =
        envelope_read(a, S("From: Ann <ann@x>\nTo: a@x,\n b@y\nTO: c@z\nSubject: earlier\n"
                           "Subject: one \n\t two\r!\nreply-to: \nDate: Tue\nMessage-Id: <1@x>\n"));
    same("subject, the last one, on one line", e.subject, S("one two !"));
    same("date", e.date, S("Tue"));
    same("id", e.message_id, S("<1@x>"));
    assert_null(e.in_reply_to.p);
    assert_int_equal(e.from.n, 1);
    same("sender is from", e.sender.at[0].mailbox, S("ann"));
    same("empty reply-to is from", e.reply_to.at[0].mailbox, S("ann"));
    assert_int_equal(e.to.n, 3);
    same("the second field's", e.to.at[2].host, S("z"));
    assert_int_equal(e.cc.n, 0);
}

static void an_empty_header_gives_an_empty_envelope(void **state)
{
    (void)state;
    auto_arena struct arena *a = arena_new("test", 1 << 20);
    struct envelope e = envelope_read(a, S(""));
    assert_true(!e.date.p && !e.subject.p && e.from.n == 0 && e.sender.n == 0);
}

static void japanese_headers_stay_raw(void **state)
{
    (void)state;
    auto_arena struct arena *a = arena_new("test", 1 << 20);
    struct envelope e = envelope_read(
        a,
        S("From: =?ISO-2022-JP?B?GyRCQkBPOhsoQg==?= <taro@example.test>\r\n"
          "Subject: =?ISO-2022-JP?B?GyRCRnxLXDhsGyhC?=\r\n =?ISO-2022-JP?B?GyRCJE43b0w+GyhC?=\r\n"
          "Cc: \x1b$BB@O:\x1b(B <raw@jis.example>\r\n"));
    same("name", e.from.at[0].name, S("=?ISO-2022-JP?B?GyRCQkBPOhsoQg==?="));
    same("subject", e.subject,
         S("=?ISO-2022-JP?B?GyRCRnxLXDhsGyhC?= =?ISO-2022-JP?B?GyRCJE43b0w+GyhC?="));
    same("raw JIS name", e.cc.at[0].name, S("\x1b$BB@O:\x1b(B"));
    same("raw JIS", e.cc.at[e.cc.n - 1].host, S("jis.example"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_envelope_has_its_defaults),
        cmocka_unit_test(an_empty_header_gives_an_empty_envelope),
        cmocka_unit_test(japanese_headers_stay_raw),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
