/* SPDX-License-Identifier: ISC */
#include "wire/date.h"

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

static const int64_t T = 1795533056; /* Tue, 24 Nov 2026 15:10:56 UTC */

static const struct example {
    str in;
    int64_t epoch; /* minus T */
    int zone;
    bool known;
} good[] = {
    {S("Tue, 24 Nov 2026 15:10:56 +0000"), 0, 0, true},
    {S("24 Nov 2026 15:10:56 -0000"), 0, 0, false},
    {S("Wed, 25 Nov 2026 00:10:56 +0900"), 0, 540, true},
    {S(" Wed ,  25\r\n Nov (a (nested) \\) comment) 2026 00:10:56 +0900 (JST)"), 0, 540, true},
    {S("24 Nov 2026 10:10:56 EST"), 0, -300, true},
    {S("24 Nov 26 15:10:56 GMT"), 0, 0, true},
    {S("24 Nov 126 15:10:56 Z"), 0, 0, true},
    {S("24 november 2026 15:10:56 UT"), 0, 0, true},
    {S("24 Nov 2026 15:10 +0000"), -56, 0, true},
    {S("24 Nov 2026 15:10:56"), 0, 0, false},
    {S("24 Nov 2026 15:10:56 XYZ"), 0, 0, false},
    {S("24 Nov 2026 15:10:56 A"), 0, 0, false},
    {S("25 Nov 2026 00:10:56 JST"), 0, 540, true},
    {S("24-Nov-26 15:10:56 GMT"), 0, 0, true},
    {S("25 Nov 2026 00:10:56 +09:00"), 0, 540, true},
    {S("25 Nov 2026 00:10:56 +9959"), 32400, 0, false},
    {S("Tue Nov 24 15:10:56 2026"), 0, 0, false},
    {S("Tue Nov 24 15:10:56 JST 2026"), -32400, 540, true},
    {S("Tue Nov 24 15:10:56 2026 +0900"), -32400, 540, true},
    {S("Tue. 24 Nov 2026 15:10:56 +0000"), 0, 0, true},
    {S("Tuesday, 24 Nov 2026 15:10:56 +0000"), 0, 0, true},
    {S("\xe7\x81\xab 24"), INT64_MIN, 0, false},
    {S("24 Nov 2026 15:10:60 +0000"), 4, 0, true},
    {S("24 Nov 2026 15:10:56 -0330"), 12600, -210, true},
};

static void dates_of_every_age_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct mail_date d;
        err e = date_parse(good[i].in, &d);
        if (good[i].epoch == INT64_MIN) {
            assert_true(failed(e));
            continue;
        }
        if (failed(e) || d.epoch != T + good[i].epoch || d.zone_minutes != good[i].zone)
            print_error("[%.*s] %lld %d\n", STR_ARG(good[i].in), (long long)(d.epoch - T),
                        d.zone_minutes);
        assert_false(failed(e));
        assert_true(d.epoch == T + good[i].epoch && d.zone_minutes == good[i].zone);
        assert_int_equal(d.zone_known, good[i].known);
    }
}

static void what_is_no_date_is_refused(void **state)
{
    (void)state;
    static const str bad[] = {
        S(""),
        S("yesterday"),
        S("31 Feb 2026 00:00:00 +0000"),
        S("29 Feb 2027 00:00:00 +0000"),
        S("0 Jan 2026 00:00:00 +0000"),
        S("1 Foo 2026 00:00:00 +0000"),
        S("1 Jan 2026 24:00:00 +0000"),
        S("1 Jan 2026 00:60:00 +0000"),
        S("1 Jan 2026"),
        S("1 Jan 12026 00:00:00 +0000"),
        S("123 Jan 2026 00:00:00 +0000"),
        S("1 Jan 2026 00:00: +0000"),
        S("Jan 1"),
        S("Jan 1 00:00:00"),
        S("1 Jan 2026 0000"),
        S("1 Jan 1899 00:00:00 +0000"),
        S("1 Jan 2026 00:00:61 +0000"),
        S("1 Jan 2026 noon"),
        S("(((((((("),
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct mail_date d;
        assert_int_equal(date_parse(bad[i], &d).kind, ERR_SYNTAX);
    }
    struct mail_date d;
    assert_false(failed(date_parse(S("29 Feb 2028 00:00:00 +0000"), &d)));
    assert_false(failed(date_parse(S("29 Feb 2000 00:00:00 +0000"), &d)));
    assert_true(failed(date_parse(S("29 Feb 2100 00:00:00 +0000"), &d)));
}

