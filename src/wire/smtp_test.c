/* SPDX-License-Identifier: ISC */
#include "wire/smtp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static void commands_are_cut_into_verb_and_arguments(void **state)
{
    (void)state;
    static const struct {
        str line;
        enum smtp_verb verb;
        str args;
    } ok[] = {
        {S("QUIT\r\n"), SMTP_QUIT, S("")},
        {S("quit  \r\n"), SMTP_QUIT, S("")},
        {S("mAiL FROM:<a@b>  \r\n"), SMTP_MAIL, S("FROM:<a@b>")},
        {S("MAIL\tFROM:<a@b>\r\n"), SMTP_MAIL, S("FROM:<a@b>")},
        {S("\r\n"), SMTP_UNKNOWN, S("")},
        {S("QUITX\r\n"), SMTP_UNKNOWN, S("")},
        {S("GET / HTTP/1.1\r\n"), SMTP_HTTP, S("/ HTTP/1.1")},
        {S("Host: x\r\n"), SMTP_HTTP, S("x")},
    };
    for (size_t i = 0; i < sizeof ok / sizeof ok[0]; i++) {
        struct smtp_command c;
        assert_false(failed(smtp_parse_command(ok[i].line, false, &c)));
        assert_int_equal(c.verb, ok[i].verb);
        assert_true(str_eq(c.args, ok[i].args));
    }
}

static void bare_line_ends_and_nul_are_denied(void **state)
{
    (void)state;
    static const str bad[] = {S("QUIT\n"), S("QU\rIT\r\n"), S("QUIT\r\r\n"), S("QU\0IT\r\n"),
                              S("")};
    struct smtp_command c;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(smtp_parse_command(bad[i], false, &c).kind, ERR_DENIED);
    assert_false(failed(smtp_parse_command(S("QUIT\n"), true, &c)));
    assert_int_equal(smtp_parse_command(S("QU\rIT\n"), true, &c).kind, ERR_DENIED);
}

static void senders_are_read(void **state)
{
    (void)state;
    static const struct {
        str args;
        enum err_kind want_err;
        str sender;
    } table[] = {
        {S("FROM:<ann@house.example>"), ERR_NONE, S("ann@house.example")},
        {S("from:<>"), ERR_NONE, S("")},
        {S("FROM: <a@b>"), ERR_NONE, S("a@b")},
        {S("FROM : <a@b>"), ERR_NONE, S("a@b")},
        {S("FROM<a@b>"), ERR_NONE, S("a@b")},
        {S("FROM:a@b"), ERR_NONE, S("a@b")},
        {S("FROM:a@b SIZE=5"), ERR_NONE, S("a@b")},
        {S("FROM:<@x,@y:a@b>"), ERR_NONE, S("a@b")},
        {S("FROM:<\"a b\"@c>"), ERR_NONE, S("a b@c")},
        {S("FROM:<\"a>b\"@c>"), ERR_NONE, S("a>b@c")},
        {S("FROM:<a\\@b@c>"), ERR_NONE, S("a@b@c")},
        {S("FROM:<root>"), ERR_NONE, S("root")},
        {S("FROM:<a@b>SIZE=5"), ERR_SYNTAX, S("")},
        {S("FROM:<a@b"), ERR_SYNTAX, S("")},
        {S("FROM:"), ERR_SYNTAX, S("")},
        {S("FROM"), ERR_SYNTAX, S("")},
        {S(""), ERR_SYNTAX, S("")},
        {S("TO:<a@b>"), ERR_SYNTAX, S("")},
        {S("FROM:a@b<c@d>"), ERR_SYNTAX, S("")},
        {S("FROM:<a\tb@c>"), ERR_SYNTAX, S("")},
        {S("FROM:<\xc3\xa9@b>"), ERR_DENIED, S("")},
        {S("FROM:<\xc3\xa9@b> SMTPUTF8"), ERR_NONE, S("\xc3\xa9@b")},
        {S("FROM:<\xc3@b> SMTPUTF8"), ERR_SYNTAX, S("")},
    };
    auto_arena struct arena *a = arena_new("test", 1 << 20);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct smtp_mail m = {0};
        err e = smtp_parse_mail(a, table[i].args, &m);
        if (e.kind != table[i].want_err || !str_eq(m.sender, table[i].sender))
            fail_msg("%.*s: %s, sender \"%.*s\"", STR_ARG(table[i].args), err_kind_name(e.kind),
                     STR_ARG(m.sender));
    }
}

