/* SPDX-License-Identifier: ISC */
#include "store/quota.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "os/file.h"
#include "store/maildir.h"

static char home_path[64];
static int home = -1;

static int setup(void **state)
{
    (void)state;
    (void)snprintf(home_path, sizeof home_path, "/tmp/quota-XXXXXX");
    assert_non_null(mkdtemp(home_path));
    assert_false(failed(dir_open(AT_FDCWD, home_path, &home)));
    assert_false(failed(maildir_make(home, "Maildir")));
    assert_false(failed(maildir_make(home, "Maildir/.Work")));
    return 0;
}

static err remove_all(int dir, const char *path);

static err remove_entry(void *ctx, const struct dir_entry *d)
{
    char name[256];
    (void)snprintf(name, sizeof name, "%.*s", STR_ARG(d->name)); /* a file name */
    if (unlinkat(*(int *)ctx, name, 0) == 0)
        return OK_ERR;
    err e = remove_all(*(int *)ctx, name);
    return failed(e) || unlinkat(*(int *)ctx, name, AT_REMOVEDIR) == 0 ? e : err_sys("remove");
}

static err remove_all(int dir, const char *path)
{
    auto_fd int fd = -1;
    err e = dir_open(dir, path, &fd);
    return failed(e) ? e : dir_each(fd, ".", remove_entry, &fd);
}

static int teardown(void **state)
{
    (void)state;
    assert_false(failed(remove_all(home, ".")));
    (void)rmdir(home_path); /* empty now */
    fd_closep(&home);
    return 0;
}

static void put(const char *path, str bytes)
{
    auto_fd int fd = -1;
    assert_false(failed(file_open(home, path, O_WRONLY | O_CREAT | O_TRUNC, 0600, &fd)));
    assert_false(failed(file_write(fd, bytes)));
}

static void limits_are_read_with_their_units(void **state)
{
    (void)state;
    static const struct {
        str in;
        bool good;
        uint64_t bytes, messages;
    } table[] = {
        {S("1000S,20C"), true, 1000, 20},
        {S("2G"), true, UINT64_C(2) << 30, 0},
        {S("500m,10000c"), true, 500 << 20, 10000},
        {S(" 1K "), true, 1024, 0},
        {S("5C"), true, 0, 5},
        {S("1000"), false, 0, 0},
        {S("1000X"), false, 0, 0},
        {S("1G,"), false, 0, 0},
        {S(""), false, 0, 0},
        {S("99999999999T"), false, 0, 0},
        {S("1Gx"), false, 0, 0},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct quota q = {0};
        assert_int_equal(!failed(quota_parse(table[i].in, &q)), table[i].good);
        assert_int_equal(q.bytes, table[i].bytes);
        assert_int_equal(q.messages, table[i].messages);
    }
}

static void all_folders_count_and_lines_add_up(void **state)
{
    (void)state;
    struct quota limit = {1000, 10}, used;
    put("Maildir/cur/1.a,S=100:2,S", S("x"));
    put("Maildir/new/2.b", S("12345"));
    put("Maildir/.Work/cur/3.c,S=200,W=210:2,", S("x"));
    assert_false(failed(quota_used(home, "Maildir", NULL, &limit, &used)));
    assert_int_equal(used.bytes, 305);
    assert_int_equal(used.messages, 3);
    quota_note(home, "Maildir", 50, 1);
    quota_note(home, "Maildir", -100, -1);
    assert_false(failed(quota_used(home, "Maildir", NULL, &limit, &used)));
    assert_int_equal(used.bytes, 255);
    assert_int_equal(used.messages, 3);
}

static void another_limit_or_damage_counts_again(void **state)
{
    (void)state;
    struct quota limit = {1000, 0}, used;
    put("Maildir/cur/1.a,S=100:2,S", S("x"));
    put("Maildir/maildirsize", S("999S\n700 1\n"));
    assert_false(failed(quota_used(home, "Maildir", NULL, &limit, &used)));
    assert_int_equal(used.bytes, 100);
    put("Maildir/maildirsize", S("1000S\n700 1\n"));
    assert_false(failed(quota_used(home, "Maildir", NULL, &limit, &used)));
    assert_int_equal(used.bytes, 700);
    put("Maildir/maildirsize", S("1000S\n700 one\n"));
    assert_false(failed(quota_used(home, "Maildir", NULL, &limit, &used)));
    assert_int_equal(used.bytes, 100);
}

static void an_mbox_counts_as_its_file(void **state)
{
    (void)state;
    struct quota limit = {1000, 0}, used;
    put("Mailbox", S("0123456789"));
    assert_false(failed(quota_used(home, "Maildir", "Mailbox", &limit, &used)));
    assert_int_equal(used.bytes, 10);
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    struct quota limit = {150, 2};
    put("Maildir/cur/1.a,S=100:2,S", S("x"));
    assert_false(failed(quota_room(home, "Maildir", NULL, &limit, 50, 1)));
    err e = quota_room(home, "Maildir", NULL, &limit, 51, 1);
    assert_true(e.kind == ERR_LIMIT && e.sys == EDQUOT);
    assert_int_equal(quota_room(home, "Maildir", NULL, &limit, 1, 2).kind, ERR_LIMIT);
    assert_false(failed(quota_room(home, "Maildir", NULL, &(struct quota){0}, 1 << 30, 9)));
}

static void each_warning_comes_once_per_crossing(void **state)
{
    (void)state;
    struct quota limit = {100, 0};
    static const struct {
        uint64_t used;
        unsigned want;
    } steps[] = {{50, 0}, {80, 80}, {90, 0}, {95, 95}, {99, 0},
                 {85, 0}, {96, 95}, {10, 0}, {81, 80}};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        struct quota used = {steps[i].used, 0};
        assert_int_equal(quota_warning(home, "Maildir", &limit, &used), steps[i].want);
    }
}

static void roots_of_folders_are_found(void **state)
{
    (void)state;
    assert_true(str_eq(quota_root(S("Maildir/.Work.x/")), S("Maildir")));
    assert_true(str_eq(quota_root(S("Maildir")), S("Maildir")));
    assert_true(str_eq(quota_root(S("./Maildir/")), S("./Maildir")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits_are_read_with_their_units),
        cmocka_unit_test_setup_teardown(all_folders_count_and_lines_add_up, setup, teardown),
        cmocka_unit_test_setup_teardown(another_limit_or_damage_counts_again, setup, teardown),
        cmocka_unit_test_setup_teardown(an_mbox_counts_as_its_file, setup, teardown),
        cmocka_unit_test_setup_teardown(what_does_not_fit_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(each_warning_comes_once_per_crossing, setup, teardown),
        cmocka_unit_test(roots_of_folders_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
