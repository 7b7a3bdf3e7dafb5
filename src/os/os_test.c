/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "os/child.h"
#include "os/clock.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/io.h"
#include "os/loop.h"
#include "os/net.h"
#include "os/sandbox.h"

static int temp_dir(void)
{
    char path[] = "/tmp/twp-os-test-XXXXXX";
    assert_non_null(mkdtemp(path));
    int fd;
    assert_false(failed(dir_open(AT_FDCWD, path, &fd)));
    assert_int_equal(rmdir(path), 0); /* works on as long as it is open, but for new files */
    assert_non_null(mkdtemp(memcpy(path, "/tmp/twp-os-test-XXXXXX", sizeof path)));
    fd_close(fd);
    assert_false(failed(dir_open(AT_FDCWD, path, &fd)));
    return fd;
}

static void lines_of_any_arrival_are_read_whole(void **state)
{
    (void)state;
    int a, b;
    assert_false(failed(fd_pair(FD_PAIR_STREAM, &a, &b)));
    struct io *io = io_new(a, a);
    assert_int_equal(write(b, "one\r\ntw", 7), 7);
    str line;
    assert_false(failed(io_read_line(io, 100, deadline_in_ms(1000), &line)));
    assert_true(str_eq(line, S("one\r\n")));
    assert_int_equal(io_read_line(io, 100, deadline_in_ms(0), &line).kind, ERR_TIMEOUT);
    assert_int_equal(write(b, "o\nrest", 6), 6);
    assert_false(failed(io_read_line(io, 100, deadline_in_ms(1000), &line)));
    assert_true(str_eq(line, S("two\n")));
    assert_int_equal(io_read_line(io, 4, deadline_in_ms(1000), &line).kind, ERR_LIMIT);
    io_unread(io, S("un"));
    assert_false(failed(io_read_exact(io, 6, deadline_in_ms(1000), &line)));
    assert_true(str_eq(line, S("unrest")));
    io_free(io);
    fd_close(b);
}

static void replacing_the_socket_forgets_what_came_too_early(void **state)
{
    (void)state;
    int a, b, c, d;
    assert_false(failed(fd_pair(FD_PAIR_STREAM, &a, &b)));
    assert_false(failed(fd_pair(FD_PAIR_STREAM, &c, &d)));
    struct io *io = io_new(a, a);
    assert_int_equal(write(b, "STARTTLS\r\nINJECTED\r\n", 20), 20);
    str line;
    assert_false(failed(io_read_line(io, 100, deadline_in_ms(1000), &line)));
    io_replace(io, c, c);
    assert_int_equal(write(d, "EHLO\r\n", 6), 6);
    assert_false(failed(io_read_line(io, 100, deadline_in_ms(1000), &line)));
    assert_true(str_eq(line, S("EHLO\r\n")));
    io_free(io);
    fd_close(b);
    fd_close(d);
}

static void a_stream_ends_when_its_leash_is_let_go(void **state)
{
    (void)state;
    int a, b, held, holder;
    str line;
    assert_false(failed(fd_pair(FD_PAIR_STREAM, &a, &b)));
    assert_false(failed(fd_pair(FD_PAIR_PACKET, &held, &holder)));
    struct io *io = io_new(a, a);
    io_leash(io, held);
    assert_int_equal(write(holder, "x", 1), 1); /* what is said on it is none of the stream's */
    assert_int_equal(write(b, "one\n", 4), 4);
    assert_false(failed(io_read_line(io, 100, deadline_in_ms(1000), &line)));
    assert_int_equal(io_read_line(io, 100, deadline_in_ms(0), &line).kind, ERR_TIMEOUT);
    fd_close(holder);
    assert_int_equal(io_read_line(io, 100, deadline_in_ms(5000), &line).kind, ERR_CLOSED);
    io_free(io);
    fd_close(held);
    fd_close(b);
}

static void replacing_a_file_leaves_the_new_content_and_no_leftovers(void **state)
{
    (void)state;
    auto_fd int dir = temp_dir();
    auto_arena struct arena *a = arena_new("test", 1 << 16);
    assert_false(failed(file_replace(dir, "me", S("old\n"), 0644)));
    assert_false(failed(file_replace(dir, "me", S("new\n"), 0600)));
    str s;
    assert_false(failed(file_read(dir, "me", 100, a, &s)));
    assert_true(str_eq(s, S("new\n")));
    assert_int_equal(file_read(dir, "me", 3, a, &s).kind, ERR_LIMIT);
    assert_int_equal(file_read(dir, "nobody", 3, a, &s).kind, ERR_NOTFOUND);
    struct stat st;
    assert_false(failed(file_stat(dir, "me", &st)));
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_false(failed(file_unlink(dir, "me")));
}

