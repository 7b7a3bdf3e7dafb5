/* SPDX-License-Identifier: ISC */
#include "wire/smtp_reply.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct smtp_reply reply;

static err feed(str text)
{
    str line;
    smtp_reply_start(&reply);
    while (str_line(&text, &line)) {
        err e = smtp_reply_add(&reply, line);
        if (failed(e))
            return e;
    }
    return OK_ERR;
}

static void assert_str(str got, str want)
{
    if (!str_eq(got, want))
        fail_msg("got \"%.*s\", want \"%.*s\"", STR_ARG(got), STR_ARG(want));
}

static void a_reply_of_several_lines_ends_with_the_one_without_a_hyphen(void **state)
{
    (void)state;
    assert_false(failed(feed(S("250-one\r\n250-two\r\n"))));
    assert_false(reply.done);
    assert_false(failed(smtp_reply_add(&reply, S("250 three\r\n"))));
    assert_true(reply.done);
    assert_int_equal(reply.code, 250);
    assert_int_equal(reply.lines, 3);
    assert_str(smtp_reply_text(&reply), S("250-one\n250-two\n250 three\n"));
}

static void three_digits_alone_are_a_reply(void **state)
{
    (void)state;
    assert_false(failed(feed(S("354\r\n"))));
    assert_true(reply.done);
    assert_int_equal(reply.code, 354);
}

static void what_is_no_reply_is_refused(void **state)
{
    (void)state;
    static const str bad[] = {S("\r\n"),      S("25"),        S("hello there"), S("250x"),
                              S("150 early"), S("600 late"),  S("2a0 ok"),      S(" 250 ok"),
                              S("-250 ok"),   S("250_ok\r\n")};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        smtp_reply_start(&reply);
        assert_int_equal(smtp_reply_add(&reply, bad[i]).kind, ERR_SYNTAX);
    }
}

static void endless_replies_meet_a_limit(void **state)
{
    (void)state;
    smtp_reply_start(&reply);
    for (size_t i = 0; i < SMTP_REPLY_LINES; i++)
        assert_false(failed(smtp_reply_add(&reply, S("250-and"))));
    assert_int_equal(smtp_reply_add(&reply, S("250-more")).kind, ERR_LIMIT);
}

static void long_text_is_cut_and_controls_are_masked(void **state)
{
    (void)state;
    char line[3000];
    memset(line, 'x', sizeof line);
    memcpy(line, "550-", 4);
    line[10] = 7;
    smtp_reply_start(&reply);
    assert_false(failed(smtp_reply_add(&reply, str_of(line, sizeof line))));
    assert_false(failed(smtp_reply_add(&reply, str_of(line, sizeof line))));
    assert_false(failed(smtp_reply_add(&reply, S("550 end"))));
    assert_int_equal(reply.n, SMTP_REPLY_TEXT);
    assert_int_equal(reply.text[10], '?');
    assert_int_equal(reply.text[reply.n - 1], '\n');
    assert_true(reply.done);
}

static void an_enhanced_code_must_agree_with_the_code(void **state)
{
    (void)state;
    assert_false(failed(feed(S("550 5.1.1 no such user"))));
    assert_true(reply.has_enhanced);
    assert_int_equal(reply.enhanced[1], 1);
    static const str without[] = {S("550 4.1.1 x"), S("550 5.1 x"),      S("550 5.1.1x"),
                                  S("550 no"),      S("550 5.1.1234 x"), S("550")};
    for (size_t i = 0; i < sizeof without / sizeof without[0]; i++) {
        assert_false(failed(feed(without[i])));
        assert_false(reply.has_enhanced);
    }
}

static void extensions_are_read_whatever_their_case(void **state)
{
    (void)state;
    struct smtp_extensions e;
    assert_false(failed(feed(S("250-mx.example PIPELINING\r\n250-pipelining\r\n250-SIZE 1000\r\n"
                               "250-AUTH PLAIN CRAM-MD5 GSSAPI\r\n250-StartTLS\r\n250-X-OTHER\r\n"
                               "250 8BITMIME\r\n"))));
    smtp_extensions_read(&reply, &e);
    assert_int_equal(e.offered, SMTP_EXT_PIPELINING | SMTP_EXT_SIZE | SMTP_EXT_AUTH_PLAIN |
                                    SMTP_EXT_AUTH_CRAM_MD5 | SMTP_EXT_STARTTLS | SMTP_EXT_8BITMIME);
    assert_int_equal(e.size, 1000);
}

static void the_host_in_the_first_line_is_no_extension(void **state)
{
    (void)state;
    struct smtp_extensions e;
    assert_false(failed(feed(S("250 STARTTLS"))));
    smtp_extensions_read(&reply, &e);
    assert_int_equal(e.offered, 0);
}

static void the_old_form_of_auth_is_understood(void **state)
{
    (void)state;
    struct smtp_extensions e;
    assert_false(failed(feed(S("250-h\n250-AUTH=LOGIN PLAIN\n250 SIZE\n"))));
    smtp_extensions_read(&reply, &e);
    assert_int_equal(e.offered, SMTP_EXT_AUTH_LOGIN | SMTP_EXT_AUTH_PLAIN | SMTP_EXT_SIZE);
    assert_int_equal(e.size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reply_of_several_lines_ends_with_the_one_without_a_hyphen),
        cmocka_unit_test(three_digits_alone_are_a_reply),
        cmocka_unit_test(what_is_no_reply_is_refused),
        cmocka_unit_test(endless_replies_meet_a_limit),
        cmocka_unit_test(long_text_is_cut_and_controls_are_masked),
        cmocka_unit_test(an_enhanced_code_must_agree_with_the_code),
        cmocka_unit_test(extensions_are_read_whatever_their_case),
        cmocka_unit_test(the_host_in_the_first_line_is_no_extension),
        cmocka_unit_test(the_old_form_of_auth_is_understood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
