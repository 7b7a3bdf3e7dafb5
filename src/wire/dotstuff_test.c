/* SPDX-License-Identifier: ISC */
#include "wire/dotstuff.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct example {
    const char *name;
    str in, want;
    uint64_t size; /* declared */
} examples[] = {
    {"empty message", S(""), S(".\r\n"), 0},
    {"LF becomes CRLF", S("a\nb\n"), S("a\r\nb\r\n.\r\n"), 6},
    {"CRLF stays", S("a\r\nb\r\n"), S("a\r\nb\r\n.\r\n"), 6},
    {"last line is ended", S("a"), S("a\r\n.\r\n"), 3},
    {"dot at the start of a line is doubled", S(".\n.a\n"), S("..\r\n..a\r\n.\r\n"), 7},
    {"dot inside stays", S("a.\nb.c\n"), S("a.\r\nb.c\r\n.\r\n"), 9},
    {"bare CR becomes a space", S("a\rb\n"), S("a b\r\n.\r\n"), 5},
    {"CR dot CR cannot end the data", S("a\r.\rb\n"), S("a . b\r\n.\r\n"), 7},
    {"CR before CRLF is not doubled", S("a\r\r\n"), S("a \r\n.\r\n"), 4},
    {"CR dot after a line end", S("\r.\n"), S(" .\r\n.\r\n"), 4},
    {"LF dot CRLF is stuffed", S("a\n.\r\nb"), S("a\r\n..\r\nb\r\n.\r\n"), 9},
    {"CR at the very end", S("a\r"), S("a \r\n.\r\n"), 4},
    {"8-bit octets stay", S("\xff\xfe\n"), S("\xff\xfe\r\n.\r\n"), 4},
};

static void run(const struct example *x, size_t room)
{
    auto_buf struct buf out, whole;
    struct dotstuff d = {0};
    str in = x->in;
    buf_init(&out, room);
    buf_init(&whole, 1000);
    while (in.n) {
        dotstuff_feed(&d, &in, &out);
        buf_add(&whole, buf_str(&out));
        buf_reset(&out);
    }
    dotstuff_end(&d, &out);
    buf_add(&whole, buf_str(&out));
    if (out.over || !str_eq(buf_str(&whole), x->want))
        fail_msg("%s (room %zu): got \"%.*s\"", x->name, room, (int)whole.n, whole.p);
}

static void every_example_comes_out_right_whole_and_in_pieces(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++)
        for (size_t room = 5; room < 40; room += room < 10 ? 1 : 25)
            run(&examples[i], room);
}

static void the_declared_size_counts_crlf(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++)
        if (dotstuff_size(examples[i].in) != examples[i].size)
            fail_msg("%s: %zu", examples[i].name, (size_t)dotstuff_size(examples[i].in));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_example_comes_out_right_whole_and_in_pieces),
        cmocka_unit_test(the_declared_size_counts_crlf),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
