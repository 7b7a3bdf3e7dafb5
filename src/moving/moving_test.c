/* SPDX-License-Identifier: ISC */
/* What needs no keeper: notes and sources. The whole way is test/e2e/test_moving.py. */
#include "moving/moving.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "os/file.h"

static int scratch(void)
{
    char path[] = "/tmp/twinpost-moving-XXXXXX";
    int dir = -1;
    assert_non_null(mkdtemp(path));
    assert_false(failed(dir_open(AT_FDCWD, path, &dir)));
    assert_int_equal(fchdir(dir), 0);
    return dir;
}

static void put(int dir, const char *path, const char *text)
{
    assert_false(failed(file_replace(dir, path, str_from(text), 0600)));
}

static void notes_survive_and_a_torn_last_line_is_cut_off(void **state)
{
    (void)state;
    auto_fd int dir = scratch();
    struct notes *n;
    assert_false(failed(notes_open(dir, "n", &n)));
    assert_false(failed(notes_set_mark(n, S("A"), (struct notes_mark){7, 20})));
    assert_false(failed(notes_add(n, S("A"), S("k1"), S("d"))));
    assert_false(failed(notes_add(n, S("A"), S("k2"), S("d"))));
    assert_int_equal(notes_since_mark(n, S("A"), S("d")), 2);
    notes_close(n);
    int fd;
    assert_false(failed(file_open(dir, "n", O_WRONLY | O_APPEND, 0, &fd)));
    assert_false(failed(file_write(fd, S("+\tA\tk3\td"))));
    fd_close(fd);
    assert_false(failed(notes_open(dir, "n", &n)));
    struct notes_mark mark;
    assert_true(notes_has(n, S("A"), S("k1")));
    assert_true(notes_has(n, S("A"), S("k2")));
    assert_false(notes_has(n, S("A"), S("k3")));
    assert_false(notes_has(n, S("B"), S("k1")));
    assert_true(notes_last_mark(n, S("A"), &mark));
    assert_int_equal(mark.uidnext, 20);
    assert_int_equal(notes_since_mark(n, S("A"), S("d")), 2);
    assert_false(failed(notes_set_mark(n, S("A"), (struct notes_mark){7, 22})));
    assert_int_equal(notes_since_mark(n, S("A"), S("d")), 0);
    notes_close(n);
}

static void notes_are_for_one_run_at_a_time_and_a_foreign_file_is_left_alone(void **state)
{
    (void)state;
    auto_fd int dir = scratch();
    struct notes *n, *other;
    assert_false(failed(notes_open(dir, "n", &n)));
    assert_int_equal(notes_open(dir, "n", &other).kind, ERR_TEMP);
    notes_close(n);
    put(dir, "foreign", "something else\n");
    assert_int_equal(notes_open(dir, "foreign", &other).kind, ERR_SYNTAX);
}

static bool skip_one(void *ctx, str key)
{
    (void)ctx;
    return str_eq(key, S("1700000001.M1.h"));
}

static void a_maildir_gives_what_is_not_done_in_the_order_of_arrival(void **state)
{
    (void)state;
    auto_fd int dir = scratch();
    auto_arena struct arena *a = arena_new("test", 1 << 20);
    static const char *const dirs[] = {"M",      "M/cur",      "M/new",     "M/tmp",
                                       "M/.a.b", "M/.a.b/cur", "M/.a.b/new"};
    for (size_t i = 0; i < sizeof dirs / sizeof dirs[0]; i++)
        assert_false(failed(dir_make(dir, dirs[i], 0700)));
    put(dir, "M/cur/1700000003.M3.h:2,RS", "three\n");
    put(dir, "M/new/1700000002.M2.h", "two\n");
    put(dir, "M/cur/1700000001.M1.h:2,", "one\n");
    struct moving_source *s;
    assert_false(failed(source_open_path("M", a, &s)));
    assert_int_equal(s->n_folders, 2);
    assert_true(str_eq(s->folders[0].name, S("INBOX")));
    assert_true(str_eq(s->folders[1].name, S("a.b")));
    s->is_done = skip_one;
    assert_false(failed(s->open(s, 0)));
    struct moving_message m;
    bool end;
    assert_false(failed(s->next(s, &m, &end)));
    assert_true(!end && str_eq(m.bytes, S("two\n")) && m.flags == 0 && m.date == 1700000002);
    assert_false(failed(s->next(s, &m, &end)));
    assert_true(!end && str_eq(m.bytes, S("three\n")));
    assert_int_equal(m.flags, STORE_ANSWERED | STORE_SEEN);
    assert_false(failed(s->next(s, &m, &end)));
    assert_true(end);
    s->free(s);
}

static void levels_of_any_bytes_become_folder_names(void **state)
{
    (void)state;
    static const struct {
        str in, out;
    } table[] = {{S("a.b/c"), S("a_b_c")},
                 {S("\xe4\xbb\x95\xe4\xba\x8b"), S("&TtVOiw-")},
                 {S("&TtVOiw-"), S("&TtVOiw-")},
                 {S("R&D"), S("R&-D")}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        auto_buf struct buf b;
        buf_init(&b, 100);
        assert_false(failed(source_level(&b, table[i].in)));
        assert_true(str_eq(buf_str(&b), table[i].out));
    }
    auto_buf struct buf b;
    buf_init(&b, 100);
    assert_true(failed(source_level(&b, S("\xff\xfe"))));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(notes_survive_and_a_torn_last_line_is_cut_off),
        cmocka_unit_test(notes_are_for_one_run_at_a_time_and_a_foreign_file_is_left_alone),
        cmocka_unit_test(a_maildir_gives_what_is_not_done_in_the_order_of_arrival),
        cmocka_unit_test(levels_of_any_bytes_become_folder_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