static void parameters_of_mail_are_read(void **state)
{
    (void)state;
    auto_arena struct arena *a = arena_new("test", 1 << 20);
    struct smtp_mail m;
    assert_false(failed(smtp_parse_mail(
        a, S("FROM:<a@b> size=1000  BODY=8bitmime SMTPUTF8 RET=HDRS ENVID=QQ+2B1 AUTH=<>"), &m)));
    assert_true(m.has_size && m.size == 1000 && m.eight_bit && m.utf8);
    assert_int_equal(m.ret, DSN_RET_HDRS);
    assert_true(str_eq(m.envid, S("QQ+2B1")));
    static const struct {
        str args;
        enum err_kind want;
    } bad[] = {
        {S("FROM:<a@b> SIZE"), ERR_SYNTAX},
        {S("FROM:<a@b> SIZE="), ERR_SYNTAX},
        {S("FROM:<a@b> SIZE=x"), ERR_SYNTAX},
        {S("FROM:<a@b> SIZE=-1"), ERR_SYNTAX},
        {S("FROM:<a@b> SIZE=99999999999999999999"), ERR_SYNTAX},
        {S("FROM:<a@b> SIZE=1 SIZE=1"), ERR_SYNTAX},
        {S("FROM:<a@b> SMTPUTF8=1"), ERR_SYNTAX},
        {S("FROM:<a@b> BODY=BINARYMIME"), ERR_NOTFOUND},
        {S("FROM:<a@b> RET=SOME"), ERR_SYNTAX},
        {S("FROM:<a@b> NOTIFY=NEVER"), ERR_NOTFOUND},
        {S("FROM:<a@b> X=1=2"), ERR_SYNTAX},
        {S("FROM:<a@b> -X"), ERR_SYNTAX},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (smtp_parse_mail(a, bad[i].args, &m).kind != bad[i].want)
            fail_msg("%.*s", STR_ARG(bad[i].args));
}

static void recipients_are_read(void **state)
{
    (void)state;
    auto_arena struct arena *a = arena_new("test", 1 << 20);
    struct smtp_rcpt r;
    assert_false(failed(
        smtp_parse_rcpt(a, S("TO:<ann@b> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;ann@b"), false, &r)));
    assert_true(str_eq(r.recipient, S("ann@b")));
    assert_int_equal(r.notify, DSN_NOTIFY_SUCCESS | DSN_NOTIFY_FAILURE);
    assert_true(str_eq(r.orcpt, S("rfc822;ann@b")));
    assert_false(failed(smtp_parse_rcpt(a, S("TO:<Postmaster>"), false, &r)));
    assert_int_equal(smtp_parse_rcpt(a, S("TO:<>"), false, &r).kind, ERR_SYNTAX);
    assert_int_equal(smtp_parse_rcpt(a, S("FROM:<a@b>"), false, &r).kind, ERR_SYNTAX);
    assert_int_equal(smtp_parse_rcpt(a, S("TO:<a@b> SIZE=3"), false, &r).kind, ERR_NOTFOUND);
    assert_int_equal(smtp_parse_rcpt(a, S("TO:<a@b> NOTIFY=NEVER,DELAY"), false, &r).kind,
                     ERR_SYNTAX);
    assert_int_equal(smtp_parse_rcpt(a, S("TO:<\xc3\xa9@b>"), false, &r).kind, ERR_DENIED);
    assert_false(failed(smtp_parse_rcpt(a, S("TO:<\xc3\xa9@b>"), true, &r)));
}

static void an_address_of_900_octets_passes_and_of_901_does_not(void **state)
{
    (void)state;
    auto_arena struct arena *a = arena_new("test", 1 << 20);
    struct smtp_rcpt r;
    char text[1000] = "TO:<";
    memset(text + 4, 'x', QMAIL_SMTP_ADDRESS_MAX + 1);
    text[4 + QMAIL_SMTP_ADDRESS_MAX] = '>';
    assert_false(failed(smtp_parse_rcpt(a, str_of(text, 5 + QMAIL_SMTP_ADDRESS_MAX), false, &r)));
    text[4 + QMAIL_SMTP_ADDRESS_MAX] = 'x';
    text[5 + QMAIL_SMTP_ADDRESS_MAX] = '>';
    assert_int_equal(smtp_parse_rcpt(a, str_of(text, 6 + QMAIL_SMTP_ADDRESS_MAX), false, &r).kind,
                     ERR_LIMIT);
}

static void bdat_and_auth_are_read(void **state)
{
    (void)state;
    auto_arena struct arena *a = arena_new("test", 1 << 20);
    struct smtp_bdat b;
    assert_false(failed(smtp_parse_bdat(S("86 LAST"), &b)));
    assert_true(b.size == 86 && b.last);
    assert_false(failed(smtp_parse_bdat(S("0"), &b)));
    assert_true(b.size == 0 && !b.last);
    assert_true(failed(smtp_parse_bdat(S(""), &b)));
    assert_true(failed(smtp_parse_bdat(S("86LAST"), &b)));
    assert_true(failed(smtp_parse_bdat(S("86 FIRST"), &b)));
    assert_true(failed(smtp_parse_bdat(S("-1"), &b)));
    struct smtp_auth u;
    assert_false(failed(smtp_parse_auth(a, S("scram-sha-256 biws"), &u)));
    assert_true(str_eq(u.mechanism, S("SCRAM-SHA-256")) && str_eq(u.initial, S("biws")));
    assert_false(failed(smtp_parse_auth(a, S("LOGIN"), &u)));
    assert_false(u.has_initial);
    assert_false(failed(smtp_parse_auth(a, S("PLAIN ="), &u)));
    assert_true(u.has_initial);
    assert_true(failed(smtp_parse_auth(a, S(""), &u)));
    assert_true(failed(smtp_parse_auth(a, S("PLAIN a b"), &u)));
    assert_true(failed(smtp_parse_auth(a, S("PL/AIN"), &u)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_are_cut_into_verb_and_arguments),
        cmocka_unit_test(bare_line_ends_and_nul_are_denied),
        cmocka_unit_test(senders_are_read),
        cmocka_unit_test(parameters_of_mail_are_read),
        cmocka_unit_test(recipients_are_read),
        cmocka_unit_test(an_address_of_900_octets_passes_and_of_901_does_not),
        cmocka_unit_test(bdat_and_auth_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
