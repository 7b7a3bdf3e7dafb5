/* SPDX-License-Identifier: ISC */
#include "ban/ledger.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

static const struct ledger_rules rules = {.threshold = 3,
                                          .window_ms = 1000,
                                          .first_ban_ms = 100,
                                          .growth = 10,
                                          .longest_ban_ms = 5000,
                                          .quiet_ms = 100000,
                                          .addresses = 4};

static struct ledger_key key(const char *ip)
{
    struct ledger_key k;
    assert_true(ledger_key_of(str_from(ip), &k));
    return k;
}

static int64_t add(struct ledger *l, const char *ip, unsigned points, int64_t now)
{
    struct ledger_key k = key(ip);
    int64_t ban;
    ledger_add(l, &k, points, now, &ban);
    return ban;
}

static int64_t left(struct ledger *l, const char *ip, int64_t now)
{
    struct ledger_key k = key(ip);
    return ledger_banned_ms(l, &k, now);
}

static void the_threshold_brings_a_ban_and_the_ban_ends(void **state)
{
    (void)state;
    struct ledger *l = ledger_new(&rules);
    assert_int_equal(add(l, "192.0.2.1", 1, 0), 0);
    assert_int_equal(add(l, "192.0.2.1", 1, 1), 0);
    assert_int_equal(left(l, "192.0.2.1", 2), 0);
    assert_int_equal(add(l, "192.0.2.1", 1, 2), 100);
    assert_int_equal(left(l, "192.0.2.1", 3), 99);
    assert_int_equal(left(l, "192.0.2.2", 3), 0);
    assert_int_equal(left(l, "192.0.2.1", 102), 0);
    ledger_free(l);
}

static void old_points_do_not_count(void **state)
{
    (void)state;
    struct ledger *l = ledger_new(&rules);
    (void)add(l, "192.0.2.1", 2, 0);
    assert_int_equal(add(l, "192.0.2.1", 2, 1001), 0);
    assert_int_equal(add(l, "192.0.2.1", 1, 1002), 100);
    ledger_free(l);
}

static void each_ban_is_longer_up_to_the_longest(void **state)
{
    (void)state;
    struct ledger *l = ledger_new(&rules);
    assert_int_equal(add(l, "192.0.2.1", 3, 0), 100);
    assert_int_equal(add(l, "192.0.2.1", 3, 50), 0); /* during the ban */
    assert_int_equal(add(l, "192.0.2.1", 3, 200), 1000);
    assert_int_equal(add(l, "192.0.2.1", 3, 2000), 5000);
    assert_int_equal(add(l, "192.0.2.1", 3, 10000), 5000);
    assert_int_equal(add(l, "192.0.2.1", 3, 200000), 100); /* a long quiet time */
    ledger_free(l);
}

static void a_login_wipes_points_but_lifts_no_ban(void **state)
{
    (void)state;
    struct ledger *l = ledger_new(&rules);
    struct ledger_key k = key("192.0.2.1");
    (void)add(l, "192.0.2.1", 2, 0);
    ledger_forgive(l, &k);
    assert_int_equal(add(l, "192.0.2.1", 2, 1), 0);
    assert_int_equal(add(l, "192.0.2.1", 1, 2), 100);
    ledger_forgive(l, &k);
    assert_int_equal(left(l, "192.0.2.1", 3), 99);
    assert_true(ledger_lift(l, &k));
    assert_int_equal(left(l, "192.0.2.1", 3), 0);
    assert_false(ledger_lift(l, &k));
    ledger_free(l);
}

static void an_ipv6_client_is_its_64(void **state)
{
    (void)state;
    struct ledger *l = ledger_new(&rules);
    (void)add(l, "2001:db8::1", 3, 0);
    assert_int_equal(left(l, "2001:db8::ffff:2", 1), 99);
    assert_int_equal(left(l, "2001:db8:0:1::1", 1), 0);
    (void)add(l, "::ffff:192.0.2.9", 3, 0);
    assert_int_equal(left(l, "192.0.2.9", 1), 99);
    struct ledger_key k;
    assert_false(ledger_key_of(S("unknown"), &k));
    assert_false(ledger_key_of(S(""), &k));
    ledger_free(l);
}

static void the_table_is_bounded_and_forgets_the_longest_quiet(void **state)
{
    (void)state;
    struct ledger *l = ledger_new(&rules);
    (void)add(l, "192.0.2.1", 3, 0);
    for (int i = 2; i < 100; i++) {
        char ip[32];
        (void)snprintf(ip, sizeof ip, "192.0.2.%d", i);
        (void)add(l, ip, 1, i);
        assert_in_range(ledger_count(l), 1, 4);
    }
    assert_int_equal(left(l, "192.0.2.1", 50), 0);
    ledger_free(l);
}

static void only_the_host_itself_is_exempt(void **state)
{
    (void)state;
    assert_true(ledger_is_self(S("127.0.0.1")) && ledger_is_self(S("::1")));
    assert_false(ledger_is_self(S("127.0.0.2")) || ledger_is_self(S("192.0.2.1")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_threshold_brings_a_ban_and_the_ban_ends),
        cmocka_unit_test(old_points_do_not_count),
        cmocka_unit_test(each_ban_is_longer_up_to_the_longest),
        cmocka_unit_test(a_login_wipes_points_but_lifts_no_ban),
        cmocka_unit_test(an_ipv6_client_is_its_64),
        cmocka_unit_test(the_table_is_bounded_and_forgets_the_longest_quiet),
        cmocka_unit_test(only_the_host_itself_is_exempt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
