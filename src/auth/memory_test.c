/* SPDX-License-Identifier: ISC */
/* What auth remembers: failures (slow.h) and verified logins (cache.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "auth/cache.h"
#include "auth/slow.h"
#include "control/site.h"

enum { FIRST_MS = 500, MOST_MS = 15000 };

/* As it is in a house where nobody set anything. */
static struct slow *slow_of_the_house(void)
{
    auto_arena struct arena *a = arena_new("site", 1 << 20);
    struct site site;
    site_defaults(a, &site);
    struct slow *s = slow_new();
    slow_rules(s, (struct slow_rules){(int64_t)site.logindelay, (int64_t)site.maxlogindelay});
    return s;
}

static void by_default_a_login_waits_half_a_second_then_twice_as_long_up_to_15(void **state)
{
    (void)state;
    static const int64_t want[] = {500, 1000, 2000, 4000, 8000, 15000, 15000};
    struct slow *s = slow_of_the_house();
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++)
        assert_int_equal(slow_failed(s, S("192.0.2.1"), S("ann"), 0), want[i]);
    slow_free(s);
}

static void without_a_delay_nobody_waits(void **state)
{
    (void)state;
    struct slow *s = slow_of_the_house();
    slow_rules(s, (struct slow_rules){0, 15000});
    for (int i = 0; i < 10; i++)
        assert_int_equal(slow_failed(s, S("192.0.2.1"), S("ann"), 0), 0);
    slow_free(s);
}

static void each_failure_is_answered_later_up_to_a_bound(void **state)
{
    (void)state;
    struct slow *s = slow_of_the_house();
    int64_t last = 0;
    for (int i = 0; i < 20; i++) {
        int64_t delay = slow_failed(s, S("192.0.2.1"), S("ann"), 1000);
        assert_true(delay >= last && delay <= MOST_MS);
        last = delay;
    }
    assert_int_equal(last, MOST_MS);
    assert_int_equal(slow_failed(s, S("192.0.2.2"), S("taro"), 1000), FIRST_MS);
    slow_free(s);
}

static void the_name_counts_from_every_address_and_the_address_for_every_name(void **state)
{
    (void)state;
    struct slow *s = slow_of_the_house();
    (void)slow_failed(s, S("192.0.2.1"), S("ann"), 0);
    assert_int_equal(slow_failed(s, S("192.0.2.2"), S("ann"), 0), 2 * FIRST_MS);
    assert_int_equal(slow_failed(s, S("192.0.2.1"), S("taro"), 0), 2 * FIRST_MS);
    slow_succeeded(s, S("ann"));
    assert_int_equal(slow_failed(s, S("192.0.2.3"), S("ann"), 0), FIRST_MS);
    slow_free(s);
}

static void ipv6_counts_by_network_and_time_forgives(void **state)
{
    (void)state;
    struct slow *s = slow_of_the_house();
    (void)slow_failed(s, S("2001:db8::1"), S(""), 0);
    assert_int_equal(slow_failed(s, S("2001:db8::ffff:2"), S(""), 0), 2 * FIRST_MS);
    assert_int_equal(slow_failed(s, S("2001:db8:0:1::1"), S(""), 0), FIRST_MS);
    assert_int_equal(slow_failed(s, S("2001:db8::1"), S(""), 5 * SLOW_FORGET_MS), FIRST_MS);
    slow_free(s);
}

static void a_flood_of_names_does_not_grow_memory(void **state)
{
    (void)state;
    struct slow *s = slow_of_the_house();
    char name[32];
    for (int i = 0; i < 3 * SLOW_ENTRIES_MAX; i++) {
        int n = snprintf(name, sizeof name, "user%d", i);
        (void)slow_failed(s, str_of(name, (size_t)n), str_of(name, (size_t)n), 0);
    }
    /* The first ones are forgotten, the last ones are not. */
    assert_int_equal(slow_failed(s, S("a"), S("user0"), 0), FIRST_MS);
    assert_int_equal(slow_failed(s, S("b"), str_from(name), 0), 2 * FIRST_MS);
    slow_free(s);
}

static void only_the_same_login_is_remembered(void **state)
{
    (void)state;
    struct cache *c = cache_new();
    assert_false(cache_has(c, S("ann"), S("secret"), S("$6$"), 0));
    cache_put(c, S("ann"), S("secret"), S("$6$"), 0);
    assert_true(cache_has(c, S("ann"), S("secret"), S("$6$"), CACHE_MS - 1));
    assert_false(cache_has(c, S("ann"), S("secret"), S("$6$"), CACHE_MS));
    assert_false(cache_has(c, S("ann"), S("secre"), S("t$6$"), 0));
    assert_false(cache_has(c, S("anns"), S("ecret"), S("$6$"), 0));
    assert_false(cache_has(c, S("ann"), S("secret"), S("$6$new"), 0));
    cache_clear(c);
    assert_false(cache_has(c, S("ann"), S("secret"), S("$6$"), 0));
    cache_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_default_a_login_waits_half_a_second_then_twice_as_long_up_to_15),
        cmocka_unit_test(without_a_delay_nobody_waits),
        cmocka_unit_test(each_failure_is_answered_later_up_to_a_bound),
        cmocka_unit_test(the_name_counts_from_every_address_and_the_address_for_every_name),
        cmocka_unit_test(ipv6_counts_by_network_and_time_forgives),
        cmocka_unit_test(a_flood_of_names_does_not_grow_memory),
        cmocka_unit_test(only_the_same_login_is_remembered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
