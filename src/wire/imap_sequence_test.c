/* SPDX-License-Identifier: ISC */
#include "wire/imap_sequence.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void sets_are_sorted_and_joined(void **state)
{
    (void)state;
    static const struct {
        str in;
        uint32_t largest;
        str want;
    } table[] = {
        {S("1"), 10, S("1")},
        {S("4:2"), 10, S("2:4")},
        {S("1:*"), 10, S("1:10")},
        {S("*:1"), 10, S("1:10")},
        {S("*"), 10, S("10")},
        {S("12:*"), 10, S("10:12")},
        {S("5,3,4,1"), 10, S("1,3:5")},
        {S("1:3,2:7,9"), 10, S("1:7,9")},
        {S("1:2,3:4"), 10, S("1:4")},
        {S("4294967295,1:4294967295"), 10, S("1:4294967295")},
        {S("*"), 0, S("")},
        {S("7:*"), 0, S("7")},
        {S("*,*,2"), 2, S("2")},
    };
    auto_arena struct arena *a = arena_new("test", 1 << 20);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct imap_reader r = {.rest = table[i].in, .arena = a};
        struct imap_set set;
        assert_false(failed(imap_set_parse(&r, &set)));
        assert_int_equal(r.rest.n, 0);
        imap_set_resolve(&set, table[i].largest);
        auto_buf struct buf b;
        buf_init(&b, 1000);
        imap_set_write(&b, &set);
        assert_true(str_eq(buf_str(&b), table[i].want));
    }
}

static void broken_sets_are_refused(void **state)
{
    (void)state;
    static const str table[] = {S(""),   S(","),    S("1,"), S("0"),          S("1:"),
                                S(":1"), S("1::2"), S("a"),  S("4294967296"), S("-1")};
    auto_arena struct arena *a = arena_new("test", 1 << 20);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct imap_reader r = {.rest = table[i], .arena = a};
        struct imap_set set;
        assert_int_equal(imap_set_parse(&r, &set).kind, ERR_SYNTAX);
    }
}

static void membership_is_exact(void **state)
{
    (void)state;
    struct imap_range ranges[] = {{2, 4}, {7, 7}, {9, UINT32_MAX}};
    struct imap_set set = {.at = ranges, .n = 3};
    static const struct {
        uint32_t n;
        bool has;
    } table[] = {{1, false}, {2, true},  {4, true}, {5, false},
                 {7, true},  {8, false}, {9, true}, {UINT32_MAX, true}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        assert_int_equal(imap_set_has(&set, table[i].n), table[i].has);
    assert_int_equal(imap_set_max(&set), UINT32_MAX);
}

static void numbers_are_joined_in_the_order_given(void **state)
{
    (void)state;
    static const uint32_t numbers[] = {1, 2, 3, 7, 5, 6, 5};
    struct imap_range ranges[7];
    struct imap_set set = {.at = ranges};
    for (size_t i = 0; i < 7; i++)
        imap_set_add(&set, 7, numbers[i]);
    auto_buf struct buf b;
    buf_init(&b, 1000);
    imap_set_write(&b, &set);
    assert_true(str_eq(buf_str(&b), S("1:3,7,5:6,5")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sets_are_sorted_and_joined),
        cmocka_unit_test(broken_sets_are_refused),
        cmocka_unit_test(membership_is_exact),
        cmocka_unit_test(numbers_are_joined_in_the_order_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
