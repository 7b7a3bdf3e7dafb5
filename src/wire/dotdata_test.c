/* SPDX-License-Identifier: ISC */
#include "wire/dotdata.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static const struct example {
    const char *name;
    str in, want;
    enum err_kind want_err;
    bool want_end;
} examples[] = {
    {"empty message", S(".\r\n"), S(""), ERR_NONE, true},
    {"one empty line", S("\r\n.\r\n"), S("\n"), ERR_NONE, true},
    {"lines get LF ends", S("a\r\nbc\r\n.\r\n"), S("a\nbc\n"), ERR_NONE, true},
    {"stuffed dot is removed", S("..\r\n.\r\n"), S(".\n"), ERR_NONE, true},
    {"stuffed text keeps its own dots", S("...x.\r\n.\r\n"), S("..x.\n"), ERR_NONE, true},
    {"a lone lead dot before text goes", S(".x\r\n.\r\n"), S("x\n"), ERR_NONE, true},
    {"dot mid-line is text", S("a.\r\n.\r\n"), S("a.\n"), ERR_NONE, true},
    {"pipelined command is left", S("a\r\n.\r\nQUIT\r\n"), S("a\n"), ERR_NONE, true},
    {"unfinished data waits", S("a\r\n."), S("a\n"), ERR_NONE, false},
    {"a held CR is not written", S("a\r"), S("a"), ERR_NONE, false},
    {"smuggle LF . CRLF", S("a\n.\r\n"), S(""), ERR_SYNTAX, false},
    {"smuggle LF . LF", S("a\n.\n"), S(""), ERR_SYNTAX, false},
    {"smuggle CRLF . LF", S("a\r\n.\n"), S(""), ERR_SYNTAX, false},
    {"smuggle CR . CR", S("a\r.\r"), S(""), ERR_SYNTAX, false},
    {"smuggle CR . CRLF", S("a\r.\r\n"), S(""), ERR_SYNTAX, false},
    {"smuggle CRLF . CR", S("a\r\n.\rx"), S(""), ERR_SYNTAX, false},
    {"smuggle LF CR . CR LF", S("a\n\r.\r\n"), S(""), ERR_SYNTAX, false},
    {"smuggle CR CR LF . CR CR LF", S("a\r\r\n.\r\r\n"), S(""), ERR_SYNTAX, false},
    {"smuggle CRLF NUL . CRLF is no end", S("a\r\n\0.\r\n"), S("a\n\0.\n"), ERR_NONE, false},
    {"smuggle CRLF . NUL CRLF is no end", S("a\r\n.\0\r\n"), S("a\n\0\n"), ERR_NONE, false},
    {"bare LF first", S("\n"), S(""), ERR_SYNTAX, false},
    {"bare CR before text", S("\rx"), S(""), ERR_SYNTAX, false},
};

static void run(const struct example *x, size_t piece)
{
    struct dotdata d = {0};
    auto_buf struct buf out;
    buf_init(&out, 4096);
    size_t at = 0;
    err e = OK_ERR;
    while (at < x->in.n && !dotdata_ended(&d) && !failed(e)) {
        size_t used = 0;
        e = dotdata_feed(&d, str_slice(x->in, at, at + piece), &out, &used);
        at += used;
    }
    if (e.kind != x->want_err || dotdata_ended(&d) != x->want_end ||
        (!failed(e) && !str_eq(buf_str(&out), x->want)))
        fail_msg("%s, in pieces of %zu: %s, ended %d, got \"%.*s\"", x->name, piece,
                 err_kind_name(e.kind), dotdata_ended(&d), STR_ARG(buf_str(&out)));
}

static void every_example_holds_for_every_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++)
        for (size_t piece = 1; piece <= examples[i].in.n; piece++)
            run(&examples[i], piece);
}

static void what_follows_the_end_is_not_touched(void **state)
{
    (void)state;
    struct dotdata d = {0};
    auto_buf struct buf out;
    buf_init(&out, 4096);
    size_t used = 0;
    assert_false(failed(dotdata_feed(&d, S("a\r\n.\r\nQU\nIT"), &out, &used)));
    assert_int_equal(used, 6);
    assert_false(failed(dotdata_feed(&d, S("more"), &out, &used)));
    assert_int_equal(used, 0);
}

static void a_full_buffer_uses_nothing(void **state)
{
    (void)state;
    struct dotdata d = {0};
    auto_buf struct buf out;
    buf_init(&out, 4);
    size_t used = 7;
    err e = dotdata_feed(&d, S("abcdefgh\r\n"), &out, &used);
    assert_int_equal(e.kind, ERR_LIMIT);
    assert_int_equal(used, 7);
    assert_int_equal(d.state, DOT_LINE_START);
}

static void nul_and_long_lines_are_noted(void **state)
{
    (void)state;
    struct dotdata d = {0};
    auto_buf struct buf out;
    buf_init(&out, 4096);
    size_t used;
    assert_false(failed(dotdata_feed(&d, S("abc\r\n.defg"), &out, &used)));
    assert_false(failed(dotdata_feed(&d, S("hi\r\nj\r\n.\r\n\0"), &out, &used)));
    assert_int_equal(d.longest, 6);
    assert_false(d.nul); /* it came after the end */
    d = (struct dotdata){0};
    assert_false(failed(dotdata_feed(&d, S("a\0b\r\n"), &out, &used)));
    assert_true(d.nul);
}

static void chunks_know_no_dots(void **state)
{
    (void)state;
    struct dotdata d = {.chunk = true};
    auto_buf struct buf out;
    buf_init(&out, 4096);
    size_t used;
    assert_false(failed(dotdata_feed(&d, S("..a\r\n.\r\n.b\r"), &out, &used)));
    assert_int_equal(used, 11);
    assert_false(failed(dotdata_feed(&d, S("\nlast"), &out, &used)));
    assert_false(failed(dotdata_finish_chunks(&d, &out)));
    assert_true(str_eq(buf_str(&out), S("..a\n.\n.b\nlast\n")));
    d = (struct dotdata){.chunk = true};
    assert_int_equal(dotdata_feed(&d, S("a\nb"), &out, &used).kind, ERR_SYNTAX);
    d = (struct dotdata){.chunk = true};
    assert_false(failed(dotdata_feed(&d, S("a\r"), &out, &used)));
    assert_int_equal(dotdata_finish_chunks(&d, &out).kind, ERR_SYNTAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_example_holds_for_every_cut),
        cmocka_unit_test(what_follows_the_end_is_not_touched),
        cmocka_unit_test(a_full_buffer_uses_nothing),
        cmocka_unit_test(nul_and_long_lines_are_noted),
        cmocka_unit_test(chunks_know_no_dots),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
