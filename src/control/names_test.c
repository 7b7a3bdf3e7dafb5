/* SPDX-License-Identifier: ISC */
#include "control/names.h"

#include "control/testing.h"

static struct arena *a;

static void lines_lose_only_trailing_space_and_hash_lines_are_skipped(void **state)
{
    (void)state;
    struct names n = names_parse(S("# no\nOne \t\n\n two\r\n\t\nthree"), false, a);
    assert_int_equal(n.n, 3);
    assert_str(n.at[0].key, S("One"));
    assert_str(n.at[1].key, S(" two\r"));
    assert_int_equal(n.at[1].line, 4);
    assert_true(names_has(&n, S("ONE")) && names_has(&n, S("three")));
    assert_false(names_has(&n, S("two")) || names_has(&n, S("")));
}

static void the_later_of_two_equal_keys_answers(void **state)
{
    (void)state;
    struct names n = names_parse(S("a:1\nno colon\nA:2\n:all\nb:\n"), true, a);
    assert_int_equal(n.n, 4);
    assert_str(names_find(&n, S("a"))->value, S("2"));
    assert_str(names_find(&n, S(""))->value, S("all"));
    assert_str(names_find(&n, S("B"))->value, S(""));
}

static void an_empty_file_is_present_and_has_nothing(void **state)
{
    (void)state;
    struct names n = names_parse(S(""), false, a), absent = {0};
    assert_true(n.present && n.n == 0 && !absent.present);
    assert_null(names_find(&n, S("")));
    assert_null(names_find(&absent, S("x")));
}

static void hosts_are_tried_whole_then_by_each_dot_suffix(void **state)
{
    (void)state;
    struct names n = names_parse(S("x.org:whole\n.x.org:suffix\n.org:org\n"), true, a);
    assert_str(names_find_host(&n, S("X.org"))->value, S("whole"));
    assert_str(names_find_host(&n, S("a.b.x.org"))->value, S("suffix"));
    assert_str(names_find_host(&n, S("y.org"))->value, S("org"));
    assert_null(names_find_host(&n, S("org")));
    assert_null(names_find_host(&n, S("")));
}

static void ten_thousand_names_are_all_found(void **state)
{
    (void)state;
    auto_buf struct buf b;
    buf_init(&b, 1 << 20);
    for (int i = 0; i < 10000; i++)
        buf_addf(&b, "host%d.example\n", i);
    struct names n = names_parse(buf_str(&b), false, a);
    for (int i = 0; i < 10000; i++)
        assert_true(names_has(&n, arena_printf(a, "HOST%d.example", i)));
    assert_false(names_has(&n, S("host10000.example")));
}

int main(void)
{
    a = arena_new("test", 64 << 20);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_lose_only_trailing_space_and_hash_lines_are_skipped),
        cmocka_unit_test(the_later_of_two_equal_keys_answers),
        cmocka_unit_test(an_empty_file_is_present_and_has_nothing),
        cmocka_unit_test(hosts_are_tried_whole_then_by_each_dot_suffix),
        cmocka_unit_test(ten_thousand_names_are_all_found),
    };
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(a);
    return rc;
}
