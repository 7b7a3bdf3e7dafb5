/* SPDX-License-Identifier: ISC */
#include "guard/kernel.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* cmocka wants these before it */
#include <setjmp.h>

#include <cmocka.h>

static void ports_are_names_numbers_and_ranges(void **state)
{
    (void)state;
    struct kernel_jail j = {0};
    str bad;
    assert_true(kernel_ports(&j, S("ssh,http, 1000:1010,2000-2002 25"), S("tcp"), &bad));
    assert_string_equal(j.ports, "22,80,1000-1010,2000-2002,25");
    assert_string_equal(j.protocols, "tcp");
    assert_true(kernel_ports(&j, S("0:65535"), S("all"), &bad));
    assert_string_equal(j.ports, "");
    assert_string_equal(j.protocols, "");
}

static void what_is_no_port_and_no_protocol_is_named(void **state)
{
    (void)state;
    struct kernel_jail j = {0};
    str bad;
    assert_false(kernel_ports(&j, S("22,nosuchservice"), S("tcp"), &bad));
    assert_true(str_eq(bad, S("nosuchservice")));
    assert_false(kernel_ports(&j, S("70000"), S("tcp"), &bad));
    assert_false(kernel_ports(&j, S("22 } ; flush ruleset"), S("tcp"), &bad));
    assert_false(kernel_ports(&j, S("22"), S("tcp } accept"), &bad));
}

static void names_of_sets_differ_and_hold_nothing_that_nftables_reads(void **state)
{
    (void)state;
    struct kernel_jail a = {0}, b = {0}, c = {0};
    kernel_name(&a, S("my-jail"), 1);
    kernel_name(&b, S("my_jail"), 2);
    kernel_name(&c, S("x } ; flush ruleset \n and much more that is longer"), 3);
    assert_string_equal(a.set, "j_my_jail");
    assert_string_equal(b.set, "j_my_jail_2");
    assert_int_equal(strspn(c.set, "abcdefghijklmnopqrstuvwxyz_0123456789"), strlen(c.set));
}

static void only_addresses_reach_the_kernel(void **state)
{
    (void)state;
    struct kernel k = {.works = true, .bits6 = 64};
    struct kernel_jail j = {.set = "j_x"};
    buf_init(&k.batch, 1 << 16);
    buf_init(&k.later, 1 << 16);
    assert_false(kernel_ban(&k, &j, S("bob; flush ruleset"), 60));
    assert_int_equal(k.batch.n, 0);
    assert_true(kernel_ban(&k, &j, S("2001:db8:1:2:3:4:5:6"), 60));
    assert_true(str_find_str(buf_str(&k.batch), S("{ 2001:db8:1:2:: timeout 60s }")) > 0);
    assert_true(kernel_ban(&k, &j, S("192.0.2.0/24"), -1));
    assert_true(str_find_str(buf_str(&k.later), S("j_x_n4 { 192.0.2.0/24 }")) > 0);
    buf_done(&k.batch);
    buf_done(&k.later);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ports_are_names_numbers_and_ranges),
        cmocka_unit_test(what_is_no_port_and_no_protocol_is_named),
        cmocka_unit_test(names_of_sets_differ_and_hold_nothing_that_nftables_reads),
        cmocka_unit_test(only_addresses_reach_the_kernel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