static void a_child_gets_exactly_its_descriptors(void **state)
{
    (void)state;
    int p[2];
    assert_int_equal(pipe2(p, O_CLOEXEC), 0);
    const char *argv[] = {"sh", "-c", "echo $X >&7; ls /proc/self/fd | wc -l >&7", NULL};
    const char *envp[] = {"X=hello", "PATH=/bin:/usr/bin", NULL};
    struct child_fd fds[] = {{p[1], 7}};
    pid_t pid;
    assert_false(failed(child_start(
        &(struct child_spec){.path = "/bin/sh", .argv = argv, .envp = envp, .fds = fds, .n_fds = 1},
        &pid)));
    int status;
    assert_false(failed(child_wait(pid, deadline_in_ms(10000), &status)));
    assert_int_equal(WEXITSTATUS(status), 0);
    fd_close(p[1]);
    char text[64] = {0};
    assert_true(read(p[0], text, sizeof text - 1) > 0);
    assert_non_null(strstr(text, "hello\n"));
    fd_close(p[0]);
    struct child_spec missing = {.path = "/nonexistent", .argv = argv};
    err e = child_start(&missing, &pid);
    assert_int_equal(e.kind, ERR_SYS);
    assert_string_equal(e.what, "exec");
}

struct seen {
    struct loop *loop;
    struct loop_fd *watch;
    struct loop_timer *timer;
    int reads, timers, defers, children;
};

static void on_defer(void *ctx)
{
    struct seen *s = ctx;
    s->defers++;
}

static void on_fd(void *ctx, int fd, unsigned events)
{
    struct seen *s = ctx;
    char c;
    assert_true(events & LOOP_IN);
    assert_int_equal(read(fd, &c, 1), 1);
    s->reads++;
    loop_defer(s->loop, on_defer, s);
    loop_defer(s->loop, on_defer, s);
    loop_del(s->watch);
}

static void on_child(void *ctx, int pid, int status)
{
    struct seen *s = ctx;
    assert_true(pid > 0 && WIFEXITED(status));
    s->children++;
    loop_stop(s->loop);
}

static void on_timer(void *ctx)
{
    struct seen *s = ctx;
    s->timers++;
    if (s->timers < 3) {
        loop_timer_move(s->timer, deadline_in_ms(1));
        return;
    }
    const char *argv[] = {"true", NULL};
    pid_t pid;
    assert_false(
        failed(child_start(&(struct child_spec){.path = "/bin/true", .argv = argv}, &pid)));
}

static void the_loop_serves_descriptors_timers_and_children(void **state)
{
    (void)state;
    int a, b;
    assert_false(failed(fd_pair(FD_PAIR_STREAM, &a, &b)));
    struct seen s = {.loop = loop_new()};
    s.watch = loop_add(s.loop, a, LOOP_IN, on_fd, &s);
    s.timer = loop_at(s.loop, deadline_in_ms(1), on_timer, &s);
    loop_children(s.loop, on_child, &s);
    assert_int_equal(write(b, "xy", 2), 2);
    assert_false(failed(loop_run(s.loop)));
    assert_int_equal(s.reads, 1);
    assert_int_equal(s.defers, 1);
    assert_int_equal(s.timers, 3);
    assert_int_equal(s.children, 1);
    loop_timer_del(s.timer);
    loop_free(s.loop);
    fd_close(a);
    fd_close(b);
}

static void addresses_are_read_and_written(void **state)
{
    (void)state;
    struct net_address a;
    char text[64];
    assert_false(failed(net_address_parse(S("::ffff:192.0.2.1"), 25, &a)));
    assert_true(str_eq(net_address_text(&a, text, sizeof text), S("192.0.2.1")));
    assert_false(failed(net_address_parse(S("127.0.0.9"), 25, &a)));
    assert_true(net_address_is_loopback(&a));
    assert_true(failed(net_address_parse(S("1.2.3"), 25, &a)));
}

static void a_sandboxed_process_cannot_open_files(void **state)
{
    (void)state;
    pid_t pid = fork();
    if (pid == 0) {
        struct sandbox nothing = {0};
        if (failed(sandbox_enter(&nothing)) || sandbox_missing()[0])
            _exit(2); /* the kernel here grants no sandbox */
        _exit(open("/etc/passwd", O_RDONLY) < 0 ? 0 : 1);
    }
    int status;
    assert_false(failed(child_wait(pid, deadline_in_ms(10000), &status)));
    if (WEXITSTATUS(status) == 2)
        skip();
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_of_any_arrival_are_read_whole),
        cmocka_unit_test(replacing_the_socket_forgets_what_came_too_early),
        cmocka_unit_test(a_stream_ends_when_its_leash_is_let_go),
        cmocka_unit_test(replacing_a_file_leaves_the_new_content_and_no_leftovers),
        cmocka_unit_test(a_child_gets_exactly_its_descriptors),
        cmocka_unit_test(the_loop_serves_descriptors_timers_and_children),
        cmocka_unit_test(addresses_are_read_and_written),
        cmocka_unit_test(a_sandboxed_process_cannot_open_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
