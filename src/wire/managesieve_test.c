/* SPDX-License-Identifier: ISC */
#include "wire/managesieve.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void a_command_has_words_strings_and_literals(void **state)
{
    (void)state;
    auto_arena struct arena *a = arena_new("test", 1 << 16);
    str in = S("putscript \"a\\\"b\" {5+}\r\nkeep;\r\n"), name, text;
    assert_int_equal(managesieve_verb(&in), MANAGESIEVE_PUTSCRIPT);
    assert_true(managesieve_string(&in, a, &name));
    assert_true(str_eq(name, S("a\"b")));
    assert_true(managesieve_string(&in, a, &text));
    assert_true(str_eq(text, S("keep;")));
    assert_true(managesieve_end(in));
}

static void a_literal_is_seen_at_the_end_of_a_line_only(void **state)
{
    (void)state;
    uint64_t n = 0;
    assert_true(managesieve_literal(S("PUTSCRIPT \"a\" {12+}\r\n"), &n));
    assert_int_equal(n, 12);
    assert_false(managesieve_literal(S("PUTSCRIPT {12+} \"a\"\r\n"), &n));
    assert_false(managesieve_literal(S("PUTSCRIPT {12x}\r\n"), &n));
    assert_false(managesieve_literal(S("PUTSCRIPT {99999999999999999999999+}\r\n"), &n));
}

static void a_string_that_does_not_end_is_none(void **state)
{
    (void)state;
    auto_arena struct arena *a = arena_new("test", 1 << 16);
    str s;
    str bad[] = {S(" \"abc"), S(" \"abc\\"), S(" {5+}\r\nabc"), S(" abc"),
                 S(""),       S("\"abc\""),  S(" \"a\r\nb\"")};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(managesieve_string(&bad[i], a, &s));
}

static void what_no_quotes_can_hold_becomes_a_literal(void **state)
{
    (void)state;
    auto_buf struct buf b;
    buf_init(&b, 100);
    managesieve_write(&b, S("a\r\nb"));
    managesieve_write(&b, S("c\\d"));
    assert_true(str_eq(buf_str(&b), S("{4}\r\na\r\nb\"c\\\\d\"")));
}

static void numbers_are_below_two_to_the_thirty_two(void **state)
{
    (void)state;
    str in = S(" 4294967295"), over = S(" 4294967296");
    uint64_t n;
    assert_true(managesieve_number(&in, &n));
    assert_false(managesieve_number(&over, &n));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_has_words_strings_and_literals),
        cmocka_unit_test(a_literal_is_seen_at_the_end_of_a_line_only),
        cmocka_unit_test(a_string_that_does_not_end_is_none),
        cmocka_unit_test(what_no_quotes_can_hold_becomes_a_literal),
        cmocka_unit_test(numbers_are_below_two_to_the_thirty_two),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
