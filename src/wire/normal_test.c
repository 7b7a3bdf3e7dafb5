/* SPDX-License-Identifier: ISC */
#include "wire/normal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "wire/charset.h"
#include "wire/find.h"

static void what_searchers_do_not_tell_apart_becomes_one(void **state)
{
    (void)state;
    static const struct {
        str in, want;
    } table[] = {
        {S(""), S("")},
        {S("Hello, World! @[`{"), S("hello, world! @[`{")},
        {S("日本語テスト"), S("日本語テスト")},
        {S("ＡＢＣ１２３"), S("abc123")},
        {S("ﾃｽﾄ"), S("テスト")},
        {S("ｶﾞｷﾞ"), S("ガギ")},
        {S("か\xe3\x82\x99な"), S("がな")},
        {S("e\xcc\x81t\xc3\xa9"), S("\xc3\xa9t\xc3\xa9")},
        {S("STRASSE Stra\xc3\x9f"
           "e"),
         S("strasse strasse")},
        {S("①㈱㍻"), S("1(株)平成")},
        {S("ﬁne"), S("fine")},
        {S("日\xe3\x80\x80本"), S("日 本")},
        {S("葛\xf3\xa0\x84\x80飾"), S("葛飾")}, /* a variation selector */
        {S("so\xc2\xad"
           "ft"),
         S("soft")},
        {S("ΣΑΣ"), S("σασ")},
        {S("ЁЖ"), S("ёж")},
        {S("İ"), S("i\xcc\x87")},
        {S("a\xff"
           "b"),
         S("a\xef\xbf\xbd"
           "b")},
        {S("한글 \xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab"), S("한글 한")},
        {S("q\xcc\x81\xcc\xa3"), S("q\xcc\xa3\xcc\x81")}, /* marks in their order */
    };
    auto_arena struct arena *a = arena_new("test", 1 << 20);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        str got = normal_copy(a, table[i].in);
        if (!str_eq(got, table[i].want))
            print_error("[%.*s]: got [%.*s] want [%.*s]\n", STR_ARG(table[i].in), STR_ARG(got),
                        STR_ARG(table[i].want));
        assert_true(str_eq(got, table[i].want));
    }
}

static void normal_text_stays_as_it_is(void **state)
{
    (void)state;
    auto_arena struct arena *a = arena_new("test", 64 << 20);
    for (uint32_t c = 1; c <= 0x10ffff; c++) {
        char space[32];
        struct buf b = {.p = space, .cap = sizeof space, .max = sizeof space};
        utf8_write(&b, c);
        str once = normal_copy(a, buf_str(&b)), twice = normal_copy(a, once);
        if (!str_eq(once, twice))
            print_error("U+%04X\n", c);
        assert_true(str_eq(once, twice));
        assert_true(once.n <= b.n * NORMAL_GROWTH);
        arena_reset(a);
    }
}

static void a_long_run_of_marks_is_taken_in_linear_time(void **state)
{
    (void)state;
    auto_buf struct buf in, out;
    buf_init(&in, 4 << 20);
    buf_init(&out, 16 << 20);
    for (size_t i = 0; i < 500'000; i++)
        buf_add(&in, i % 2 ? S("\xcc\xa3") : S("\xcc\x81"));
    normal_add(&out, buf_str(&in));
    assert_int_equal(out.n, in.n);
}

static void the_first_place_is_found(void **state)
{
    (void)state;
    static const str texts[] = {
        S("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"),
        S("日本語の文章はどの文字も同じ先頭バイトを持つことが多い。東京都"),
        S("the quick brown fox jumps over the lazy dog, twice; the end"),
        S(""),
    };
    for (size_t t = 0; t < sizeof texts / sizeof *texts; t++) {
        str text = texts[t];
        for (size_t from = 0; from < text.n; from++) {
            for (size_t to = from; to <= text.n; to++) {
                struct finder f = finder_of(str_slice(text, from, to));
                const char *want = memmem(text.p, text.n, f.needle.p, f.needle.n);
                assert_int_equal(finder_next(&f, text, 0), want - text.p);
                assert_int_equal(finder_next(&f, text, from), (ptrdiff_t)from);
            }
        }
        struct finder absent = finder_of(S("absent"));
        assert_int_equal(finder_next(&absent, text, 0), -1);
    }
}

static void a_text_made_to_be_slow_is_not(void **state)
{
    (void)state;
    static char text[1 << 20], needle[4096];
    memset(text, 'z', sizeof text);
    memset(needle, 'z', sizeof needle);
    needle[2000] = 'e'; /* common: the finder looks at two z */
    struct finder f = finder_of(str_of(needle, sizeof needle));
    for (int i = 0; i < 20; i++)
        assert_int_equal(finder_next(&f, str_of(text, sizeof text), 0), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_searchers_do_not_tell_apart_becomes_one),
        cmocka_unit_test(normal_text_stays_as_it_is),
        cmocka_unit_test(a_long_run_of_marks_is_taken_in_linear_time),
        cmocka_unit_test(the_first_place_is_found),
        cmocka_unit_test(a_text_made_to_be_slow_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
