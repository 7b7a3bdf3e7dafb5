/* SPDX-License-Identifier: ISC */
#include "ban/follow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

enum { NOW = 1795536100 };

static char folder[100], path[200], other[200];

static void write_to(const char *name, const char *mode, const char *text)
{
    FILE *f = fopen(name, mode);
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static void wants(struct follow *f, const char *want)
{
    str line;
    err e = follow_line(f, &line);
    if (!want) {
        assert_int_equal(e.kind, ERR_TEMP);
        return;
    }
    assert_false(failed(e));
    assert_true(str_eq(line, str_from(want)));
}

static int begin(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/follow-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    (void)snprintf(path, sizeof path, "%s/log", folder);
    (void)snprintf(other, sizeof other, "%s/log.1", folder);
    return 0;
}

static int end(void **state)
{
    (void)state;
    (void)unlink(path);
    (void)unlink(other);
    return rmdir(folder);
}

static void lines_come_as_they_are_written(void **state)
{
    (void)state;
    struct follow f;
    follow_init(&f, path, 0, false);
    wants(&f, NULL); /* not there yet */
    write_to(path, "w", "one\ntw");
    wants(&f, "one");
    wants(&f, NULL);
    assert_int_equal(follow_position(&f), 4);
    write_to(path, "a", "o\n");
    wants(&f, "two");
    wants(&f, NULL);
    follow_done(&f);
    follow_init(&f, path, 4, false);
    wants(&f, "two");
    follow_done(&f);
    follow_init(&f, path, 0, true);
    wants(&f, NULL);
    follow_done(&f);
}

static void nothing_is_lost_when_the_file_is_replaced(void **state)
{
    (void)state;
    struct follow f;
    write_to(path, "w", "one\n");
    follow_init(&f, path, 0, false);
    wants(&f, "one");
    write_to(path, "a", "late\nopen end");
    assert_int_equal(rename(path, other), 0);
    wants(&f, "late");
    wants(&f, NULL);
    write_to(other, "a", " later\n");
    wants(&f, "open end later");
    write_to(path, "w", "new\n");
    wants(&f, "new");
    wants(&f, NULL);
    follow_done(&f);
}

static void a_file_that_was_cut_is_read_again(void **state)
{
    (void)state;
    struct follow f;
    write_to(path, "w", "one\ntwo\n");
    follow_init(&f, path, 0, false);
    wants(&f, "one");
    wants(&f, "two");
    wants(&f, NULL);
    write_to(path, "w", "x\n");
    wants(&f, "x");
    wants(&f, NULL);
    follow_done(&f);
}

static void a_large_file_is_searched_by_its_dates(void **state)
{
    (void)state;
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    for (int i = 0; i < 100000; i++) {
        time_t t = NOW - 100000 + i;
        struct tm tm;
        char stamp[40];
        (void)gmtime_r(&t, &tm);
        (void)strftime(stamp, sizeof stamp, "%b %d %H:%M:%S", &tm);
        (void)fprintf(out, "%s host line %d\n", stamp, i);
    }
    assert_int_equal(fclose(out), 0);
    struct arena *a = arena_new("test", 64 << 20);
    struct findings findings;
    findings_init(&findings, a);
    struct date_cache *cache = date_cache_new(NOW, false);
    struct date_detector *d = date_detector_new(cache, &findings, NULL);
    struct follow f;
    str line;
    follow_init(&f, path, 0, false);
    assert_false(failed(follow_seek(&f, d, NOW - 600, NOW)));
    size_t before = 0;
    char want[40];
    (void)snprintf(want, sizeof want, "host line %d", 100000 - 600);
    do {
        assert_false(failed(follow_line(&f, &line)));
        before++;
    } while (!str_ends(line, str_from(want)));
    assert_in_range(before, 1, 4000); /* of 99,400 */
    follow_done(&f);
    date_detector_free(d);
    date_cache_free(cache);
    findings_done(&findings);
    arena_free(a);
}

int main(void)
{
    (void)setenv("TZ", "UTC", 1); /* there is room for it */
    tzset();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lines_come_as_they_are_written, begin, end),
        cmocka_unit_test_setup_teardown(nothing_is_lost_when_the_file_is_replaced, begin, end),
        cmocka_unit_test_setup_teardown(a_file_that_was_cut_is_read_again, begin, end),
        cmocka_unit_test_setup_teardown(a_large_file_is_searched_by_its_dates, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
