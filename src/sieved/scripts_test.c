/* SPDX-License-Identifier: ISC */
#include "sieved/scripts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "os/file.h"

struct place {
    char folder[64];
    struct scripts scripts;
    struct arena *arena;
};

static int begin(void **state)
{
    static struct place p;
    p = (struct place){.arena = arena_new("test", 1 << 24)};
    (void)snprintf(p.folder, sizeof p.folder, "/tmp/twinpost-scripts-XXXXXX"); /* fits */
    assert_non_null(mkdtemp(p.folder));
    p.scripts = (struct scripts){.max_scripts = 3, .max_bytes = 100};
    assert_false(failed(dir_open(AT_FDCWD, p.folder, &p.scripts.home)));
    *state = &p;
    return 0;
}

static err remove_one(void *ctx, const struct dir_entry *d)
{
    struct place *p = ctx;
    return file_unlink(p->scripts.home,
                       arena_printf(p->arena, SCRIPTS_FOLDER "/%.*s", STR_ARG(d->name)).p);
}

static int end(void **state)
{
    struct place *p = *state;
    (void)unlinkat(p->scripts.home, SCRIPTS_ACTIVE, 0);
    err e = dir_each(p->scripts.home, SCRIPTS_FOLDER, remove_one, p);
    (void)e; /* a test that made no folder */
    (void)unlinkat(p->scripts.home, SCRIPTS_FOLDER, AT_REMOVEDIR);
    fd_close(p->scripts.home);
    arena_free(p->arena);
    return rmdir(p->folder);
}

static err put(struct place *p, str name, str text)
{
    const char *code;
    return scripts_put(&p->scripts, p->arena, name, text, &code);
}

static size_t count(struct place *p)
{
    struct script_entry *at;
    size_t n;
    assert_false(failed(scripts_list(&p->scripts, p->arena, &at, &n)));
    return n;
}

static void a_home_without_scripts_has_none(void **state)
{
    struct place *p = *state;
    assert_int_equal(count(p), 0);
    assert_int_equal(scripts_active(&p->scripts, p->arena).n, 0);
    assert_false(failed(scripts_activate(&p->scripts, p->arena, S(""))));
}

static void the_script_in_force_is_a_link_that_follows_its_name(void **state)
{
    struct place *p = *state;
    struct scripts *s = &p->scripts;
    char link[100] = "";
    assert_false(failed(put(p, S("a"), S("keep;"))));
    assert_false(failed(scripts_activate(s, p->arena, S("a"))));
    assert_true(str_eq(scripts_active(s, p->arena), S("a")));
    assert_int_equal(scripts_delete(s, p->arena, S("a")).kind, ERR_DENIED);
    assert_false(failed(scripts_rename(s, p->arena, S("a"), S("b"))));
    assert_true(readlinkat(s->home, SCRIPTS_ACTIVE, link, sizeof link - 1) > 0);
    assert_string_equal(link, "sieve/b.sieve");
    assert_int_equal(count(p), 1);
    assert_false(failed(scripts_activate(s, p->arena, S(""))));
    assert_false(failed(scripts_delete(s, p->arena, S("b"))));
}

static void a_name_that_is_taken_or_absent_changes_nothing(void **state)
{
    struct place *p = *state;
    struct scripts *s = &p->scripts;
    str text;
    assert_false(failed(put(p, S("a"), S("1"))));
    assert_false(failed(put(p, S("b"), S("2"))));
    assert_int_equal(scripts_rename(s, p->arena, S("a"), S("b")).kind, ERR_DENIED);
    assert_int_equal(scripts_rename(s, p->arena, S("x"), S("y")).kind, ERR_NOTFOUND);
    assert_int_equal(scripts_activate(s, p->arena, S("x")).kind, ERR_NOTFOUND);
    assert_false(failed(scripts_get(s, p->arena, S("b"), &text)));
    assert_true(str_eq(text, S("2")));
}

static void number_and_size_have_limits(void **state)
{
    struct place *p = *state;
    assert_false(failed(put(p, S("a"), S("1"))));
    assert_false(failed(put(p, S("b"), S("2"))));
    assert_false(failed(put(p, S("c"), S("3"))));
    assert_int_equal(put(p, S("d"), S("4")).kind, ERR_LIMIT);
    assert_false(failed(put(p, S("c"), S("33"))));
    str large = arena_printf(p->arena, "%099d", 0);
    assert_int_equal(put(p, S("c"), large).kind, ERR_LIMIT);
}

static void other_files_in_the_folder_are_not_scripts(void **state)
{
    struct place *p = *state;
    assert_false(failed(put(p, S("a"), S("1"))));
    assert_false(failed(file_replace(p->scripts.home, "sieve/a.svbin", S("x"), 0600)));
    assert_false(failed(file_replace(p->scripts.home, "sieve/.b.sieve", S("x"), 0600)));
    assert_int_equal(count(p), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_home_without_scripts_has_none, begin, end),
        cmocka_unit_test_setup_teardown(the_script_in_force_is_a_link_that_follows_its_name, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_name_that_is_taken_or_absent_changes_nothing, begin, end),
        cmocka_unit_test_setup_teardown(number_and_size_have_limits, begin, end),
        cmocka_unit_test_setup_teardown(other_files_in_the_folder_are_not_scripts, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
