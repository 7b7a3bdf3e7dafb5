/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "wire/imap_return.h"

static struct arena *arena;

static err parse(const char *text, struct imap_return *ret, str *ret_rest)
{
    struct imap_reader r = {.rest = str_from(text), .arena = arena};
    err e = imap_return(&r, ret);
    *ret_rest = r.rest;
    return e;
}

static void options_are_read_in_any_order(void **state)
{
    (void)state;
    struct imap_return ret;
    str rest;
    assert_false(failed(parse(" RETURN (Count MIN save) ALL", &ret, &rest)));
    assert_true(ret.given);
    assert_int_equal(ret.options, IMAP_RETURN_MIN | IMAP_RETURN_COUNT | IMAP_RETURN_SAVE);
    assert_true(str_eq(rest, S(" ALL")));
}

/* RFC 4731 3.1. */
static void no_option_means_all_of_them(void **state)
{
    (void)state;
    struct imap_return ret;
    str rest;
    assert_false(failed(parse(" RETURN () UNSEEN", &ret, &rest)));
    assert_int_equal(ret.options, IMAP_RETURN_ALL);
    assert_false(failed(parse(" RETURN (UPDATE) UNSEEN", &ret, &rest)));
    assert_int_equal(ret.options, IMAP_RETURN_ALL | IMAP_RETURN_UPDATE);
    assert_false(failed(parse(" RETURN (SAVE) UNSEEN", &ret, &rest)));
    assert_int_equal(ret.options, IMAP_RETURN_SAVE);
}

static void without_the_word_nothing_is_read(void **state)
{
    (void)state;
    struct imap_return ret;
    str rest;
    assert_false(failed(parse(" RETURNED 1", &ret, &rest)));
    assert_false(ret.given);
    assert_true(str_eq(rest, S(" RETURNED 1")));
}

static void what_is_unknown_or_twice_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        " RETURN",
        " RETURN ALL",
        " RETURN (ALL",
        " RETURN (SOME) ALL",
        " RETURN (PARTIAL)",
        " RETURN (PARTIAL 0:1)",
        " RETURN (PARTIAL 1:-2)",
        " RETURN (PARTIAL -1:2)",
        " RETURN (PARTIAL 1:2 PARTIAL 1:2)",
        " RETURN (ALL PARTIAL 1:2)", /* RFC 9394 3.1 */
        " RETURN (PARTIAL 1:5000000000)",
    };
    struct imap_return ret;
    str rest;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (!failed(parse(bad[i], &ret, &rest)))
            fail_msg("%s was taken", bad[i]);
}

static void a_partial_range_counts_from_either_end(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t n, from, to;
    } examples[] = {
        {"1:3", 10, 0, 3},  {"3:1", 10, 0, 3},    {"8:20", 10, 7, 10},   {"11:20", 10, 10, 10},
        {"1:1", 0, 0, 0},   {"-1:-3", 10, 7, 10}, {"-3:-1", 10, 7, 10},  {"-9:-20", 10, 0, 2},
        {"-2:-2", 1, 0, 0}, {"5:5", 5, 4, 5},     {"-11:-20", 10, 0, 0},
    };
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        struct imap_reader r = {.rest = str_from(examples[i].text), .arena = arena};
        struct imap_partial p;
        size_t from, to;
        assert_false(failed(imap_partial_range(&r, &p)));
        assert_true(str_eq(p.as_sent, str_from(examples[i].text)));
        imap_partial_of(&p, examples[i].n, &from, &to);
        if (from != examples[i].from || to != examples[i].to)
            fail_msg("%s of %zu: got %zu to %zu", examples[i].text, examples[i].n, from, to);
    }
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
        cmocka_unit_test(options_are_read_in_any_order),
        cmocka_unit_test(no_option_means_all_of_them),
        cmocka_unit_test(without_the_word_nothing_is_read),
        cmocka_unit_test(what_is_unknown_or_twice_is_refused),
        cmocka_unit_test(a_partial_range_counts_from_either_end),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
