/* SPDX-License-Identifier: ISC */
#include "dns/rdata.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void assert_str(str got, str want)
{
    if (!str_eq(got, want))
        fail_msg("got \"%.*s\", want \"%.*s\"", STR_ARG(got), STR_ARG(want));
}

static void a_name_loses_its_lengths_and_its_case(void **state)
{
    (void)state;
    auto_arena struct arena *a = arena_new("test", 1 << 20);
    str data = S("\002MX\007Example\004test\000rest"), name;
    assert_false(failed(rdata_name(a, &data, &name)));
    assert_str(name, S("mx.example.test"));
    assert_str(data, S("rest"));
}

static void the_root_is_an_empty_name(void **state)
{
    (void)state;
    auto_arena struct arena *a = arena_new("test", 1 << 20);
    uint16_t preference;
    str host;
    assert_false(failed(rdata_mx(a, S("\000\000\000"), &preference, &host)));
    assert_int_equal(host.n, 0);
    assert_int_equal(preference, 0);
}

static void damaged_names_are_refused(void **state)
{
    (void)state;
    static const str bad[] = {
        S(""),
        S("\003ab"),
        S("\002ab"),
        S("\300\014"),
        S("\003a\nb\000"),
        S("\003a.b\000"),
        S("\003a b\000"),
        S("\004a\000bc\000"),
    };
    auto_arena struct arena *a = arena_new("test", 1 << 20);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        str data = bad[i], name;
        assert_int_equal(rdata_name(a, &data, &name).kind, ERR_SYNTAX);
    }
}

static void a_name_longer_than_255_octets_is_refused(void **state)
{
    (void)state;
    auto_arena struct arena *a = arena_new("test", 1 << 20);
    char wire[64 * 5 + 1];
    memset(wire, 'a', sizeof wire);
    for (size_t i = 0; i < 5; i++)
        wire[i * 64] = 63;
    wire[sizeof wire - 1] = 0;
    str data = str_of(wire, sizeof wire), name;
    assert_int_equal(rdata_name(a, &data, &name).kind, ERR_SYNTAX);
}

static void mx_is_a_preference_and_a_host(void **state)
{
    (void)state;
    auto_arena struct arena *a = arena_new("test", 1 << 20);
    uint16_t preference;
    str host;
    assert_false(failed(rdata_mx(a, S("\001\002\001m\000"), &preference, &host)));
    assert_int_equal(preference, 258);
    assert_str(host, S("m"));
    assert_int_equal(rdata_mx(a, S("\001\002\001m\000x"), &preference, &host).kind, ERR_SYNTAX);
    assert_int_equal(rdata_mx(a, S("\001"), &preference, &host).kind, ERR_SYNTAX);
}

static void txt_strings_are_joined(void **state)
{
    (void)state;
    auto_arena struct arena *a = arena_new("test", 1 << 20);
    str text;
    assert_false(failed(rdata_txt(a, S("\003v=s\000\004pf1 "), 100, &text)));
    assert_str(text, S("v=spf1 "));
    assert_int_equal(rdata_txt(a, S("\003v=s\004pf1"), 100, &text).kind, ERR_SYNTAX);
    assert_int_equal(rdata_txt(a, S("\003v=s"), 2, &text).kind, ERR_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_loses_its_lengths_and_its_case),
        cmocka_unit_test(the_root_is_an_empty_name),
        cmocka_unit_test(damaged_names_are_refused),
        cmocka_unit_test(a_name_longer_than_255_octets_is_refused),
        cmocka_unit_test(mx_is_a_preference_and_a_host),
        cmocka_unit_test(txt_strings_are_joined),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
