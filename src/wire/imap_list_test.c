/* SPDX-License-Identifier: ISC */
#include "wire/imap_list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void patterns_match_as_rfc3501_says(void **state)
{
    (void)state;
    static const struct {
        str pattern, name;
        bool want;
    } table[] = {
        {S("*"), S("a.b"), true},
        {S("%"), S("a"), true},
        {S("%"), S("a.b"), false},
        {S("%.%"), S("a.b"), true},
        {S("%.%"), S("a.b.c"), false},
        {S("a*c"), S("a.b.c"), true},
        {S("a%c"), S("a.b.c"), false},
        {S("*%"), S("a.b"), true},
        {S("%*"), S("a.b"), true},
        {S("inbox"), S("INBOX"), true},
        {S("InBox.x"), S("INBOX.x"), true},
        {S("INBOX.X"), S("INBOX.x"), false},
        {S("inboxes"), S("INBOXES"), false},
        {S("Inb%"), S("INBOX"), true},
        {S("work"), S("Work"), false},
        {S(""), S(""), true},
        {S(""), S("a"), false},
        {S("a"), S(""), false},
        {S("*"), S(""), true},
        {S("a.%"), S("a"), false},
        {S("%a%b"), S("xaab"), true},
        {S("%a%b"), S("xa.ab"), false},
        {S("*a%b"), S("xa.ab"), true},
        {S("*.%b"), S("a.b.xb"), true},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        assert_int_equal(imap_list_match(table[i].pattern, table[i].name, '.'), table[i].want);
}

static void references_stand_before_the_pattern(void **state)
{
    (void)state;
    auto_arena struct arena *a = arena_new("test", 1 << 20);
    assert_true(str_eq(imap_list_pattern(a, S(""), S("x")), S("x")));
    assert_true(str_eq(imap_list_pattern(a, S("a."), S("%")), S("a.%")));
    assert_true(imap_list_wants_parents(S("a.%")));
    assert_false(imap_list_wants_parents(S("*")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_match_as_rfc3501_says),
        cmocka_unit_test(references_stand_before_the_pattern),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
