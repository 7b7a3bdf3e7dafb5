/* SPDX-License-Identifier: ISC */
#include "guard/store.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
/* cmocka wants these before it */
#include <setjmp.h>

#include <cmocka.h>

#include "os/file.h"

static int made_dir(char path[])
{
    int dir = -1;
    assert_non_null(mkdtemp(path));
    assert_false(failed(dir_open(AT_FDCWD, path, &dir)));
    return dir;
}

static void remove_dir(int dir, const char *path)
{
    static const char *const names[] = {"bans.sqlite", "bans.sqlite-wal", "bans.sqlite-shm",
                                        "bans.sqlite.damaged"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        (void)unlinkat(dir, names[i], 0); /* some are not there */
    (void)close(dir);
    (void)rmdir(path);
}

static void count_ban(void *ctx, str id, int64_t since, int64_t until, unsigned bans)
{
    size_t *n = ctx;
    assert_true(str_eq(id, S("192.0.2.1")));
    assert_int_equal(since, 1000);
    assert_int_equal(until, 2000);
    assert_int_equal(bans, 3);
    ++*n;
}

static void bans_and_positions_outlive_the_process(void **state)
{
    (void)state;
    char path[] = "/tmp/guard-store-XXXXXX", why[100] = "";
    int dir = made_dir(path);
    struct store *s = store_open(dir, why, sizeof why);
    assert_non_null(s);
    store_ban(s, S("ssh"), S("192.0.2.1"), 1000, 2000, 3, 5, S("line"));
    store_ban(s, S("ssh"), S("192.0.2.2"), 1000, 2000, 1, 5, S(""));
    store_unban(s, S("ssh"), S("192.0.2.2"));
    store_position(s, S("/var/log/x"), 1, 2, 300);
    assert_true(store_commit(s));
    store_close(s);
    s = store_open(dir, why, sizeof why);
    assert_non_null(s);
    size_t n = 0;
    uint64_t at = 0;
    store_each(s, S("ssh"), 1500, count_ban, &n);
    assert_int_equal(n, 1);
    store_each(s, S("ssh"), 2500, count_ban, &n); /* over */
    assert_int_equal(n, 1);
    assert_true(store_position_of(s, S("/var/log/x"), 1, 2, &at));
    assert_int_equal(at, 300);
    assert_false(store_position_of(s, S("/var/log/x"), 1, 3, &at)); /* another file */
    assert_int_equal(store_bans_of(s, S("ssh"), S("192.0.2.2"), 0), 1);
    assert_int_equal(store_bans_of(s, S(""), S("192.0.2.2"), 0), 1);
    assert_int_equal(store_bans_of(s, S("web"), S("192.0.2.2"), 0), 0);
    store_forget(s, 3000);
    assert_int_equal(store_bans_of(s, S(""), S("192.0.2.2"), 0), 0);
    store_close(s);
    remove_dir(dir, path);
}

static void a_damaged_ledger_is_set_aside(void **state)
{
    (void)state;
    char path[] = "/tmp/guard-store-XXXXXX", why[100] = "";
    int dir = made_dir(path), fd = -1;
    assert_false(failed(file_open(dir, "bans.sqlite", O_WRONLY | O_CREAT, 0600, &fd)));
    for (int i = 0; i < 100; i++)
        assert_false(failed(file_write(fd, S("this is no database at all, whoever wrote it. "))));
    (void)close(fd);
    struct store *s = store_open(dir, why, sizeof why);
    assert_non_null(s);
    store_close(s);
    assert_int_equal(faccessat(dir, "bans.sqlite.damaged", F_OK, 0), 0);
    remove_dir(dir, path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bans_and_positions_outlive_the_process),
        cmocka_unit_test(a_damaged_ledger_is_set_aside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
