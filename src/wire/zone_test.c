/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "wire/zone.h"

/* A file of version 2 with one type, without changes, and a rule. */
static str file_of(struct buf *b, const char *rule)
{
    static const char head[] = "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                               "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\4";
    for (int i = 0; i < 2; i++) {
        buf_add(b, str_of(head, 44));
        buf_add(b, str_of("\0\0\0\0\0\0LMT\0", 10));
    }
    buf_addf(b, "\n%s\n", rule);
    return buf_str(b);
}

static const struct {
    const char *rule;
    int64_t epoch;
    int32_t offset;
} examples[] = {
    {"JST-9", 1793000000, 9 * 3600},
    {"<+0545>-5:45", 0, 5 * 3600 + 45 * 60},
    {"CET-1CEST,M3.5.0,M10.5.0/3", 1774745999, 3600}, /* 29 Mar 2026 00:59:59 UTC */
    {"CET-1CEST,M3.5.0,M10.5.0/3", 1774746000, 7200},
    {"CET-1CEST,M3.5.0,M10.5.0/3", 1792889999, 7200}, /* 25 Oct 2026 00:59:59 UTC */
    {"CET-1CEST,M3.5.0,M10.5.0/3", 1792890000, 3600},
    {"EST5EDT,M3.2.0,M11.1.0", 1782000000, -4 * 3600},
    {"AEST-10AEDT,M10.1.0,M4.1.0/3", 1767225600, 11 * 3600}, /* summer at new year */
    {"AEST-10AEDT,M10.1.0,M4.1.0/3", 1782000000, 10 * 3600},
    {"IST-1GMT0,M10.5.0,M3.5.0/1", 1767225600, 0},   /* winter as the exception */
    {"XXX3YYY,J60/0,J300/0", 1772334000, -2 * 3600}, /* 1 Mar 2026 03:00 UTC */
    {"nonsense", 0, 0},
    {"A-1", 0, 3600},
    {"AAA-1BBB,M13.1.0,M3.1.0", 0, 0},
};

static void the_rule_of_the_footer_goes_on_for_ever(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        auto_buf struct buf b;
        buf_init(&b, 4096);
        int32_t got = zone_offset(file_of(&b, examples[i].rule), examples[i].epoch);
        if (got != examples[i].offset)
            fail_msg("%s at %lld: got %d", examples[i].rule, (long long)examples[i].epoch, got);
    }
}

/* Version 1: two changes, from 0 to 3,600 and to -7,200. */
static void changes_hold_from_their_second_on(void **state)
{
    (void)state;
    static const char file[] = "TZif\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                               "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\2\0\0\0\3\0\0\0\4"
                               "\0\0\0\144\0\0\1\0"
                               "\1\2"
                               "\0\0\0\0\0\0"
                               "\0\0\016\020\1\0"
                               "\377\377\343\340\0\0"
                               "ABC";
    str s = str_of(file, sizeof file);
    assert_int_equal(zone_offset(s, 99), 0);
    assert_int_equal(zone_offset(s, 100), 3600);
    assert_int_equal(zone_offset(s, 255), 3600);
    assert_int_equal(zone_offset(s, 256), -7200);
    assert_int_equal(zone_offset(s, INT64_MAX), -7200);
    assert_int_equal(zone_offset(str_slice(s, 0, s.n - 5), 100), 0);
    assert_int_equal(zone_offset(S(""), 100), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rule_of_the_footer_goes_on_for_ever),
        cmocka_unit_test(changes_hold_from_their_second_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
