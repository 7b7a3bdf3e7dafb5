/* SPDX-License-Identifier: ISC */
#include "log/line.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const char *const line =
    "{\"t\":\"2026-11-24T15:10:56.123456Z\",\"event\":\"smtp.accepted\",\"level\":\"info\","
    "\"program\":\"smtpd\",\"pid\":7,\"from\":\"a\\\"b\\u000a\\u00ff\",\"bytes\":-12}";

static void every_pair_is_found_in_order(void **state)
{
    (void)state;
    str rest = str_from(line);
    struct log_pair p;
    int n = 0;
    while (log_line_next(&rest, &p))
        n++;
    assert_int_equal(n, 7);
    assert_true(str_eq(rest, S("}")));
    assert_true(log_line_is(str_from(line), S("bytes"), S("-12")));
    assert_true(log_line_is(str_from(line), S("event"), S("smtp.accepted")));
    assert_false(log_line_is(str_from(line), S("event"), S("smtp")));
}

static void a_damaged_line_ends_the_walk(void **state)
{
    (void)state;
    str whole = str_from(line);
    for (size_t n = 0; n < whole.n; n++) {
        str rest = str_slice(whole, 0, n);
        struct log_pair p;
        while (log_line_next(&rest, &p))
            assert_true(p.key.n > 0);
    }
}

static void a_readable_line_shows_no_controls(void **state)
{
    (void)state;
    auto_buf struct buf b;
    buf_init(&b, 4096);
    log_line_readable(str_from(line), &b);
    assert_true(str_ends(buf_str(&b), S(" smtp.accepted from=a\"b?\xc3\xbf bytes=-12")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_is_found_in_order),
        cmocka_unit_test(a_damaged_line_ends_the_walk),
        cmocka_unit_test(a_readable_line_shows_no_controls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
