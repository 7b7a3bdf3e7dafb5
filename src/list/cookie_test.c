/* SPDX-License-Identifier: ISC */
#include "list/cookie.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "list/bucket.h"

static void cookies_are_those_that_ezmlm_sent(void **state)
{
    (void)state;
    static const struct {
        str key, date, address;
        char action;
        const char *want;
    } t[] = {
        {S("testkey"), S("1000000000"), S("joe@host.example"), 's', "cabcpagoeehiniibmodm"},
        {S("testkey"), S("1000000000"), S("joe@host.example"), 'W', "mglfoomhdakphoclcelb"},
        {S("testke"), S("1000000000"), S("joe@host.example"), 's', "hfkjfhgmhpdbgfioknep"},
        {S("testkey"), S("1000000000.123"), S(""), 'a', "hnidllicmkdcebmcikef"},
    };
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        struct cookie c = cookie_make(t[i].key, t[i].date, t[i].address, t[i].action);
        assert_string_equal(c.at, t[i].want);
        assert_true(cookie_is(str_from(t[i].want), &c));
        assert_false(cookie_is(S("aaaaaaaaaaaaaaaaaaaa"), &c));
        assert_false(cookie_is(S("a"), &c));
    }
}

static void the_name_of_a_bounce_file_has_no_key(void **state)
{
    (void)state;
    struct cookie c = cookie_make(S(""), S(""), S("joe@host.example"), 0);
    assert_string_equal(c.at, "efecnphnlhoepbhciljg"); /* e/hfecn... */
}

static void both_widths_of_the_hash_give_the_files_seen(void **state)
{
    (void)state;
    static const struct {
        str address;
        char wide, narrow;
    } t[] = {
        {S("foo@example.com"), 'P', 'V'},
        {S("a@b"), 'T', '_'},
        {S("joe@host.example"), 'O', 'a'},
        {S("yamada.taro@stu.kobe-u.ac.jp"), 'V', 'g'},
        {S("itpadmin@itpass.scitec.kobe-u.ac.jp"), 'l', '`'},
        {S("fred@example.com"), 'n', 'T'},
    };
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        assert_int_equal(bucket_letter(t[i].address, BUCKET_64), t[i].wide);
        assert_int_equal(bucket_letter(t[i].address, BUCKET_32), t[i].narrow);
    }
}

static void blanks_and_case_do_not_make_another_thread(void **state)
{
    (void)state;
    struct cookie a = cookie_of_text(S("Hello World")), b = cookie_of_text(S("helloworld\t"));
    assert_string_equal(a.at, b.at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cookies_are_those_that_ezmlm_sent),
        cmocka_unit_test(the_name_of_a_bounce_file_has_no_key),
        cmocka_unit_test(both_widths_of_the_hash_give_the_files_seen),
        cmocka_unit_test(blanks_and_case_do_not_make_another_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
