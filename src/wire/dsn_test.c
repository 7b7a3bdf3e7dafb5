/* SPDX-License-Identifier: ISC */
#include "wire/dsn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "wire/charset.h"

static void same(const char *name, str got, str want)
{
    if (!str_eq(got, want))
        print_error("%s: got [%.*s] want [%.*s]\n", name, STR_ARG(got), STR_ARG(want));
    assert_true(str_eq(got, want));
}

static const int64_t T = 1795533056;

static void a_single_bounce_is_qsbmf_to_the_octet(void **state)
{
    (void)state;
    struct bounce_rcpt r[] = {
        {.address = S("nobody@house.example"),
         .report = S("Sorry, no mailbox here by that name. (#5.1.1)\n")},
        {.address = S("a\nb@x"), .report = S("one\n\n\ntwo")},
    };
    struct bounce o = {.epoch = T,
                       .from_user = S("MAILER-DAEMON"),
                       .from_host = S("house.example"),
                       .to = S("ann lee@x"),
                       .sender = S("ann lee@x"),
                       .rcpts = r,
                       .rcpt_count = 2,
                       .original = S("Subject: hi\n\nbody")};
    auto_buf struct buf b;
    buf_init(&b, 10'000);
    bounce_write(&b, &o);
    same("bounce", buf_str(&b),
         S("Date: 24 Nov 2026 15:10:56 -0000\n"
           "From: MAILER-DAEMON@house.example\n"
           "To: \"ann lee\"@x\n"
           "Subject: failure notice\n"
           "\n"
           "Hi. This is the qmail-send program at house.example.\n"
           "I'm afraid I wasn't able to deliver your message to the following addresses.\n"
           "This is a permanent error; I've given up. Sorry it didn't work out.\n"
           "\n"
           "<nobody@house.example>:\n"
           "Sorry, no mailbox here by that name. (#5.1.1)\n"
           "\n"
           "<a_b@x>:\n"
           "one\n"
           "//two\n"
           "\n"
           "--- Below this line is a copy of the message.\n"
           "\n"
           "Return-Path: <\"ann lee\"@x>\n"
           "Subject: hi\n"
           "\n"
           "body"));
}

static void a_double_bounce_tells_the_administrator(void **state)
{
    (void)state;
    struct bounce_rcpt r = {.address = S("ann@x"), .report = S("")};
    struct bounce o = {.kind = BOUNCE_DOUBLE,
                       .flags = BOUNCE_HEADERS_ONLY,
                       .epoch = T,
                       .from_user = S("M"),
                       .from_host = S("h"),
                       .to = S("postmaster@h"),
                       .rcpts = &r,
                       .rcpt_count = 1,
                       .original = S("Subject: hi\n\nbody")};
    auto_buf struct buf b;
    buf_init(&b, 10'000);
    bounce_write(&b, &o);
    same("bounce", buf_str(&b),
         S("Date: 24 Nov 2026 15:10:56 -0000\nFrom: M@h\nTo: postmaster@h\nSubject: failure "
           "notice\n\n"
           "Hi. This is the qmail-send program at h.\n"
           "I tried to deliver a bounce message to this address, but the bounce bounced!\n\n"
           "<ann@x>:\n\n--- Below this line is the original bounce.\n\nReturn-Path: <>\nSubject: "
           "hi\n"));
}

static void reports_never_end_their_paragraph_early(void **state)
{
    (void)state;
    static const struct {
        str report, want;
    } table[] = {
        {S(""), S("<a>:\n\n")},
        {S("x"), S("<a>:\nx\n\n")},
        {S("x\n"), S("<a>:\nx\n\n")},
        {S("\nx\n"), S("<a>:\n/x\n\n")},
        {S("x\n\ny\n"), S("<a>:\nx\n/y\n\n")},
        {S("\n\n\nx"), S("<a>:\n///x\n\n")},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        auto_buf struct buf b;
        buf_init(&b, 1000);
        bounce_write_paragraph(&b, S("a"), table[i].report);
        same("paragraph", buf_str(&b), table[i].want);
    }
}

static void a_report_has_the_parts_of_rfc_3464(void **state)
{
    (void)state;
    struct bounce_rcpt r[] = {
        {.address = S("nobody@house.example"),
         .report = S("Remote host said: 550 no such user (#5.1.1)\n"),
         .orcpt_type = S("rfc822"),
         .orcpt_address = S("info@house.example"),
         .remote_mta = S("mx.example"),
         .diagnostic = S("550 5.1.1 no\r\n such user\n")},
        {.address = S("b@x"), .report = S("gave up (#4.4.1)\n")},
    };
    struct bounce o = {.flags = BOUNCE_REPORT | BOUNCE_HEADERS_ONLY,
                       .epoch = T,
                       .arrived = T - 60,
                       .from_user = S("MAILER-DAEMON"),
                       .from_host = S("h"),
                       .to = S("ann@x"),
                       .sender = S("ann@x"),
                       .rcpts = r,
                       .rcpt_count = 2,
                       .original = S("Subject: hi\n\nbody"),
                       .envid = S("QQ+2B1"),
                       .boundary = S("B.0"),
                       .message_id = S("<1@h>")};
    auto_buf struct buf b;
    buf_init(&b, 10'000);
    bounce_write(&b, &o);
    same("report", buf_str(&b),
         S("Date: 24 Nov 2026 15:10:56 -0000\nFrom: MAILER-DAEMON@h\nTo: ann@x\nSubject: failure "
           "notice\n"
           "Message-ID: <1@h>\nAuto-Submitted: auto-replied\nMIME-Version: 1.0\n"
           "Content-Type: multipart/report; report-type=delivery-status;\n\tboundary=\"B.0\"\n"
           "\n--B.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n"
           "Hi. This is the qmail-send program at h.\n"
           "I'm afraid I wasn't able to deliver your message to the following addresses.\n"
           "This is a permanent error; I've given up. Sorry it didn't work out.\n\n"
           "<nobody@house.example>:\nRemote host said: 550 no such user (#5.1.1)\n\n"
           "<b@x>:\ngave up (#4.4.1)\n\n"
           "\n--B.0\nContent-Type: message/delivery-status\n\n"
           "Original-Envelope-Id: QQ+1\nReporting-MTA: dns; h\nArrival-Date: Tue, 24 Nov 2026 "
           "15:09:56 +0000\n"
           "\nOriginal-Recipient: rfc822; info@house.example\nFinal-Recipient: rfc822; "
           "nobody@house.example\n"
           "Action: failed\nStatus: 5.1.1\nRemote-MTA: dns; mx.example\n"
           "Diagnostic-Code: smtp; 550 5.1.1 no such user\n"
           "\nFinal-Recipient: rfc822; b@x\nAction: failed\nStatus: 5.0.0\n"
           "\n--B.0\nContent-Type: text/rfc822-headers\nContent-Transfer-Encoding: 8bit\n\n"
           "Return-Path: <ann@x>\nSubject: hi\n\n--B.0--\n"));
}

static void internationalised_reports_say_so(void **state)
{
    (void)state;
    for (unsigned kind = BOUNCE_DELAY; kind <= BOUNCE_SUCCESS; kind++) {
        struct bounce_rcpt r = {.address = S("太郎@x"), .report = S("later (#4.4.1)\n")};
        struct bounce o = {.kind = kind,
                           .flags = BOUNCE_REPORT | BOUNCE_UTF8,
                           .from_user = S("M"),
                           .from_host = S("h"),
                           .to = S("a@x"),
                           .rcpts = &r,
                           .rcpt_count = 1,
                           .boundary = S("B"),
                           .original = S("x")};
        auto_buf struct buf b;
        buf_init(&b, 10'000);
        bounce_write(&b, &o);
        str s = buf_str(&b);
        assert_true(str_find_str(s, S("message/global-delivery-status")) > 0);
        assert_true(str_find_str(s, S("Final-Recipient: utf-8; 太郎@x")) > 0);
        assert_true(str_find_str(s, kind == BOUNCE_DELAY
                                        ? S("Action: delayed\nStatus: 4.4.1")
                                        : S("Action: delivered\nStatus: 2.0.0")) > 0);
        assert_true(str_find_str(s, S("Content-Type: message/global\n")) > 0);
    }
}

static void boundaries_avoid_the_original(void **state)
{
    (void)state;
    auto_buf struct buf b;
    buf_init(&b, 100);
    bounce_boundary(&b, S("20261124.1@h"), S("x\n--20261124-1-h.0\n--20261124-1-h.1"));
    same("boundary", buf_str(&b), S("20261124-1-h.2"));
}

static void status_codes_are_found_in_reports(void **state)
{
    (void)state;
    same("code", bounce_status_in(S("x (#5.1.1)\n")), S("5.1.1"));
    same("second", bounce_status_in(S("(#) (#5.1) (#x.1.1) (#4.4.2)")), S("4.4.2"));
    assert_null(bounce_status_in(S("(#5..1) (#5.1.) (#3.1.1) (#5.1.1 (#")).p);
    same("long", bounce_status_in(S("(#5.123.456)")), S("5.123.456"));
}

static void ret_and_notify_are_read_and_written(void **state)
{
    (void)state;
    enum dsn_ret ret;
    assert_false(failed(dsn_parse_ret(S("full"), &ret)));
    same("ret", dsn_ret_name(ret), S("FULL"));
    assert_false(failed(dsn_parse_ret(S("HDRS"), &ret)));
    same("ret", dsn_ret_name(ret), S("HDRS"));
    same("ret", dsn_ret_name(DSN_RET_NONE), S(""));
    assert_true(failed(dsn_parse_ret(S("BODY"), &ret)));
    unsigned n;
    assert_false(failed(dsn_parse_notify(S("success,DELAY,Failure"), &n)));
    auto_buf struct buf b;
    buf_init(&b, 100);
    dsn_write_notify(&b, n);
    same("notify", buf_str(&b), S("SUCCESS,FAILURE,DELAY"));
    assert_false(failed(dsn_parse_notify(S("NEVER"), &n)));
    assert_int_equal(n, DSN_NOTIFY_NEVER);
    assert_true(failed(dsn_parse_notify(S("NEVER,DELAY"), &n)));
    assert_true(failed(dsn_parse_notify(S(""), &n)));
    assert_true(failed(dsn_parse_notify(S("DELAY,"), &n)));
}

static void xtext_is_exact(void **state)
{
    (void)state;
    auto_buf struct buf b, d;
    buf_init(&b, 1000);
    buf_init(&d, 1000);
    xtext_encode(&b, S("a+b=c d\x7f\xff"));
    same("xtext", buf_str(&b), S("a+2Bb+3Dc+20d+7F+FF"));
    assert_false(failed(xtext_decode(&d, buf_str(&b))));
    same("back", buf_str(&d), S("a+b=c d\x7f\xff"));
    static const str bad[] = {S("a=b"), S("+2b"), S("+2"), S("+"), S("a b"), S("\xff")};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(xtext_decode(&d, bad[i]).kind, ERR_SYNTAX);
}

static void envelope_ids_and_original_recipients_have_limits(void **state)
{
    (void)state;
    assert_false(failed(dsn_check_envid(S("QQ314159"))));
    assert_int_equal(dsn_check_envid(S("")).kind, ERR_SYNTAX);
    assert_int_equal(dsn_check_envid(S("a+0Ab")).kind, ERR_SYNTAX);
    assert_int_equal(dsn_check_envid(S("a b")).kind, ERR_SYNTAX);
    auto_buf struct buf b;
    buf_init(&b, 1000);
    for (int i = 0; i <= DSN_ENVID_MAX; i++)
        buf_addc(&b, 'a');
    assert_int_equal(dsn_check_envid(buf_str(&b)).kind, ERR_LIMIT);
    assert_false(failed(dsn_check_envid(str_slice(buf_str(&b), 0, DSN_ENVID_MAX))));
    auto_arena struct arena *a = arena_new("test", 1 << 16);
    static const struct {
        str in, type, address;
    } ok[] = {
        {S("rfc822;ann+2Bx@h"), S("rfc822"), S("ann+x@h")},
        {S("utf-8;\\x{592A}+2B\xe9\x83\x8e@x"), S("utf-8"), S("太+郎@x")},
        {S("x400;c+3Djp"), S("x400"), S("c=jp")},
    };
    str type, address;
    for (size_t i = 0; i < sizeof ok / sizeof *ok; i++) {
        assert_false(failed(dsn_parse_orcpt(a, ok[i].in, &type, &address)));
        same("type", type, ok[i].type);
        same("address", address, ok[i].address);
        buf_reset(&b);
        dsn_write_orcpt(&b, type, address);
        assert_true(ascii_is_all(buf_str(&b)));
        str address2;
        assert_false(failed(dsn_parse_orcpt(a, buf_str(&b), &type, &address2)));
        same("back", address2, address);
    }
    static const str bad[] = {
        S("rfc822"),      S(";a"),           S("rfc822;"),    S("r c;a"),
        S("rfc822;a b"),  S("rfc822;a+0Ab"), S("utf-8;\xff"), S("utf-8;\\x{G1}"),
        S("utf-8;\\x{1"), S("utf-8;\\x{1}"), S("utf-8;+4"),   S("utf-8;\\x{0A}"),
        S("utf-8;+EC")};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(dsn_parse_orcpt(a, bad[i], &type, &address).kind, ERR_SYNTAX);
    buf_reset(&b);
    buf_add(&b, S("rfc822;"));
    while (b.n <= DSN_ORCPT_MAX)
        buf_addc(&b, 'a');
    assert_int_equal(dsn_parse_orcpt(a, buf_str(&b), &type, &address).kind, ERR_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_single_bounce_is_qsbmf_to_the_octet),
        cmocka_unit_test(a_double_bounce_tells_the_administrator),
        cmocka_unit_test(reports_never_end_their_paragraph_early),
        cmocka_unit_test(a_report_has_the_parts_of_rfc_3464),
        cmocka_unit_test(internationalised_reports_say_so),
        cmocka_unit_test(boundaries_avoid_the_original),
        cmocka_unit_test(status_codes_are_found_in_reports),
        cmocka_unit_test(ret_and_notify_are_read_and_written),
        cmocka_unit_test(xtext_is_exact),
        cmocka_unit_test(envelope_ids_and_original_recipients_have_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
