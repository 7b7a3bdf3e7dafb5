/* SPDX-License-Identifier: ISC */
#include "wire/words.h"

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

static str utf8(struct arena *a, str in)
{
    auto_buf struct buf b;
    buf_init(&b, 10'000);
    words_to_utf8(&b, in);
    return arena_copy(a, buf_str(&b));
}

static void encoded_words_are_read(void **state)
{
    (void)state;
    static const struct {
        str in, want;
    } table[] = {
        {S("=?UTF-8?B?5pel5pys?="), S("日本")},
        {S("=?utf-8?q?caf=C3=A9_au?= lait"), S("café au lait")},
        {S("=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?="), S("ab")},
        {S("=?ISO-8859-1?Q?a?= b"), S("a b")},
        {S("=?ISO-8859-1?Q?a?=\r\n =?ISO-8859-2?Q?_b?="), S("a b")},
        {S("=?UTF-8*ja?B?5pel?="), S("日")},
        /* one character cut between two words */
        {S("=?UTF-8?B?5pc=?= =?UTF-8?B?pQ==?="), S("日")},
        {S("=?UTF-8?B?5pel?=glued=?UTF-8?B?5pys?="), S("日glued本")},
        {S("Re: =?x-unknown?Q?caf=E9?="), S("Re: caf\xef\xbf\xbd")},
        {S("=?UTF-8?X?abc?="), S("=?UTF-8?X?abc?=")},
        {S("=?UTF-8?Q?abc"), S("=?UTF-8?Q?abc")},
        {S("=?UTF-8?Q?a b?="), S("a b")},
        {S("=??Q?a?="), S("=??Q?a?=")},
        {S("=?UTF-8?Q?"
           "?="),
         S("")},
        {S("=?"), S("=?")},
        {S("=?=?UTF-8?Q?x?="), S("=?x")},
        {S("raw \xe9 8-bit\r\n folded"), S("raw \xef\xbf\xbd 8-bit folded")},
        {S("=?UTF-8?Q?=zz=4?="), S("=zz=4")},
        {S(""), S("")},
    };
    auto_arena struct arena *a = arena_new("test", 1 << 16);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        same("utf-8", utf8(a, table[i].in), table[i].want);
}

static void a_japanese_subject_is_read(void **state)
{
    (void)state;
    auto_arena struct arena *a = arena_new("test", 1 << 16);
    str got = utf8(a, S("=?ISO-2022-JP?B?GyRCRnxLXDhsGyhC?=\n =?iso-2022-jp?B?GyRCJE43b0w+GyhC?="));
    if (str_find_str(got, S("\x1b")) >= 0)
        skip(); /* no conversion tables here */
    same("subject", got, S("日本語の件名"));
}

static void written_words_come_back_and_keep_their_lines_short(void **state)
{
    (void)state;
    static const str table[] = {
        S("plain"),
        S("caf\xc3\xa9"),
        S("日本語の件名がとても長くて一行には収まらないとき、それは折り返されなければならない"),
        S("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
          "aaé"),
        S("=?UTF-8?Q?looks_encoded?="),
        S("tab\tand\nnewline"),
        S("un café au lait, deux croissants"),
        S("😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀"),
    };
    auto_arena struct arena *a = arena_new("test", 1 << 20);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        for (size_t column = 0; column < 90; column += 9) {
            auto_buf struct buf b;
            buf_init(&b, 10'000);
            words_encode(&b, table[i], column, S("\r\n"));
            if (!str_eq(table[i], buf_str(&b)))
                same("back", utf8(a, buf_str(&b)), table[i]);
            str rest = buf_str(&b), line;
            for (size_t at = column; str_line(&rest, &line); at = 0)
                assert_true(at >= 76 - 24 || at + line.n <= 76);
        }
    }
    auto_buf struct buf b;
    buf_init(&b, 1000);
    words_encode(&b, S("abcdefghij\xff"), 0, S("\n"));
    same("repaired", buf_str(&b), S("=?UTF-8?Q?abcdefghij=EF=BF=BD?="));
}

static void pieces_tell_words_from_text(void **state)
{
    (void)state;
    str rest = S("a =?UTF-8*en?q?b?=  c");
    struct word w;
    assert_true(words_next(&rest, &w) && !w.encoded);
    same("text", w.text, S("a "));
    assert_true(words_next(&rest, &w) && w.encoded);
    same("charset", w.charset, S("UTF-8"));
    same("language", w.language, S("en"));
    assert_int_equal(w.encoding, 'Q');
    assert_true(words_next(&rest, &w) && !w.encoded);
    same("text", w.text, S("  c"));
    assert_false(words_next(&rest, &w));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encoded_words_are_read),
        cmocka_unit_test(a_japanese_subject_is_read),
        cmocka_unit_test(written_words_come_back_and_keep_their_lines_short),
        cmocka_unit_test(pieces_tell_words_from_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
