/* SPDX-License-Identifier: ISC */
#include "wire/pop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void commands_are_read_in_any_case_and_spacing(void **state)
{
    (void)state;
    static const struct {
        str line;
        enum pop_verb verb;
        str args;
    } examples[] = {
        {S("RETR 1\r\n"), POP_RETR, S("1")},
        {S("retr  1 \r\n"), POP_RETR, S("1")},
        {S("QUIT\n"), POP_QUIT, S("")},
        {S("QUIT"), POP_QUIT, S("")},
        {S("PASS  two words \r\n"), POP_PASS, S(" two words ")},
        {S("TOP 1 10\r\n"), POP_TOP, S("1 10")},
        {S("GET / HTTP/1.1\r\n"), POP_UNKNOWN, S("/ HTTP/1.1")},
        {S(""), POP_UNKNOWN, S("")},
        {S("\r\n"), POP_UNKNOWN, S("")},
        {S("RETRX 1"), POP_UNKNOWN, S("1")},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        struct pop_command c = pop_parse(examples[i].line);
        assert_int_equal(c.verb, examples[i].verb);
        assert_true(str_eq(c.args, examples[i].args));
    }
}

static void numbers_are_digits_and_nothing_else(void **state)
{
    (void)state;
    uint64_t n;
    str s = S("12 0");
    assert_true(pop_number(&s, &n));
    assert_int_equal(n, 12);
    assert_true(pop_number(&s, &n));
    assert_int_equal(n, 0);
    assert_false(pop_number(&s, &n));
    s = S("-1");
    assert_false(pop_number(&s, &n));
    s = S("1x");
    assert_false(pop_number(&s, &n));
    s = S("99999999999999999999999");
    assert_false(pop_number(&s, &n));
}

struct stuffing {
    const char *name;
    str in, want;
    bool limited;
    uint64_t lines;
};

static void stuff_with_room(const struct stuffing *t, size_t room)
{
    struct pop_stuffing s = {.limited = t->limited, .lines = t->lines};
    struct buf all, piece;
    buf_init(&all, 4096);
    buf_init(&piece, room);
    str in = t->in;
    while (in.n && !s.ended) {
        pop_stuff(&s, &in, &piece);
        buf_add(&all, buf_str(&piece));
        buf_reset(&piece);
    }
    pop_stuff_end(&s, &all);
    if (!str_eq(buf_str(&all), t->want))
        fail_msg("%s, room %zu: got \"%.*s\"", t->name, room, STR_ARG(buf_str(&all)));
    buf_done(&all);
    buf_done(&piece);
}

static void messages_are_stuffed_whatever_the_room(void **state)
{
    (void)state;
    static const struct stuffing examples[] = {
        {"empty", S(""), S(".\r\n"), false, 0},
        {"LF", S("a: b\n\nx\n"), S("a: b\r\n\r\nx\r\n.\r\n"), false, 0},
        {"CRLF", S("a: b\r\n\r\nx\r\n"), S("a: b\r\n\r\nx\r\n.\r\n"), false, 0},
        {"no last end", S("a: b\n\nx"), S("a: b\r\n\r\nx\r\n.\r\n"), false, 0},
        {"dots", S(".\n..\n.x\ny.\n"), S("..\r\n...\r\n..x\r\ny.\r\n.\r\n"), false, 0},
        {"bare CR stays", S("a\rb\n\r"), S("a\rb\r\n\r\r\n.\r\n"), false, 0},
        {"TOP 0", S("a: b\n\nx\ny\n"), S("a: b\r\n\r\n.\r\n"), true, 0},
        {"TOP 1", S("a: b\n\nx\ny\n"), S("a: b\r\n\r\nx\r\n.\r\n"), true, 1},
        {"TOP 9", S("a: b\n\nx\ny\n"), S("a: b\r\n\r\nx\r\ny\r\n.\r\n"), true, 9},
        {"TOP 1 of blank lines", S("a: b\n\n\n\n"), S("a: b\r\n\r\n\r\n.\r\n"), true, 1},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++)
        for (size_t room = 8; room < 40; room++)
            stuff_with_room(&examples[i], room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_are_read_in_any_case_and_spacing),
        cmocka_unit_test(numbers_are_digits_and_nothing_else),
        cmocka_unit_test(messages_are_stuffed_whatever_the_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
