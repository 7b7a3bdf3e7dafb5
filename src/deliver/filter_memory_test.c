/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "deliver/filter.h"
#include "os/file.h"

static char folder[64];

static int make_home(void **state)
{
    static int home;
    (void)snprintf(folder, sizeof folder, "/tmp/twinpost-memory-XXXXXX"); /* fits */
    assert_non_null(mkdtemp(folder));
    assert_false(failed(dir_open(AT_FDCWD, folder, &home)));
    *state = &home;
    return 0;
}

static int remove_home(void **state)
{
    int *home = *state;
    (void)unlinkat(*home, FILTER_MEMORY, 0);
    fd_close(*home);
    return rmdir(folder);
}

static void add(int home, str what, int64_t now, int64_t until, bool keep_time)
{
    err e = memory_add(home, S("vacation"), what, now, until, keep_time);
    assert_false(failed(e));
}

static void what_is_remembered_is_over_at_its_time(void **state)
{
    int home = *(int *)*state;
    assert_false(memory_has(home, S("vacation"), S("a"), 1));
    add(home, S("a"), 1, 100, false);
    assert_true(memory_has(home, S("vacation"), S("a"), 99));
    assert_false(memory_has(home, S("vacation"), S("a"), 100));
    assert_false(memory_has(home, S("duplicate"), S("a"), 1));
    assert_false(memory_has(home, S("vacation"), S("b"), 1));
}

static void the_first_time_counts_unless_the_last_is_asked_for(void **state)
{
    int home = *(int *)*state; /* RFC 7352 3.3 */
    add(home, S("a"), 1, 100, true);
    add(home, S("a"), 50, 150, true);
    assert_false(memory_has(home, S("vacation"), S("a"), 120));
    add(home, S("a"), 50, 150, false);
    assert_true(memory_has(home, S("vacation"), S("a"), 120));
}

static void the_file_does_not_grow_past_its_bound(void **state)
{
    int home = *(int *)*state;
    auto_arena struct arena *a = arena_new("test", 1 << 20);
    auto_buf struct buf b;
    buf_init(&b, 1 << 20);
    buf_add(&b, S("twinpost-sieve 1 00112233445566770011223344556677\nwhat is this\n"));
    for (int i = 0; i < FILTER_MEMORY_MAX + 10; i++)
        buf_addf(&b, "%d %032x\n", 1000 + i, i);
    assert_false(failed(file_replace(home, FILTER_MEMORY, buf_str(&b), 0600)));
    add(home, S("new"), 1, 5000, false);
    assert_true(memory_has(home, S("vacation"), S("new"), 1));
    str text, line;
    size_t lines = 0;
    assert_false(failed(file_read(home, FILTER_MEMORY, 1 << 20, a, &text)));
    while (str_line(&text, &line))
        lines++;
    assert_int_equal(lines, FILTER_MEMORY_MAX + 1);
}

static void a_damaged_file_remembers_nothing_and_is_made_anew(void **state)
{
    int home = *(int *)*state;
    assert_false(failed(file_replace(home, FILTER_MEMORY, S("\x01\x02"), 0600)));
    assert_false(memory_has(home, S("vacation"), S("a"), 1));
    add(home, S("a"), 1, 100, false);
    assert_true(memory_has(home, S("vacation"), S("a"), 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_remembered_is_over_at_its_time, make_home,
                                        remove_home),
        cmocka_unit_test_setup_teardown(the_first_time_counts_unless_the_last_is_asked_for,
                                        make_home, remove_home),
        cmocka_unit_test_setup_teardown(the_file_does_not_grow_past_its_bound, make_home,
                                        remove_home),
        cmocka_unit_test_setup_teardown(a_damaged_file_remembers_nothing_and_is_made_anew,
                                        make_home, remove_home),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
