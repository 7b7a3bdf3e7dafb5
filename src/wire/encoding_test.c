/* SPDX-License-Identifier: ISC */
#include "wire/encoding.h"

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

static void base64_follows_rfc_4648(void **state)
{
    (void)state;
    static const struct {
        str plain, coded;
    } table[] = {{S(""), S("")},
                 {S("f"), S("Zg==")},
                 {S("fo"), S("Zm8=")},
                 {S("foo"), S("Zm9v")},
                 {S("foob"), S("Zm9vYg==")},
                 {S("fooba"), S("Zm9vYmE=")},
                 {S("foobar"), S("Zm9vYmFy")},
                 {S("\0\xff\xfe"), S("AP/+")}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        auto_buf struct buf b, d;
        buf_init(&b, 100);
        buf_init(&d, 100);
        base64_encode(&b, table[i].plain);
        same("encoded", buf_str(&b), table[i].coded);
        assert_false(failed(base64_decode(&d, table[i].coded)));
        same("decoded", buf_str(&d), table[i].plain);
    }
}

static void strict_base64_refuses_every_second_spelling(void **state)
{
    (void)state;
    static const str bad[] = {S("Zg"),       S("Zg="),  S("Zh=="), S("Zm9="),
                              S("Zm9v\n"),   S("Z==="), S("===="), S("=Zg="),
                              S("Zg==Zg=="), S("Zm 9"), S("Zm-_")};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        auto_buf struct buf b;
        buf_init(&b, 100);
        assert_int_equal(base64_decode(&b, bad[i]).kind, ERR_SYNTAX);
    }
    auto_buf struct buf b;
    buf_init(&b, 2);
    assert_int_equal(base64_decode(&b, S("Zm9v")).kind, ERR_LIMIT);
}

static void mail_base64_skips_junk_and_goes_on_after_padding(void **state)
{
    (void)state;
    auto_buf struct buf b;
    buf_init(&b, 100);
    struct base64_decoder d = {0};
    base64_decode_feed(&d, &b, S("Zm9\r\n v!Zg=="));
    base64_decode_feed(&d, &b, S("\nYmE=Zm9vYg"));
    base64_decode_end(&d, &b);
    same("decoded", buf_str(&b), S("foofbafoob"));
}

static void base64_lines_have_76_columns(void **state)
{
    (void)state;
    auto_buf struct buf b;
    buf_init(&b, 1000);
    struct base64_encoder e = {0};
    for (int i = 0; i < 58; i++)
        base64_encode_feed(&e, &b, S("x"), S("\r\n"));
    base64_encode_end(&e, &b, S("\r\n"));
    same("lines", buf_str(&b),
         S("eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4\r\neA=="
           "\r\n"));
}

static str qp_encoded(struct arena *a, str in, enum qp_mode mode)
{
    auto_buf struct buf b;
    buf_init(&b, 10'000);
    struct qp_encoder e = {0};
    for (size_t i = 0; i < in.n; i++)
        qp_encode_feed(&e, &b, str_slice(in, i, i + 1), mode, S("\r\n"));
    qp_encode_end(&e, &b, S("\r\n"));
    return arena_copy(a, buf_str(&b));
}

static str qp_decoded(struct arena *a, str in)
{
    auto_buf struct buf b;
    buf_init(&b, 10'000);
    struct qp_decoder d = {0};
    for (size_t i = 0; i < in.n; i++)
        qp_decode_feed(&d, &b, str_slice(in, i, i + 1));
    qp_decode_end(&d, &b);
    return arena_copy(a, buf_str(&b));
}

static void quoted_printable_is_written_safely(void **state)
{
    (void)state;
    auto_arena struct arena *a = arena_new("test", 1 << 16);
    same("8-bit", qp_encoded(a, S("caf\xc3\xa9=x\n"), QP_TEXT), S("caf=C3=A9=3Dx\r\n"));
    same("blank at the end", qp_encoded(a, S("a \nb\t"), QP_TEXT), S("a=20\r\nb=09"));
    same("blank inside", qp_encoded(a, S("a  b"), QP_TEXT), S("a  b"));
    same("crlf", qp_encoded(a, S("a\r\nb"), QP_TEXT), S("a\r\nb"));
    same("bare cr", qp_encoded(a, S("a\rb\r"), QP_TEXT), S("a=0Db=0D"));
    same("binary", qp_encoded(a, S("a\r\n"), QP_BINARY), S("a=0D=0A"));
    same("mbox and smtp", qp_encoded(a, S("From x\n.\n"), QP_TEXT), S("=46rom x\r\n=2E\r\n"));
    same(
        "long line",
        qp_encoded(a,
                   S("1234567890123456789012345678901234567890123456789012345678901234567890123456"
                     "7890"),
                   QP_TEXT),
        S("123456789012345678901234567890123456789012345678901234567890123456789012345=\r\n67890"));
}

static void quoted_printable_is_read_however_ugly(void **state)
{
    (void)state;
    static const struct {
        str in, want;
    } table[] = {
        {S("caf=C3=a9"), S("caf\xc3\xa9")},
        {S("a=\r\nb"), S("ab")},
        {S("a=\nb"), S("ab")},
        {S("a= \t\r\nb"), S("ab")},
        {S("a  \r\nb"), S("a\r\nb")},
        {S("a  b"), S("a  b")},
        {S("a=3x"), S("a=3x")},
        {S("a=x"), S("a=x")},
        {S("a=="), S("a=")},
        {S("a=3"), S("a=3")},
        {S("a= b"), S("ab")},
        {S("a=\rb"), S("ab")},
        {S("a   "), S("a")},
        {S("=3D=\r\n"), S("=")},
        {S("a=3=41"), S("a=3A")},
        {S("a= \nb"), S("ab")},
    };
    auto_arena struct arena *a = arena_new("test", 1 << 16);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        same("decoded", qp_decoded(a, table[i].in), table[i].want);
    auto_buf struct buf b;
    buf_init(&b, 1000);
    for (int i = 0; i < QP_BLANKS_MAX + 5; i++)
        buf_addc(&b, ' ');
    assert_int_equal(qp_decoded(a, buf_str(&b)).n, QP_BLANKS_MAX);
}

static void hex_takes_both_cases_and_whole_octets(void **state)
{
    (void)state;
    auto_buf struct buf b;
    buf_init(&b, 100);
    hex_encode(&b, S("\0\xff\x1a"));
    same("hex", buf_str(&b), S("00ff1a"));
    buf_reset(&b);
    assert_false(failed(hex_decode(&b, S("00fF1A"))));
    same("octets", buf_str(&b), S("\0\xff\x1a"));
    assert_true(failed(hex_decode(&b, S("0"))) && failed(hex_decode(&b, S("0g"))));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64_follows_rfc_4648),
        cmocka_unit_test(strict_base64_refuses_every_second_spelling),
        cmocka_unit_test(mail_base64_skips_junk_and_goes_on_after_padding),
        cmocka_unit_test(base64_lines_have_76_columns),
        cmocka_unit_test(quoted_printable_is_written_safely),
        cmocka_unit_test(quoted_printable_is_read_however_ugly),
        cmocka_unit_test(hex_takes_both_cases_and_whole_octets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
