/* SPDX-License-Identifier: ISC */
#include "wire/fold.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void letters_lose_their_case(void **state)
{
    (void)state;
    static const struct {
        str in, want;
    } table[] = {
        {S("Hello"), S("hello")},
        {S("ÄÖÜ É Ø"), S("äöü é ø")},
        {S("ŁÓDŹ Žižek"), S("łódź žižek")},
        {S("ΑΘΗΝΑ"), S("αθηνα")},
        {S("МОСКВА ЁЖ"), S("москва ёж")},
        {S("ＡＢＣ"), S("ａｂｃ")},
        {S("日本語 ×÷"), S("日本語 ×÷")},
        {S("\xff\xc3X"), S("\xff\xc3x")},
        {S(""), S("")},
    };
    auto_arena struct arena *a = arena_new("test", 1 << 20);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        assert_true(str_eq(fold_copy(a, table[i].in), table[i].want));
}

static void needles_are_found_where_they_are(void **state)
{
    (void)state;
    assert_true(folded_has(S("abc"), S("")));
    assert_true(folded_has(S(""), S("")));
    assert_true(folded_has(S("abc"), S("bc")));
    assert_false(folded_has(S("abc"), S("abcd")));
    assert_false(folded_has(S("abc"), S("x")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(letters_lose_their_case),
        cmocka_unit_test(needles_are_found_where_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
