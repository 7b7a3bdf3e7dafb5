/* SPDX-License-Identifier: ISC */
#include "wire/charset.h"

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

static str converted(struct arena *a, str charset, str in)
{
    auto_buf struct buf b;
    buf_init(&b, 10'000);
    err e = charset_to_utf8(&b, charset, in);
    assert_false(failed(e));
    return arena_copy(a, buf_str(&b));
}

static void utf8_is_judged_as_rfc_3629_does(void **state)
{
    (void)state;
    assert_true(utf8_is_valid(S("a日本語😀\xf4\x8f\xbf\xbf")));
    static const str bad[] = {
        S("\xc0\x80"), S("\xed\xa0\x80"), S("\xf4\x90\x80\x80"), S("\xe3\x81"), S("\x80"),
        S("\xff"),     S("\xe0\x80\x80"), S("\xf0\x80\x80\x80"), S("\xe3\x81x")};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(utf8_is_valid(bad[i]));
    assert_int_equal(utf8_code(S("日")), 0x65e5);
    assert_int_equal(utf8_code(S("😀")), 0x1f600);
    assert_int_equal(utf8_code(S("\xff")), 0xfffd);
    assert_true(ascii_is_all(S("a\0b")) && !ascii_is_all(S("é")));
}

static void every_code_point_survives_writing_and_reading(void **state)
{
    (void)state;
    auto_buf struct buf b;
    buf_init(&b, 4);
    for (uint32_t c = 0; c <= 0x10ffff; c += c < 0x3000 ? 1 : 97) {
        if (c >= 0xd800 && c < 0xe000)
            continue;
        buf_reset(&b);
        utf8_write(&b, c);
        assert_int_equal(utf8_length(buf_str(&b)), b.n);
        assert_int_equal(utf8_code(buf_str(&b)), c);
    }
    buf_reset(&b);
    utf8_write(&b, 0xd800);
    same("surrogate", buf_str(&b), S("\xef\xbf\xbd"));
}

static void broken_text_gets_one_mark_for_each_break(void **state)
{
    (void)state;
    auto_buf struct buf b;
    buf_init(&b, 1000);
    utf8_repair(&b, S("a\xff"
                      "b\xe3\x81|日\xe6"));
    same("repaired", buf_str(&b),
         S("a\xef\xbf\xbd"
           "b\xef\xbf\xbd|日\xef\xbf\xbd"));
}

static void old_charsets_become_utf8(void **state)
{
    (void)state;
    auto_arena struct arena *a = arena_new("test", 1 << 16);
    same("latin", converted(a, S("ISO-8859-1"), S("caf\xe9 \x80")), S("café €"));
    same("cp1252", converted(a, S("windows-1252"), S("\x93q\x94\x81")), S("“q”\xef\xbf\xbd"));
    same("utf-8", converted(a, S("UTF-8"), S("日\xff")), S("日\xef\xbf\xbd"));
    same("ascii", converted(a, S("us-ascii"), S("日")), S("日"));
    auto_buf struct buf b;
    buf_init(&b, 100);
    assert_int_equal(charset_to_utf8(&b, S("x-no-such"), S("a")).kind, ERR_NOTFOUND);
    assert_int_equal(charset_to_utf8(&b, S("UTF-16//IGNORE"), S("a")).kind, ERR_NOTFOUND);
    assert_int_equal(charset_to_utf8(&b, S("../../tmp/x"), S("a")).kind, ERR_NOTFOUND);
    assert_int_equal(charset_to_utf8(&b, S(""), S("a")).kind, ERR_NOTFOUND);
    assert_int_equal(b.n, 0);
}

static void japanese_charsets_become_utf8_with_the_vendors_characters(void **state)
{
    (void)state;
    if (charset_warm() == 0)
        skip(); /* this system has no conversion tables */
    auto_arena struct arena *a = arena_new("test", 1 << 16);
    same("jis", converted(a, S("ISO-2022-JP"), S("\x1b$BF|K\\8l\x1b(B ok")), S("日本語 ok"));
    same("circled digit", converted(a, S("iso-2022-jp"), S("\x1b$B-!\x1b(B")), S("①"));
    same("half-width kana", converted(a, S("iso-2022-jp"), S("\x1b(I1\x1b(B")), S("ｱ"));
    same("no escape at the line end", converted(a, S("iso-2022-jp"), S("\x1b$BF|\nok")),
         S("日\nok"));
    same("half a character", converted(a, S("iso-2022-jp"), S("\x1b$BF")), S("F"));
    same("sjis", converted(a, S("Shift_JIS"), S("\x93\xfa\x96\x7b")), S("日本"));
    same("euc", converted(a, S("EUC-JP"), S("\xc6\xfc\xcb\xdc")), S("日本"));
    same("bad sjis",
         converted(a, S("Shift_JIS"),
                   S("\xff"
                     "a")),
         S("\xef\xbf\xbd"
           "a"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_is_judged_as_rfc_3629_does),
        cmocka_unit_test(every_code_point_survives_writing_and_reading),
        cmocka_unit_test(broken_text_gets_one_mark_for_each_break),
        cmocka_unit_test(old_charsets_become_utf8),
        cmocka_unit_test(japanese_charsets_become_utf8_with_the_vendors_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
