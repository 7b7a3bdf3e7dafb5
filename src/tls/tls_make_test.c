/* SPDX-License-Identifier: ISC */
#include "tls/tls_make.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "os/clock.h"
#include "os/file.h"

struct fixture {
    char path[64];
    int dir;
    struct arena *arena;
};

static const char *const files[] = {"ca.pem", "ca-key.pem", "cert.pem", "key.pem"};

static int make_dir(void **state)
{
    static struct fixture f;
    snprintf(f.path, sizeof f.path, "/tmp/tls-make-XXXXXX");
    f.arena = arena_new("test", 1 << 20);
    *state = &f;
    return mkdtemp(f.path) && !failed(dir_open(AT_FDCWD, f.path, &f.dir)) ? 0 : -1;
}

static int remove_dir(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        (void)unlinkat(f->dir, files[i], 0);
    fd_close(f->dir);
    arena_free(f->arena);
    return rmdir(f->path);
}

static str read_one(struct fixture *f, const char *name)
{
    str text = S("");
    assert_false(failed(file_read(f->dir, name, 1 << 16, f->arena, &text)));
    return text;
}

static err make(struct fixture *f, bool *ret_made)
{
    static const str names[] = {S("mail.example.test"), S("127.0.0.1"), S("::1")};
    struct tls_make m = {.names = names, .names_n = 3, .now = clock_seconds()};
    return tls_make_certificates(f->dir, &m, ret_made);
}

static void keys_are_readable_by_their_owner_alone(void **state)
{
    struct fixture *f = *state;
    bool made = false;
    assert_false(failed(make(f, &made)));
    assert_true(made);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct stat st;
        bool key = str_find_str(str_from(files[i]), S("key")) >= 0;
        assert_false(failed(file_stat(f->dir, files[i], &st)));
        assert_int_equal(st.st_mode & 0777, key ? 0600 : 0644);
    }
}

static void a_second_start_changes_nothing(void **state)
{
    struct fixture *f = *state;
    bool made = true;
    assert_false(failed(make(f, NULL)));
    str before = read_one(f, "cert.pem");
    assert_false(failed(make(f, &made)));
    assert_false(made);
    assert_true(str_eq(before, read_one(f, "cert.pem")));
}

static void a_new_leaf_comes_from_the_same_authority_and_keys(void **state)
{
    struct fixture *f = *state;
    bool made = false;
    assert_false(failed(make(f, NULL)));
    str ca = read_one(f, "ca.pem"), key = read_one(f, "key.pem"), leaf = read_one(f, "cert.pem");
    assert_false(failed(file_unlink(f->dir, "cert.pem")));
    assert_false(failed(make(f, &made)));
    assert_true(made);
    assert_true(str_eq(ca, read_one(f, "ca.pem")));
    assert_true(str_eq(key, read_one(f, "key.pem")));
    assert_false(str_eq(leaf, read_one(f, "cert.pem")));
    assert_true(str_ends(read_one(f, "cert.pem"), ca)); /* leaf, then authority */
}

static void an_authority_whose_key_is_lost_is_not_replaced(void **state)
{
    struct fixture *f = *state;
    assert_false(failed(make(f, NULL)));
    assert_false(failed(file_unlink(f->dir, "ca-key.pem")));
    assert_false(failed(file_unlink(f->dir, "cert.pem")));
    assert_int_equal(make(f, NULL).kind, ERR_NOTFOUND);
}

static void a_damaged_key_is_an_error_and_stays(void **state)
{
    struct fixture *f = *state;
    assert_false(failed(file_replace(f->dir, "key.pem", S("not a key\n"), 0600)));
    assert_int_equal(make(f, NULL).kind, ERR_SYNTAX);
    assert_true(str_eq(read_one(f, "key.pem"), S("not a key\n")));
}

static void names_that_could_say_more_than_a_name_are_refused(void **state)
{
    struct fixture *f = *state;
    static const str bad[] = {S("a,DNS:b"), S(""), S("a b"), S("a\nb")};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct tls_make m = {.names = &bad[i], .names_n = 1, .now = clock_seconds()};
        assert_int_equal(tls_make_certificates(f->dir, &m, NULL).kind, ERR_SYNTAX);
    }
}

static void the_end_of_validity_can_be_asked(void **state)
{
    struct fixture *f = *state;
    int64_t end = 0, now = clock_seconds();
    assert_false(failed(make(f, NULL)));
    assert_false(failed(tls_certificate_expiry(read_one(f, "cert.pem"), &end)));
    assert_in_range(end - now, (397 - 1) * 86400, 397 * 86400 + 60);
    assert_int_equal(tls_certificate_expiry(S("nonsense"), &end).kind, ERR_SYNTAX);
}

int main(void)
{
#define WITH_DIR(test) cmocka_unit_test_setup_teardown(test, make_dir, remove_dir)
    const struct CMUnitTest tests[] = {
        WITH_DIR(keys_are_readable_by_their_owner_alone),
        WITH_DIR(a_second_start_changes_nothing),
        WITH_DIR(a_new_leaf_comes_from_the_same_authority_and_keys),
        WITH_DIR(an_authority_whose_key_is_lost_is_not_replaced),
        WITH_DIR(a_damaged_key_is_an_error_and_stays),
        WITH_DIR(names_that_could_say_more_than_a_name_are_refused),
        WITH_DIR(the_end_of_validity_can_be_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
