/* SPDX-License-Identifier: ISC */
#include "ban/filter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "ban/filter_kit.h"
#include "ban/follow_split.h"

enum { NOW = 1795536100 };

static const char connections[] =
    "[Definition]\n"
    "prefregex = ^<F-MLFID>\\s*\\S+ sshd\\[\\d+\\]: </F-MLFID><F-CONTENT>.+</F-CONTENT>$\n"
    "failregex = ^Failed for <F-USER>\\S+</F-USER> from <HOST>$\n"
    "            ^Failed for <F-USER>\\S+</F-USER>$\n"
    "            ^<F-NOFAIL>Connection</F-NOFAIL> from <HOST>$\n"
    "            ^<F-NOFAIL><F-MLFFORGET>Bye</F-MLFFORGET></F-NOFAIL> <HOST>$\n"
    "            ^<F-MLFFORGET><F-MLFGAINED>Accepted</F-MLFGAINED></F-MLFFORGET> for "
    "<F-USER>\\S+</F-USER> from <HOST>$\n"
    "ignoreregex = from 192\\.0\\.2\\.99\n";

static const struct filter_result *feed(struct filter_kit *k, const char *line)
{
    static const struct filter_result none;
    const struct filter_result *r;
    size_t n = filter_feed(k->filter, str_from(line), NOW, &r);
    return n ? r : &none;
}

static void lines_of_one_connection_are_one_story(void **state)
{
    (void)state;
    struct filter_kit k;
    assert_true(filter_kit_open(&k, connections, NOW));
    const struct filter_result *r = feed(&k, "Nov 24 16:00:41 h sshd[1]: Failed for root");
    assert_int_equal(r->verdict, FILTER_PENDING);
    r = feed(&k, "Nov 24 16:00:42 h sshd[1]: Connection from 192.0.2.1");
    assert_int_equal(r->verdict, FILTER_FOUND); /* what waited has an address now */
    assert_true(str_eq(r->id, S("192.0.2.1")) && str_eq(r->user, S("root")));
    r = feed(&k, "Nov 24 16:00:43 h sshd[1]: Failed for root");
    assert_int_equal(r->verdict, FILTER_FOUND);
    assert_true(str_eq(r->id, S("192.0.2.1")));
    r = feed(&k, "Nov 24 16:00:44 h sshd[1]: Bye 192.0.2.1");
    assert_int_equal(r->verdict, FILTER_NOFAIL);
    r = feed(&k, "Nov 24 16:00:45 h sshd[1]: Failed for root");
    assert_int_equal(r->verdict, FILTER_PENDING); /* that was forgotten */
    r = feed(&k, "Nov 24 16:00:46 h sshd[2]: Connection from 192.0.2.2");
    assert_int_equal(r->verdict, FILTER_NOFAIL);
    r = feed(&k, "Nov 24 16:00:47 h sshd[2]: Failed for x from 192.0.2.99");
    assert_int_equal(r->verdict, FILTER_IGNORED);
    filter_kit_close(&k);
}

static void a_login_forgives_but_not_after_other_names(void **state)
{
    (void)state;
    struct filter_kit k;
    assert_true(filter_kit_open(&k, connections, NOW));
    (void)feed(&k, "Nov 24 16:00:41 h sshd[1]: Failed for taro");
    const struct filter_result *r =
        feed(&k, "Nov 24 16:00:42 h sshd[1]: Accepted for taro from 192.0.2.1");
    assert_int_equal(r->verdict, FILTER_NOFAIL);
    (void)feed(&k, "Nov 24 16:00:41 h sshd[3]: Failed for root");
    r = feed(&k, "Nov 24 16:00:42 h sshd[3]: Accepted for taro from 192.0.2.1");
    assert_int_equal(r->verdict, FILTER_FOUND);
    filter_kit_close(&k);
}

