/* SPDX-License-Identifier: ISC */
#include "wire/saslprep.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static const struct {
    str in, out; /* out empty: refused */
} examples[] = {
    /* RFC 4013 3 */
    {S("I\xc2\xadX"), S("IX")},
    {S("user"), S("user")},
    {S("USER"), S("USER")},
    {S("\xc2\xaa"), S("a")},
    {S("\xe2\x85\xa8"), S("IX")},
    {S("\x07"), S("")},
    {S("\xd8\xa7\x31"), S("")},
    /* and beyond */
    {S("\xe3\x80\x80x"), S(" x")},                          /* U+3000 */
    {S("\xef\xbd\x81\xef\xbd\x8e\xef\xbd\x8e"), S("ann")},  /* full-width ann */
    {S("\xef\xbd\xb6\xef\xbe\x9e"), S("\xe3\x82\xac")},     /* half-width ka and its mark */
    {S("e\xcc\x81"), S("\xc3\xa9")},                        /* composed */
    {S("\xd8\xa7\x31\xd8\xa8"), S("\xd8\xa7\x31\xd8\xa8")}, /* Arabic at both ends */
    {S("\xd8\xa7\x61\xd8\xa8"), S("")},                     /* a Latin letter within */
    {S("\xee\x80\x80"), S("")},                             /* private use */
    {S("\xef\xbf\xbf"), S("")},                             /* no character */
    {S("a\x7f"), S("")},
    {S("\xff"), S("")},
    {S("\xed\xa0\x80"), S("")}, /* a surrogate */
    {S("\xe2\x80\x8e"), S("")}, /* left-to-right mark */
};

static void names_come_out_as_rfc_4013_has_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        auto_buf struct buf b;
        buf_init(&b, 100);
        err e = saslprep(examples[i].in, SASLPREP_QUERY, &b);
        assert_int_equal(failed(e), examples[i].out.n == 0);
        if (!failed(e))
            assert_true(str_eq(buf_str(&b), examples[i].out));
    }
}

static void unassigned_characters_are_said_but_not_stored(void **state)
{
    (void)state;
    auto_buf struct buf b;
    buf_init(&b, 100);
    assert_false(failed(saslprep(S("\xcd\xb8"), SASLPREP_QUERY, &b))); /* U+0378 */
    assert_true(failed(saslprep(S("\xcd\xb8"), SASLPREP_STORE, &b)));
}

static void what_is_refused_can_still_be_compared_as_it_stands(void **state)
{
    (void)state;
    auto_arena struct arena *a = arena_new("test", 1 << 16);
    assert_true(str_eq(saslprep_or_raw(a, S("\xff\x01")), S("\xff\x01")));
    assert_true(str_eq(saslprep_or_raw(a, S("\xef\xbd\x81")), S("a")));
}

static void its_length_is_bounded(void **state)
{
    (void)state;
    static char big[SASLPREP_IN_MAX + 1];
    for (size_t i = 0; i < sizeof big; i++)
        big[i] = 'a';
    auto_buf struct buf b;
    buf_init(&b, 1 << 16);
    assert_int_equal(saslprep(str_of(big, sizeof big), SASLPREP_QUERY, &b).kind, ERR_LIMIT);
    assert_false(failed(saslprep(str_of(big, sizeof big - 1), SASLPREP_QUERY, &b)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_come_out_as_rfc_4013_has_them),
        cmocka_unit_test(unassigned_characters_are_said_but_not_stored),
        cmocka_unit_test(what_is_refused_can_still_be_compared_as_it_stands),
        cmocka_unit_test(its_length_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
