/* SPDX-License-Identifier: ISC */
#include "people/passwd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "os/clock.h"
#include "os/file.h"
#include "people/system.h"

struct house {
    char path[64];
    int root;
    struct arena *a;
};

static int setup(void **state)
{
    struct house *h = calloc(1, sizeof *h);
    snprintf(h->path, sizeof h->path, "/tmp/twp-house-XXXXXX");
    if (mkdtemp(h->path) == NULL || failed(dir_open(AT_FDCWD, h->path, &h->root)) ||
        failed(dir_make(h->root, "etc", 0755)))
        return -1;
    h->a = arena_new("test", 64 << 20);
    *state = h;
    return 0;
}

static int teardown(void **state)
{
    struct house *h = *state;
    (void)failed(file_unlink(h->root, "etc/passwd"));
    (void)failed(file_unlink(h->root, "etc/shadow"));
    unlinkat(h->root, "etc", AT_REMOVEDIR);
    fd_close(h->root);
    rmdir(h->path);
    arena_free(h->a);
    free(h);
    return 0;
}

static void write_file(struct house *h, const char *path, str text)
{
    assert_false(failed(file_replace(h->root, path, text, 0600)));
}

static void a_house_knows_its_own_users_only(void **state)
{
    struct house *h = *state;
    struct passwd_db *p;
    struct person one;
    write_file(h, "etc/passwd",
               S("ann:x:20001:20001:Ann,,,:/home/ann:/bin/sh\n"
                 "damaged:x:1\n"
                 "taro:x:20002:20003::/home/taro:\n"));
    assert_false(failed(passwd_open(h->root, &p)));
    assert_false(passwd_is_system(p));
    assert_false(failed(passwd_find(p, S("taro"), h->a, &one)));
    assert_int_equal(one.uid, 20002);
    assert_int_equal(one.gid, 20003);
    assert_true(str_eq(one.home, arena_printf(h->a, "%s/home/taro", h->path)));
    assert_int_equal(passwd_find(p, S("root"), h->a, &one).kind, ERR_NOTFOUND);
    assert_int_equal(passwd_find(p, S("damaged"), h->a, &one).kind, ERR_NOTFOUND);
    assert_int_equal(passwd_find(p, S("../etc"), h->a, &one).kind, ERR_NOTFOUND);
    assert_false(failed(passwd_find_uid(p, 20001, h->a, &one)));
    assert_true(str_eq(one.name, S("ann")));
    passwd_free(p);
}

static void a_home_that_is_already_below_the_root_stays(void **state)
{
    struct house *h = *state;
    struct passwd_db *p;
    struct person one;
    write_file(h, "etc/passwd", arena_printf(h->a, "ann:x:1:1::%s/home/ann:\n", h->path));
    assert_false(failed(passwd_open(h->root, &p)));
    assert_false(failed(passwd_find(p, S("ann"), h->a, &one)));
    assert_true(str_eq(one.home, arena_printf(h->a, "%s/home/ann", h->path)));
    passwd_free(p);
}

static void a_changed_file_is_read_again(void **state)
{
    struct house *h = *state;
    struct passwd_db *p;
    struct person one;
    assert_false(failed(passwd_open(h->root, &p)));
    assert_int_equal(passwd_find(p, S("ann"), h->a, &one).kind, ERR_TEMP);
    write_file(h, "etc/passwd", S("ann:x:1:1::/home/ann:\n"));
    assert_false(failed(passwd_find(p, S("ann"), h->a, &one)));
    write_file(h, "etc/passwd", S("bob:x:2:2::/home/bob:\n"));
    assert_int_equal(passwd_find(p, S("ann"), h->a, &one).kind, ERR_NOTFOUND);
    assert_false(failed(passwd_find(p, S("bob"), h->a, &one)));
    passwd_free(p);
}

static void the_real_root_is_asked_of_the_system(void **state)
{
    struct house *h = *state;
    auto_fd int root = -1;
    struct passwd_db *p;
    struct person one;
    assert_false(failed(dir_open(AT_FDCWD, "/", &root)));
    assert_false(failed(passwd_open(root, &p)));
    assert_true(passwd_is_system(p));
    assert_false(failed(passwd_find(p, S("root"), h->a, &one)));
    assert_int_equal(one.uid, 0);
    assert_int_equal(passwd_find(p, S("no-such-user-here"), h->a, &one).kind, ERR_NOTFOUND);
    passwd_free(p);
}

/* Hash of "tanstaaf tanstaaf". */
#define HASH_TEXT "$1$8IdRqtm0$tpLlJnVgyWBafcX6g2YA//"

static void shadow_answers_for_the_house(void **state)
{
    struct house *h = *state;
    struct passwd_db *p;
    clock_freeze_for_test(20000LL * 86400);
    write_file(h, "etc/shadow",
               S("good:" HASH_TEXT ":19000:0:99999:7:::\n"
                 "locked:!" HASH_TEXT ":19000:0:99999:7:::\n"
                 "expired:" HASH_TEXT ":19000:0:99999:7::20000:\n"
                 "aged:" HASH_TEXT ":19000:0:100:7:10::\n"
                 "empty::19000:0:99999:7:::\n"));
    assert_false(failed(passwd_open(h->root, &p)));
    static const struct {
        str name, password;
        bool match, known;
    } cases[] = {
        {S("good"), S("tanstaaf tanstaaf"), true, true},
        {S("good"), S("tanstaaf"), false, true},
        {S("locked"), S("tanstaaf tanstaaf"), false, true},
        {S("expired"), S("tanstaaf tanstaaf"), false, true},
        {S("aged"), S("tanstaaf tanstaaf"), false, true},
        {S("empty"), S(""), false, true},
        {S("empty"), S("x"), false, true},
        {S("nobody"), S("tanstaaf tanstaaf"), false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct system_answer answer;
        /* The decoy even fits: a name that does not exist must not pass by it. */
        assert_false(failed(system_password_verify(p, h->root, cases[i].name, cases[i].password,
                                                   S(HASH_TEXT), &answer)));
        assert_int_equal(answer.match, cases[i].match);
        assert_int_equal(answer.known, cases[i].known);
    }
    clock_freeze_for_test(-1);
    passwd_free(p);
}

int main(void)
{
#define IN_HOUSE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        IN_HOUSE(a_house_knows_its_own_users_only),
        IN_HOUSE(a_home_that_is_already_below_the_root_stays),
        IN_HOUSE(a_changed_file_is_read_again),
        IN_HOUSE(the_real_root_is_asked_of_the_system),
        IN_HOUSE(shadow_answers_for_the_house),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