static void a_reused_number_does_not_ban_who_had_it_before(void **state)
{
    (void)state;
    struct filter_kit k;
    assert_true(filter_kit_open(&k, connections, NOW));
    (void)feed(&k, "Nov 24 16:00:41 h sshd[1]: Connection from 192.0.2.1");
    const struct filter_result *r =
        feed(&k, "Nov 24 16:00:42 h sshd[1]: Failed for x from 2001:DB8::1");
    assert_true(str_eq(r->id, S("2001:db8::1")));
    filter_kit_close(&k);
}

static void several_lines_are_looked_at_together(void **state)
{
    (void)state;
    struct filter_kit k;
    assert_true(filter_kit_open(
                    &k,
                    "[Definition]\nfailregex = ^ id=<F-ID>\\d+</F-ID> begin$<SKIPLINES>^ id=\\1 "
                    "failed$\nmaxlines = 5\n",
                    NOW) == true);
    assert_int_equal(feed(&k, "Nov 24 16:00:41 id=7 begin")->verdict, FILTER_NO);
    assert_int_equal(feed(&k, "Nov 24 16:00:42 other")->verdict, FILTER_NO);
    const struct filter_result *r = feed(&k, "Nov 24 16:00:43 id=7 failed");
    assert_int_equal(r->verdict, FILTER_FOUND);
    assert_true(str_eq(r->id, S("7")));
    assert_int_equal(feed(&k, "Nov 24 16:00:44 id=7 failed")->verdict, FILTER_NO); /* used up */
    filter_kit_close(&k);
}

static void the_filters_of_the_memo_do_what_they_say(void **state)
{
    (void)state;
    struct filter_kit k;
    assert_true(filter_kit_open(&k,
                                "[Definition]\nfailregex = ^<HOST> -.*GET.*\n"
                                "ignoreregex = \\.(?i)(jpe?g|gif|png|css|js)\n",
                                NOW));
    assert_int_equal(
        feed(&k, "192.0.2.7 - - [24/Nov/2026:16:00:41 +0000] \"GET /hiki/ HTTP/1.1\" 200 5")
            ->verdict,
        FILTER_FOUND);
    assert_int_equal(
        feed(&k, "192.0.2.7 - - [24/Nov/2026:16:00:41 +0000] \"GET /a.PNG HTTP/1.1\" 200 5")
            ->verdict,
        FILTER_IGNORED);
    filter_kit_close(&k);
}

static void hostile_lines_take_bounded_time_and_memory(void **state)
{
    (void)state;
    struct filter_kit k;
    assert_true(filter_kit_open(&k, connections, NOW));
    size_t n = 1 << 20;
    char *big = malloc(n);
    assert_non_null(big);
    static const char *const fills[] = {"a", " ",         "\xff",        "\x00x",
                                        "[", "16:00:41 ", "Failed for ", "1"};
    for (size_t i = 0; i < sizeof fills / sizeof fills[0]; i++) {
        size_t len = i == 3 ? 2 : strlen(fills[i]);
        for (size_t at = 0; at < n; at++)
            big[at] = fills[i][at % len];
        memcpy(big, "Nov 24 16:00:41 h sshd[1]: Failed for ", 38);
        const struct filter_result *r;
        clock_t t = clock();
        (void)filter_feed(k.filter, str_of(big, n), NOW, &r);
        assert_true(clock() - t < 5 * CLOCKS_PER_SEC);
    }
    assert_int_equal(filter_counts(k.filter)->cut, sizeof fills / sizeof fills[0]);
    /* What stands in a name is no address of its own. */
    const struct filter_result *r =
        feed(&k, "Nov 24 16:00:41 h sshd[5]: Failed for x from 192.0.2.66 from 203.0.113.1");
    assert_int_equal(r->verdict, FILTER_NO);
    free(big);
    filter_kit_close(&k);
}

