/* SPDX-License-Identifier: ISC */
#include "store/attributes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "os/file.h"

static void what_is_written_is_read_again(void **state)
{
    (void)state;
    struct attributes all = {0}, back;
    const struct attribute some[] = {
        {S("/shared/comment"), S("hello\nworld 3:x")},
        {S("/private/a"), S("")},
        {S("/private/b"), S("nul\0inside")},
    };
    assert_false(failed(attributes_merge(&all, some, 3)));
    auto_buf struct buf b;
    buf_init(&b, ATTRIBUTES_FILE_MAX);
    attributes_write(&all, &b);
    attributes_parse(buf_str(&b), &back);
    assert_int_equal(back.n, 3);
    for (size_t i = 0; i < 3; i++)
        assert_true(str_eq(back.at[i].name, some[i].name) &&
                    str_eq(back.at[i].value, some[i].value));
}

static void changes_replace_and_remove_in_any_case(void **state)
{
    (void)state;
    struct attributes all = {0};
    assert_false(failed(attributes_merge(&all, &(struct attribute){S("/shared/A"), S("1")}, 1)));
    assert_false(failed(attributes_merge(&all, &(struct attribute){S("/SHARED/a"), S("2")}, 1)));
    assert_int_equal(all.n, 1);
    assert_true(str_eq(all.at[0].value, S("2")));
    assert_false(failed(attributes_merge(&all, &(struct attribute){S("/shared/a"), {0}}, 1)));
    assert_int_equal(all.n, 0);
    assert_false(failed(attributes_merge(&all, &(struct attribute){S("/shared/a"), {0}}, 1)));
}

static void limits_refuse_all_of_a_change(void **state)
{
    (void)state;
    struct attributes all = {0};
    auto_arena struct arena *a = arena_new("test", 1 << 20);
    for (size_t i = 0; i < ATTRIBUTES_MAX; i++) {
        struct attribute c = {arena_printf(a, "/shared/%zu", i), S("x")};
        assert_false(failed(attributes_merge(&all, &c, 1)));
    }
    const struct attribute two[] = {{S("/shared/0"), S("new")}, {S("/shared/more"), S("x")}};
    assert_int_equal(attributes_merge(&all, two, 2).kind, ERR_LIMIT);
    assert_true(str_eq(all.at[0].value, S("x")));
    static const char big[ATTRIBUTES_VALUE_MAX + 1];
    struct attribute c = {S("/shared/0"), str_of(big, sizeof big)};
    assert_int_equal(attributes_merge(&all, &c, 1).kind, ERR_LIMIT);
    c.name = S("with space");
    c.value = S("x");
    assert_int_equal(attributes_merge(&all, &c, 1).kind, ERR_SYNTAX);
}

static void damage_costs_only_what_follows_it(void **state)
{
    (void)state;
    struct attributes all;
    attributes_parse(S("twinpost-attributes 1\n/shared/a 1:x\n/shared/b 9:x\n"), &all);
    assert_int_equal(all.n, 1);
    attributes_parse(S("twinpost-attributes 2\n/shared/a 1:x\n"), &all);
    assert_int_equal(all.n, 0);
    attributes_parse(S("twinpost-attributes 1\n/shared/a 1:x\n/SHARED/A 1:y\n/shared/c 1:z\n"),
                     &all);
    assert_int_equal(all.n, 2);
}

static void a_file_is_replaced_whole(void **state)
{
    (void)state;
    char path[] = "/tmp/attributes-XXXXXX";
    assert_non_null(mkdtemp(path));
    auto_fd int dir = -1;
    assert_false(failed(dir_open(AT_FDCWD, path, &dir)));
    auto_arena struct arena *a = arena_new("test", 4 << 20);
    struct attributes all;
    assert_false(failed(attributes_read(dir, ATTRIBUTES_FILE, a, &all)));
    assert_int_equal(all.n, 0);
    struct attribute c = {S(ATTRIBUTES_USE), S("\\Sent")};
    assert_false(failed(attributes_change(dir, ATTRIBUTES_FILE, &c, 1)));
    assert_false(failed(attributes_read(dir, ATTRIBUTES_FILE, a, &all)));
    assert_true(all.n == 1 && str_eq(all.at[0].value, S("\\Sent")));
    (void)unlinkat(dir, ATTRIBUTES_FILE, 0); /* of the test */
    (void)rmdir(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_again),
        cmocka_unit_test(changes_replace_and_remove_in_any_case),
        cmocka_unit_test(limits_refuse_all_of_a_change),
        cmocka_unit_test(damage_costs_only_what_follows_it),
        cmocka_unit_test(a_file_is_replaced_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
