/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "wire/imap_sort.h"

static struct arena *arena;

static struct imap_reader reader(const char *text)
{
    return (struct imap_reader){.rest = str_from(text), .arena = arena};
}

static void sort_keys_keep_their_order_and_direction(void **state)
{
    (void)state;
    struct imap_reader r = reader(" RETURN (MIN) (REVERSE DATE subject REVERSE DISPLAYFROM) UTF-8 "
                                  "UNSEEN 1:3\r\n");
    struct imap_sort_args args;
    assert_false(failed(imap_sort_args(&r, &args)));
    assert_int_equal(args.n, 3);
    assert_int_equal(args.keys[0], IMAP_SORT_DATE);
    assert_true(args.reverse[0] && !args.reverse[1] && args.reverse[2]);
    assert_int_equal(args.keys[2], IMAP_SORT_DISPLAYFROM);
    assert_true(str_eq(args.search.charset, S("UTF-8")));
    assert_int_equal(args.search.ret.options, IMAP_RETURN_MIN);
    assert_true(args.search.numbers);
}

static void what_is_no_sort_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        " () UTF-8 ALL",     " (REVERSE) UTF-8 ALL", " (REVERSE REVERSE DATE) UTF-8 ALL",
        " DATE UTF-8 ALL",   " (DATE) ALL",          " (DATE UTF-8 ALL",
        " (NAME) UTF-8 ALL", " (DATE) \"\" ALL",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct imap_reader r = reader(bad[i]);
        struct imap_sort_args args;
        if (!failed(imap_sort_args(&r, &args)))
            fail_msg("%s was taken", bad[i]);
    }
}

static void threads_are_made_in_two_ways(void **state)
{
    (void)state;
    struct imap_reader r = reader(" references us-ascii ALL");
    struct imap_thread_args args;
    assert_false(failed(imap_thread_args(&r, &args)));
    assert_int_equal(args.how, IMAP_THREAD_REFERENCES);
    r = reader(" ORDEREDSUBJECT utf-8 TEXT x");
    assert_false(failed(imap_thread_args(&r, &args)));
    assert_true(args.search.needs_body);
    r = reader(" REFS utf-8 ALL");
    assert_true(failed(imap_thread_args(&r, &args)));
}

static int setup(void **state)
{
    (void)state;
    arena = arena_new("test", 1 << 20);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sort_keys_keep_their_order_and_direction),
        cmocka_unit_test(what_is_no_sort_is_refused),
        cmocka_unit_test(threads_are_made_in_two_ways),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