static void a_line_of_digits_costs_no_more_than_its_length(void **state)
{
    (void)state;
    struct filter_kit k;
    assert_true(filter_kit_open(&k, "[Definition]\nfailregex = ^<HOST> -.*GET\n", NOW));
    static const char head[] = "192.0.2.7 - - [24/Nov/2026:16:00:41 +0000] \"GET /";
    static char line[FILTER_LINE_MAX];
    memset(line, '1', sizeof line);
    memcpy(line, head, sizeof head - 1);
    const struct filter_result *r;
    clock_t t = clock();
    for (int i = 0; i < 20; i++)
        (void)filter_feed(k.filter, str_of(line, sizeof line), NOW, &r);
    assert_true(clock() - t < CLOCKS_PER_SEC); /* quadratic it was 16 s */
    filter_kit_close(&k);
}

static void broken_bytes_are_replaced_as_python_does(void **state)
{
    (void)state;
    static const struct {
        str in, want;
    } examples[] = {
        {S("a\xff"
           "b"),
         S("a\xef\xbf\xbd"
           "b")},
        {S("\xe3\x81"), S("\xef\xbf\xbd")},
        {S("\xe3\x81\x82"), S("\xe3\x81\x82")},
        {S("\xed\xa0\x80"), S("\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd")},
        {S("\xc0\xaf"), S("\xef\xbf\xbd\xef\xbf\xbd")},
        {S("\xf0\x9f\x98"), S("\xef\xbf\xbd")},
    };
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        auto_buf struct buf b;
        buf_init(&b, 100);
        text_to_utf8(examples[i].in, &b);
        assert_true(str_eq(buf_str(&b), examples[i].want));
    }
    assert_true(text_is_plain(S("abcdefgh\tijkl")));
    assert_false(text_is_plain(S("abcdefgh\x1dijkl")));
    assert_false(text_is_plain(S("abcdefg\x80")));
}

static void blocks_become_lines_and_long_ones_are_cut(void **state)
{
    (void)state;
    struct follow_split s;
    follow_split_init(&s);
    str block = S("one\r\ntw"), line;
    assert_true(follow_split_next(&s, &block, &line) && str_eq(line, S("one")));
    assert_false(follow_split_next(&s, &block, &line));
    block = S("o\n\nrest");
    assert_true(follow_split_next(&s, &block, &line) && str_eq(line, S("two")));
    assert_true(follow_split_next(&s, &block, &line) && str_eq(line, S("")));
    assert_false(follow_split_next(&s, &block, &line));
    assert_true(follow_split_rest(&s, &line) && str_eq(line, S("rest")));
    char *long_line = malloc(3 * FILTER_LINE_MAX);
    assert_non_null(long_line);
    memset(long_line, 'x', 3 * FILTER_LINE_MAX);
    block = str_of(long_line, 3 * FILTER_LINE_MAX);
    assert_false(follow_split_next(&s, &block, &line));
    block = S("y\nnext\n");
    assert_true(follow_split_next(&s, &block, &line));
    assert_int_equal(line.n, FILTER_LINE_MAX + 1); /* the filter sees that it is cut */
    assert_true(follow_split_next(&s, &block, &line) && str_eq(line, S("next")));
    free(long_line);
    follow_split_done(&s);
}

int main(void)
{
    (void)setenv("TZ", "UTC", 1); /* there is room for it */
    tzset();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_of_one_connection_are_one_story),
        cmocka_unit_test(a_login_forgives_but_not_after_other_names),
        cmocka_unit_test(a_reused_number_does_not_ban_who_had_it_before),
        cmocka_unit_test(several_lines_are_looked_at_together),
        cmocka_unit_test(the_filters_of_the_memo_do_what_they_say),
        cmocka_unit_test(hostile_lines_take_bounded_time_and_memory),
        cmocka_unit_test(a_line_of_digits_costs_no_more_than_its_length),
        cmocka_unit_test(broken_bytes_are_replaced_as_python_does),
        cmocka_unit_test(blocks_become_lines_and_long_ones_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
