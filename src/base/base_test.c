/* SPDX-License-Identifier: ISC */
#include "base/base.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void a_view_cannot_leave_its_bytes(void **state)
{
    (void)state;
    str s = S("hello");
    assert_int_equal(str_slice(s, 3, 99).n, 2);
    assert_int_equal(str_slice(s, 99, 2).n, 0);
    assert_true(str_eq(str_from_at(s, 4), S("o")));
}

static void cutting_splits_at_the_first_separator(void **state)
{
    (void)state;
    str head, tail;
    assert_true(str_cut(S("a:b:c"), ':', &head, &tail));
    assert_true(str_eq(head, S("a")) && str_eq(tail, S("b:c")));
    assert_false(str_cut(S("abc"), ':', &head, &tail));
    assert_true(str_eq(head, S("abc")) && tail.n == 0);
}

static void lines_lose_lf_and_crlf_and_the_last_needs_none(void **state)
{
    (void)state;
    str text = S("a\r\n\nb");
    str line;
    assert_true(str_line(&text, &line) && str_eq(line, S("a")));
    assert_true(str_line(&text, &line) && line.n == 0);
    assert_true(str_line(&text, &line) && str_eq(line, S("b")));
    assert_false(str_line(&text, &line));
}

static void numbers_are_refused_when_they_overflow_or_have_rest(void **state)
{
    (void)state;
    uint64_t v = 7;
    assert_true(str_u64(S("18446744073709551615"), &v) && v == UINT64_MAX);
    assert_false(str_u64(S("18446744073709551616"), &v));
    assert_false(str_u64(S("12x"), &v));
    assert_false(str_u64(S(""), &v));
}

static void an_error_of_any_kind_tells_the_kernels_reason(void **state)
{
    (void)state;
    err e = {.kind = ERR_NOTFOUND, .sys = ENOENT, .what = "open file"};
    assert_string_equal(err_text(e), "open file: No such file or directory");
    e = err_new(ERR_DENIED, "rcpthosts");
    assert_string_equal(err_text(e), "rcpthosts");
    assert_string_equal(err_text(OK_ERR), "no error");
}

static void a_buffer_past_its_maximum_says_so_and_stays_so(void **state)
{
    (void)state;
    auto_buf struct buf b;
    buf_init(&b, 5);
    buf_add(&b, S("abc"));
    buf_addf(&b, "%s", "xyz");
    buf_add(&b, S("d"));
    assert_true(str_eq(buf_str(&b), S("abc")));
    assert_int_equal(buf_check(&b, "test").kind, ERR_LIMIT);
    buf_reset(&b);
    buf_addf(&b, "%d", 12345);
    assert_true(str_eq(buf_str(&b), S("12345")) && !failed(buf_check(&b, "test")));
}

static void an_arena_gives_zeroed_aligned_memory_after_reset_too(void **state)
{
    (void)state;
    auto_arena struct arena *a = arena_new("test", 1 << 20);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 500; i++) {
            uint64_t *p = NEW_N(a, uint64_t, 7);
            assert_int_equal((uintptr_t)p % _Alignof(uint64_t), 0);
            assert_int_equal(p[6], 0);
            memset(p, 0xff, 7 * sizeof *p);
        }
        arena_reset(a);
    }
    assert_int_equal(arena_used(a), 0);
}

static void a_map_keeps_insertion_order_through_growth_and_removal(void **state)
{
    (void)state;
    struct map *m = map_new();
    static char values[1000];
    char key[16];
    for (int i = 0; i < 1000; i++)
        map_put(m, str_of(key, (size_t)snprintf(key, sizeof key, "k%d", i)), &values[i]);
    for (int i = 0; i < 1000; i += 2)
        assert_ptr_equal(map_take(m, str_of(key, (size_t)snprintf(key, sizeof key, "k%d", i))),
                         &values[i]);
    for (int i = 1000; i < 1500; i++)
        map_put(m, str_of(key, (size_t)snprintf(key, sizeof key, "k%d", i)), &values[i - 1000]);
    assert_int_equal(map_count(m), 1000);
    assert_null(map_get(m, S("k2")));
    assert_ptr_equal(map_get(m, S("k3")), &values[3]);
    size_t at = 0;
    str k;
    void *v;
    assert_true(map_next(m, &at, &k, &v) && str_eq(k, S("k1")));
    map_free(m);
}

static void civil_time_goes_both_ways(void **state)
{
    (void)state;
    struct civil c = civil_from_epoch(1795533056); /* 2026-11-24 15:10:56 */
    assert_int_equal(c.year, 2026);
    assert_int_equal(c.month, 11);
    assert_int_equal(c.day, 24);
    assert_int_equal(c.hour, 15);
    assert_int_equal(c.weekday, 2);
    for (int64_t t = -4000000000; t < 8000000000; t += 86399 * 7 + 13) {
        c = civil_from_epoch(t);
        assert_int_equal(civil_to_epoch(&c), t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_view_cannot_leave_its_bytes),
        cmocka_unit_test(cutting_splits_at_the_first_separator),
        cmocka_unit_test(lines_lose_lf_and_crlf_and_the_last_needs_none),
        cmocka_unit_test(numbers_are_refused_when_they_overflow_or_have_rest),
        cmocka_unit_test(an_error_of_any_kind_tells_the_kernels_reason),
        cmocka_unit_test(a_buffer_past_its_maximum_says_so_and_stays_so),
        cmocka_unit_test(an_arena_gives_zeroed_aligned_memory_after_reset_too),
        cmocka_unit_test(a_map_keeps_insertion_order_through_growth_and_removal),
        cmocka_unit_test(civil_time_goes_both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
