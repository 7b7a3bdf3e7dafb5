/* SPDX-License-Identifier: ISC */
#include "wire/imap_lex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static struct imap_reader reader(struct arena *a, str text)
{
    return (struct imap_reader){.rest = text, .arena = a};
}

static void strings_come_in_three_forms(void **state)
{
    (void)state;
    static const struct {
        str in;
        enum err_kind want_err;
        str want, rest;
    } table[] = {
        {S("abc def"), ERR_NONE, S("abc"), S(" def")},
        {S("a]b"), ERR_NONE, S("a]b"), S("")},
        {S("\"\""), ERR_NONE, S(""), S("")},
        {S("\"a b\" c"), ERR_NONE, S("a b"), S(" c")},
        {S("\"a\\\"b\\\\c\""), ERR_NONE, S("a\"b\\c"), S("")},
        {S("\"a\\b\""), ERR_SYNTAX, S(""), S("")},
        {S("\"a\r\nb\""), ERR_SYNTAX, S(""), S("")},
        {S("\"abc"), ERR_SYNTAX, S(""), S("")},
        {S("\"abc\\"), ERR_SYNTAX, S(""), S("")},
        {S("{3}\r\nabc)"), ERR_NONE, S("abc"), S(")")},
        {S("{3+}\r\na\nb)"), ERR_NONE, S("a\nb"), S(")")},
        {S("{0}\r\n x"), ERR_NONE, S(""), S(" x")},
        {S("{3}\nabc"), ERR_NONE, S("abc"), S("")},
        {S("{4}\r\nabc"), ERR_SYNTAX, S(""), S("")},
        {S("{3}abc"), ERR_SYNTAX, S(""), S("")},
        {S("{}\r\n"), ERR_SYNTAX, S(""), S("")},
        {S("{18446744073709551617}\r\n"), ERR_SYNTAX, S(""), S("")},
        {S("{9223372036854775807}\r\nx"), ERR_SYNTAX, S(""), S("")},
        {S("{1}\r\n\0"), ERR_SYNTAX, S(""), S("")},
        {S(""), ERR_SYNTAX, S(""), S("")},
        {S("(a)"), ERR_SYNTAX, S(""), S("")},
        {S("%"), ERR_SYNTAX, S(""), S("")},
    };
    auto_arena struct arena *a = arena_new("test", 1 << 20);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct imap_reader r = reader(a, table[i].in);
        str got = {0};
        err e = imap_astring(&r, &got);
        assert_int_equal(e.kind, table[i].want_err);
        if (failed(e))
            continue;
        assert_true(str_eq(got, table[i].want));
        assert_true(str_eq(r.rest, table[i].rest));
    }
}

static void announced_literals_are_seen_at_line_ends(void **state)
{
    (void)state;
    static const struct {
        str line;
        enum err_kind want_err;
        bool found, wait, binary;
        uint64_t size;
    } table[] = {
        {S("a LOGIN {5}\r\n"), ERR_NONE, true, true, false, 5},
        {S("a LOGIN {5+}\r\n"), ERR_NONE, true, false, false, 5},
        {S("a APPEND x ~{7}\r\n"), ERR_NONE, true, true, true, 7},
        {S("{0}"), ERR_NONE, true, true, false, 0},
        {S("a LOGIN b c}\r\n"), ERR_NONE, false, false, false, 0},
        {S("a LOGIN \"{\" c}\r\n"), ERR_NONE, false, false, false, 0},
        {S("a NOOP\r\n"), ERR_NONE, false, false, false, 0},
        {S("a LOGIN {5} \r\n"), ERR_NONE, false, false, false, 0},
        {S("a LOGIN {x}\r\n"), ERR_SYNTAX, false, false, false, 0},
        {S("a LOGIN {}\r\n"), ERR_SYNTAX, false, false, false, 0},
        {S("a LOGIN {-1}\r\n"), ERR_SYNTAX, false, false, false, 0},
        {S("a LOGIN {99999999999999999999}\r\n"), ERR_SYNTAX, false, false, false, 0},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct imap_literal l = {0};
        bool found = false;
        err e = imap_line_literal(table[i].line, &l, &found);
        assert_int_equal(e.kind, table[i].want_err);
        assert_int_equal(found, table[i].found);
        if (!found)
            continue;
        assert_int_equal(l.wait, table[i].wait);
        assert_int_equal(l.binary, table[i].binary);
        assert_int_equal(l.size, table[i].size);
    }
}

static void numbers_stay_in_their_range(void **state)
{
    (void)state;
    auto_arena struct arena *a = arena_new("test", 1 << 20);
    uint32_t n = 0;
    struct imap_reader r = reader(a, S("4294967295"));
    assert_false(failed(imap_number(&r, &n)));
    assert_int_equal(n, UINT32_MAX);
    r = reader(a, S("4294967296"));
    assert_true(failed(imap_number(&r, &n)));
    r = reader(a, S("0"));
    assert_true(failed(imap_nz_number(&r, &n)));
    r = reader(a, S("x"));
    assert_true(failed(imap_number(&r, &n)));
}

static void words_end_where_they_should(void **state)
{
    (void)state;
    auto_arena struct arena *a = arena_new("test", 1 << 20);
    struct imap_reader r = reader(a, S("flagsx"));
    assert_false(imap_skip_word(&r, S("FLAGS")));
    r = reader(a, S("flags)"));
    assert_true(imap_skip_word(&r, S("FLAGS")));
    r = reader(a, S("nil"));
    str s = S("x");
    assert_false(failed(imap_nstring(&r, &s)));
    assert_null(s.p);
    r = reader(a, S(" \r\n"));
    assert_true(imap_at_end(&r));
    r = reader(a, S(" x\r\n"));
    assert_true(failed(imap_end(&r)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_come_in_three_forms),
        cmocka_unit_test(announced_literals_are_seen_at_line_ends),
        cmocka_unit_test(numbers_stay_in_their_range),
        cmocka_unit_test(words_end_where_they_should),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
