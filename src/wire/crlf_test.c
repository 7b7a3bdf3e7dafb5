/* SPDX-License-Identifier: ISC */
#include "wire/crlf.h"

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

static void bare_lfs_count_two_octets(void **state)
{
    (void)state;
    struct crlf_count c = crlf_measure(S("a\nb\r\n\n\rc"));
    assert_int_equal(c.octets, 10);
    assert_int_equal(c.lines, 3);
    c = crlf_measure(S(""));
    assert_true(c.octets == 0 && c.lines == 0);
    c = crlf_measure((str){0});
    assert_true(c.octets == 0);
    c = crlf_measure(S("\n"));
    assert_int_equal(c.octets, 2);
}

static void every_partial_read_is_a_slice_of_the_whole(void **state)
{
    (void)state;
    str in = S("a\nbc\r\n\n\n\rd\r\r\n\n");
    auto_buf struct buf whole;
    buf_init(&whole, 100);
    crlf_write(&whole, in);
    same("whole", buf_str(&whole), S("a\r\nbc\r\n\r\n\r\n\rd\r\r\n\r\n"));
    assert_int_equal(whole.n, crlf_measure(in).octets);
    struct crlf_cursor kept;
    crlf_open(&kept, in);
    for (size_t from = 0; from <= whole.n + 2; from++) {
        for (size_t n = 1; n < whole.n + 2; n++) {
            auto_buf struct buf b;
            buf_init(&b, 100);
            crlf_seek(&kept, from);
            size_t got = crlf_read(&kept, &b, n);
            assert_int_equal(got, b.n);
            same("piece", buf_str(&b), str_slice(buf_str(&whole), from, from + n));
        }
    }
}

static void a_read_stops_at_the_buffers_maximum(void **state)
{
    (void)state;
    struct crlf_cursor c;
    crlf_open(&c, S("ab\ncd"));
    auto_buf struct buf b;
    buf_init(&b, 3);
    assert_int_equal(crlf_read(&c, &b, 100), 3);
    assert_false(b.over);
    assert_int_equal(crlf_read(&c, &b, 100), 0);
    buf_reset(&b);
    assert_int_equal(crlf_read(&c, &b, 100), 3);
    same("rest", buf_str(&b), S("\ncd"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bare_lfs_count_two_octets),
        cmocka_unit_test(every_partial_read_is_a_slice_of_the_whole),
        cmocka_unit_test(a_read_stops_at_the_buffers_maximum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
