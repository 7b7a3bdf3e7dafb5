/* SPDX-License-Identifier: ISC */
#include "wire/header.h"

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

static void the_body_begins_after_the_first_empty_line(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        str in, header, separator, body;
        unsigned flags;
    } table[] = {
        {"lf", S("A: 1\n\nbody"), S("A: 1\n"), S("\n"), S("body"), 0},
        {"crlf", S("A: 1\r\n\r\nbody"), S("A: 1\r\n"), S("\r\n"), S("body"), 0},
        {"mixed", S("A: 1\r\nB: 2\n\r\nx"), S("A: 1\r\nB: 2\n"), S("\r\n"), S("x"), 0},
        {"no body", S("A: 1\nB: 2"), S("A: 1\nB: 2"), S(""), S(""), 0},
        {"no header", S("\nbody\n\nmore"), S(""), S("\n"), S("body\n\nmore"), 0},
        {"empty", S(""), S(""), S(""), S(""), 0},
        {"junk stays in", S("A: 1\nwhat is this\n x\n\nb"), S("A: 1\nwhat is this\n x\n"), S("\n"),
         S("b"), 0},
        {"junk begins the body", S("A: 1\n x\nbad header\n\nb"), S("A: 1\n x\n"), S(""),
         S("bad header\n\nb"), HEADER_STOP_AT_JUNK},
        {"folding first is junk", S(" x\nA: 1\n"), S(""), S(""), S(" x\nA: 1\n"),
         HEADER_STOP_AT_JUNK},
        {"a blank folded line is no end", S("A: 1\n \nB: 2\n\nb"), S("A: 1\n \nB: 2\n"), S("\n"),
         S("b"), 0},
        {"bare CR is an octet", S("A: 1\r\rB\n\nb"), S("A: 1\r\rB\n"), S("\n"), S("b"), 0},
        {"NUL is an octet", S("A: \0\n\n\0"), S("A: \0\n"), S("\n"), S("\0"), 0},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct header_split got = header_split(table[i].in, table[i].flags);
        same(table[i].name, got.header, table[i].header);
        same(table[i].name, got.separator, table[i].separator);
        same(table[i].name, got.body, table[i].body);
    }
}

static const str ugly = S("From ann Tue Nov 24 15:10:56 2026\n"
                          "Received: from a\n\tby b\n"
                          "delivered-TO: ann@x\n"
                          "RECEIVED: 2\r\n"
                          "Subject :  caf\xe9 \n"
                          "  folded\r\n"
                          "\ttwice  \n"
                          "no colon here\n"
                          "8bit\xe9: name\n"
                          "a b: blank in the name\n"
                          ": no name\n"
                          "Last:");

static void fields_come_in_order_and_junk_without_a_name(void **state)
{
    (void)state;
    static const struct {
        str name, value;
    } want[] = {
        {S(""), S("From ann Tue Nov 24 15:10:56 2026")},
        {S("Received"), S(" from a\n\tby b")},
        {S("delivered-TO"), S(" ann@x")},
        {S("RECEIVED"), S(" 2")},
        {S("Subject"), S("  caf\xe9 \n  folded\r\n\ttwice  ")},
        {S(""), S("no colon here")},
        {S(""), S("8bit\xe9: name")},
        {S(""), S("a b: blank in the name")},
        {S(""), S(": no name")},
        {S("Last"), S("")},
    };
    str rest = ugly;
    struct header_field f;
    size_t total = 0;
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        assert_true(header_next(&rest, &f));
        same("name", f.name, want[i].name);
        same("value", f.value, want[i].value);
        total += f.raw.n;
    }
    assert_false(header_next(&rest, &f));
    assert_int_equal(total, ugly.n);
}

static void fields_are_found_by_name_in_any_case(void **state)
{
    (void)state;
    auto_arena struct arena *a = arena_new("test", 1 << 16);
    same("unfolded", header_value(a, ugly, S("SUBJECT")), S("caf\xe9   folded\ttwice"));
    assert_null(header_value(a, ugly, S("To")).p);
    assert_int_equal(header_count(ugly, S("received")), 2);
    assert_int_equal(header_hops(ugly), 3);
    struct header_field f;
    assert_false(header_find(ugly, S(""), &f));
    assert_true(header_name_is_valid(S("X-A_b!")) && !header_name_is_valid(S("a b")) &&
                !header_name_is_valid(S("")) && !header_name_is_valid(S("a\xe9")));
    auto_buf struct buf b;
    buf_init(&b, 100);
    header_unfold_to(&b, S(" a\r\n b\n\tc "));
    same("unfolded", buf_str(&b), S("a b\tc"));
}

static void imap_gets_the_fields_it_named_with_crlf(void **state)
{
    (void)state;
    auto_buf struct buf b;
    buf_init(&b, 1000);
    const str names[] = {S("last"), S("Received")};
    header_pick(&b, ugly, names, 2, HEADER_PICK_NAMED);
    same("named", buf_str(&b), S("Received: from a\r\n\tby b\r\nRECEIVED: 2\r\nLast:\r\n\r\n"));
    buf_reset(&b);
    header_pick(&b, ugly, names, 2, HEADER_PICK_OTHERS);
    same("others", buf_str(&b),
         S("From ann Tue Nov 24 15:10:56 2026\r\ndelivered-TO: ann@x\r\n"
           "Subject :  caf\xe9 \r\n  folded\r\n\ttwice  \r\nno colon here\r\n8bit\xe9: name\r\n"
           "a b: blank in the name\r\n: no name\r\n\r\n"));
    buf_reset(&b);
    header_pick(&b, S(""), names, 2, HEADER_PICK_NAMED);
    same("none", buf_str(&b), S("\r\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_body_begins_after_the_first_empty_line),
        cmocka_unit_test(fields_come_in_order_and_junk_without_a_name),
        cmocka_unit_test(fields_are_found_by_name_in_any_case),
        cmocka_unit_test(imap_gets_the_fields_it_named_with_crlf),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
