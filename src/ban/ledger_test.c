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

static bool ban(struct ledger *l, const char *network, const char *reason, int64_t now,
                int64_t until)
{
    struct ledger_key k;
    assert_true(ledger_key_parse(str_from(network), &k));
    return !failed(ledger_ban(l, &k, str_from(reason), now, until));
}

static void a_ban_by_hand_lasts_as_long_as_it_was_told(void **state)
{
    (void)state;
    struct ledger *l = ledger_new(&rules);
    assert_true(ban(l, "192.0.2.1", "asked for it", 0, 5000));
    assert_int_equal(left(l, "192.0.2.1", 1), 4999);
    assert_int_equal(add(l, "192.0.2.1", 3, 2), 0);
    assert_int_equal(left(l, "192.0.2.1", 3), 4997);
    assert_int_equal(left(l, "192.0.2.1", 5000), 0);
    assert_int_equal(add(l, "192.0.2.1", 3, 6000), 100); /* as anybody */
    assert_true(ban(l, "192.0.2.1", "", 6001, INT64_MAX));
    assert_true(left(l, "192.0.2.1", INT64_MAX - 1) == INT64_MAX);
    struct ledger_key k = key("192.0.2.1");
    assert_true(ledger_lift(l, &k));
    assert_int_equal(left(l, "192.0.2.1", 6002), 0);
    ledger_free(l);
}

static void a_banned_network_holds_all_that_are_in_it(void **state)
{
    (void)state;
    struct ledger *l = ledger_new(&rules);
    assert_true(ban(l, "192.0.2.77/25", "", 0, 100) && ban(l, "2001:db8:1::/48", "", 0, 200));
    assert_int_equal(left(l, "192.0.2.127", 0), 100);
    assert_int_equal(left(l, "192.0.2.128", 0), 0);
    assert_int_equal(left(l, "2001:db8:1:7::9", 0), 200);
    assert_int_equal(left(l, "2001:db8:2::1", 0), 0);
    struct ledger_key k;
    assert_true(ledger_key_parse(S("192.0.2.0/25"), &k) && ledger_lift(l, &k));
    assert_int_equal(left(l, "192.0.2.127", 0), 0);
    struct ledger_key net, one = key("192.0.2.3");
    assert_true(ledger_key_parse(S("192.0.2.0/24"), &net) && ledger_key_covers(&net, &one));
    assert_false(ledger_key_covers(&one, &net));
    ledger_free(l);
}

static void networks_are_read_and_written(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } good[] = {{"192.0.2.1", "192.0.2.1"},           {"192.0.2.1/32", "192.0.2.1"},
                {"192.0.2.129/25", "192.0.2.128/25"}, {"0.0.0.0/0", "0.0.0.0/0"},
                {"2001:db8::5", "2001:db8::/64"},     {"2001:db8:ffff::/33", "2001:db8:8000::/33"},
                {"2001:db8::1/128", "2001:db8::/64"}, {"::ffff:192.0.2.9/120", "192.0.2.0/24"}};
    static const char *const bad[] = {"", "/8", "192.0.2.1/33", "192.0.2.1/x", "x/8", "::/129"};
    struct ledger_key k;
    char room[LEDGER_KEY_TEXT];
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(ledger_key_parse(str_from(good[i].in), &k));
        assert_string_equal(ledger_key_text(&k, room).p, good[i].out);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(ledger_key_parse(str_from(bad[i]), &k));
}

static void bans_by_hand_are_bounded_and_make_no_room_for_others(void **state)
{
    (void)state;
    struct ledger *l = ledger_new(&rules);
    char ip[32];
    for (int i = 1; i <= 4; i++) {
        (void)snprintf(ip, sizeof ip, "198.51.100.%d", i);
        assert_true(ban(l, ip, "r", 0, i == 1 ? 10 : 1000));
    }
    assert_false(ban(l, "198.51.100.5", "r", 5, 1000));
    for (int i = 1; i < 50; i++) {
        (void)snprintf(ip, sizeof ip, "192.0.2.%d", i);
        (void)add(l, ip, 1, i);
    }
    assert_int_equal(left(l, "198.51.100.2", 60), 940);
    assert_true(ban(l, "198.51.100.5", "r", 60, 1000)); /* the first one has ended */
    assert_in_range(ledger_count(l), 4, 8);
    size_t at = 0, n = 0;
    struct ledger_ban b;
    while (ledger_next(l, &at, 61, &b)) {
        assert_true(str_eq(b.reason, S("r")));
        n++;
    }
    assert_int_equal(n, 4);
    ledger_free(l);
}

static void without_a_threshold_points_bring_no_ban(void **state)
{
    (void)state;
    struct ledger *l = ledger_new(&rules);
    struct ledger_rules none = rules;
    none.threshold = 0;
    ledger_set_rules(l, &none);
    assert_int_equal(add(l, "192.0.2.1", 100, 0), 0);
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
        cmocka_unit_test(a_ban_by_hand_lasts_as_long_as_it_was_told),
        cmocka_unit_test(a_banned_network_holds_all_that_are_in_it),
        cmocka_unit_test(networks_are_read_and_written),
        cmocka_unit_test(bans_by_hand_are_bounded_and_make_no_room_for_others),
        cmocka_unit_test(without_a_threshold_points_bring_no_ban),
        cmocka_unit_test(only_the_host_itself_is_exempt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