static void the_day_sent_is_the_senders(void **state)
{
    (void)state;
    struct mail_date d;
    assert_false(failed(date_parse(S("25 Nov 2026 00:10:56 +0900"), &d)));
    int64_t day;
    assert_false(failed(date_parse_imap_day(S("25-Nov-2026"), &day)));
    assert_int_equal(date_sent_day(&d), day);
    assert_false(failed(date_parse(S("31 Dec 1969 23:00:00 +0000"), &d)));
    assert_int_equal(date_sent_day(&d), -86400);
}

static str written(struct buf *b)
{
    return buf_str(b);
}

static void dates_are_written_in_each_form(void **state)
{
    (void)state;
    auto_buf struct buf b;
    buf_init(&b, 1000);
    date_write_qmail(&b, T);
    same("qmail", written(&b), S("24 Nov 2026 15:10:56 -0000"));
    buf_reset(&b);
    date_write_qmail(&b, T - 20 * 86400);
    same("qmail", written(&b), S("4 Nov 2026 15:10:56 -0000"));
    buf_reset(&b);
    date_write_rfc5322(&b, T, 540);
    same("rfc", written(&b), S("Wed, 25 Nov 2026 00:10:56 +0900"));
    buf_reset(&b);
    date_write_rfc5322(&b, T, -210);
    same("rfc", written(&b), S("Tue, 24 Nov 2026 11:40:56 -0330"));
    buf_reset(&b);
    date_write_mbox(&b, T - 20 * 86400);
    same("mbox", written(&b), S("Wed Nov  4 15:10:56 2026"));
    buf_reset(&b);
    date_write_imap(&b, T - 20 * 86400, 540);
    same("imap", written(&b), S(" 5-Nov-2026 00:10:56 +0900"));
    buf_reset(&b);
    date_write_stamp(&b, T);
    same("stamp", written(&b), S("20261124151056"));
    buf_reset(&b);
    date_write_qmail(&b, INT64_MAX / 2);
    same("clamped", written(&b), S("31 Dec 9999 23:59:59 -0000"));
}

static void imap_dates_are_strict_and_come_back(void **state)
{
    (void)state;
    struct mail_date d;
    assert_false(failed(date_parse_imap(S(" 5-Nov-2026 00:10:56 +0900"), &d)));
    assert_int_equal(d.epoch, T - 20 * 86400);
    assert_int_equal(d.zone_minutes, 540);
    assert_false(failed(date_parse_imap(S("05-nov-2026 00:10:56 -0100"), &d)));
    static const str bad[] = {
        S("5-Nov-2026 00:10:56 +0900"),  S(" 5-Nov-2026 00:10:56 0900"),
        S(" 5-Nov-2026 00:10:56 +2400"), S(" 5-Nov-2026 24:10:56 +0000"),
        S("31-Nov-2026 00:10:56 +0900"), S(" 5-Nov-2026 00:10:56 +090"),
        S(" 5-Foo-2026 00:10:56 +0900"), S("x5-Nov-2026 00:10:56 +0900"),
        S(" 5.Nov.2026 00:10:56 +0900"), S(" 5-Nov-2026T00:10:56 +0900"),
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(date_parse_imap(bad[i], &d).kind, ERR_SYNTAX);
    int64_t day;
    assert_false(failed(date_parse_imap_day(S("1-Jan-1970"), &day)));
    assert_int_equal(day, 0);
    assert_false(failed(date_parse_imap_day(S("02-Jan-1970"), &day)));
    assert_int_equal(day, 86400);
    assert_true(failed(date_parse_imap_day(S("2-Jan-70"), &day)));
    assert_true(failed(date_parse_imap_day(S("30-Feb-2026"), &day)));
    assert_true(failed(date_parse_imap_day(S(""), &day)));
    assert_true(failed(date_parse_imap_day(S("1.Jan.2026"), &day)));
}

static void mbox_dates_come_with_and_without_zones(void **state)
{
    (void)state;
    struct mail_date d;
    assert_false(failed(date_parse_mbox(S("Tue Nov 24 15:10:56 2026"), &d)));
    assert_int_equal(d.epoch, T);
    assert_false(failed(date_parse_mbox(S("Tue Nov 24 15:10 2026"), &d)));
    assert_int_equal(d.epoch, T - 56);
    assert_true(failed(date_parse_mbox(S("Tue, 24 Nov 2026 15:10:56"), &d)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates_of_every_age_are_read),
        cmocka_unit_test(what_is_no_date_is_refused),
        cmocka_unit_test(the_day_sent_is_the_senders),
        cmocka_unit_test(dates_are_written_in_each_form),
        cmocka_unit_test(imap_dates_are_strict_and_come_back),
        cmocka_unit_test(mbox_dates_come_with_and_without_zones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
