/* SPDX-License-Identifier: ISC */
#include "client/deadhosts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "os/file.h"

static struct {
    char path[64];
    int dir;
    struct dead_hosts *one, *two; /* two workers */
} f;

static int set_up(void **state)
{
    (void)state;
    snprintf(f.path, sizeof f.path, "/tmp/dead-hosts-XXXXXX");
    return !mkdtemp(f.path) || failed(dir_open(AT_FDCWD, f.path, &f.dir)) ||
           failed(dead_hosts_open(f.dir, "tcpto", &f.one)) ||
           failed(dead_hosts_open(f.dir, "tcpto", &f.two));
}

static int tear_down(void **state)
{
    (void)state;
    dead_hosts_free(f.one);
    dead_hosts_free(f.two);
    (void)unlinkat(f.dir, "tcpto", 0);
    fd_close(f.dir);
    return rmdir(f.path);
}

static struct net_address ip(const char *text)
{
    struct net_address a;
    assert_false(failed(net_address_parse(str_from(text), 25, &a)));
    return a;
}

static void two_timeouts_apart_leave_a_host_alone_for_an_hour(void **state)
{
    (void)state;
    struct net_address a = ip("192.0.2.32"); /* …32 & 31 is 0: the shortest pause */
    dead_hosts_timeout(f.one, &a, 1000);
    assert_false(dead_hosts_skip(f.two, &a, 1001));
    dead_hosts_timeout(f.one, &a, 1119);
    assert_false(dead_hosts_skip(f.two, &a, 1119)); /* within two minutes: one event */
    dead_hosts_timeout(f.one, &a, 1120);
    assert_true(dead_hosts_skip(f.two, &a, 1120));
    assert_true(dead_hosts_skip(f.two, &a, 1120 + 3839));
    assert_false(dead_hosts_skip(f.two, &a, 1120 + 3840));
    assert_false(dead_hosts_skip(f.two, &a, 1000)); /* the clock was set back */
}

static void an_answer_clears_a_host(void **state)
{
    (void)state;
    struct net_address a = ip("2001:db8::1"), b = ip("2001:db8::2");
    dead_hosts_timeout(f.one, &a, 1000);
    dead_hosts_timeout(f.one, &a, 2000);
    dead_hosts_timeout(f.one, &b, 2000);
    dead_hosts_alive(f.two, &a);
    assert_false(dead_hosts_skip(f.one, &a, 2001));
    struct dead_host list[4];
    assert_int_equal(dead_hosts_list(f.two, list, 4), 1);
    assert_int_equal(list[0].count, 1);
    assert_int_equal(list[0].when, 2000);
    char text[64];
    assert_true(str_eq(net_address_text(&list[0].address, text, sizeof text), S("2001:db8::2")));
    assert_false(failed(dead_hosts_clear(f.one)));
    assert_int_equal(dead_hosts_list(f.two, list, 4), 0);
}

static void a_full_memory_forgets_the_oldest(void **state)
{
    (void)state;
    char text[32];
    for (int i = 0; i <= DEAD_HOSTS; i++) {
        snprintf(text, sizeof text, "10.0.%d.%d", i / 200, i % 200);
        struct net_address a = ip(text);
        dead_hosts_timeout(f.one, &a, 1000 + i);
        dead_hosts_timeout(f.one, &a, 2000 + i);
    }
    struct net_address first = ip("10.0.0.0"), second = ip("10.0.0.1");
    assert_false(dead_hosts_skip(f.two, &first, 2500));
    assert_true(dead_hosts_skip(f.two, &second, 2500));
}

static void a_damaged_file_is_an_empty_memory(void **state)
{
    (void)state;
    struct net_address a = ip("192.0.2.32");
    dead_hosts_timeout(f.one, &a, 1000);
    dead_hosts_timeout(f.one, &a, 2000);
    assert_false(failed(file_replace(f.dir, "tcpto", S("twp-dead-hosts 1 cut"), 0644)));
    struct dead_hosts *fresh;
    assert_false(failed(dead_hosts_open(f.dir, "tcpto", &fresh)));
    assert_false(dead_hosts_skip(fresh, &a, 2001));
    dead_hosts_timeout(fresh, &a, 3000);
    dead_hosts_timeout(fresh, &a, 4000);
    assert_true(dead_hosts_skip(fresh, &a, 4001));
    dead_hosts_free(fresh);
}

int main(void)
{
#define WITH_FILE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_FILE(two_timeouts_apart_leave_a_host_alone_for_an_hour),
        WITH_FILE(an_answer_clears_a_host),
        WITH_FILE(a_full_memory_forgets_the_oldest),
        WITH_FILE(a_damaged_file_is_an_empty_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
