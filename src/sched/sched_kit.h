/* SPDX-License-Identifier: ISC */
/* sched/sched_kit.h -- for sched_test.c: sched in a child process as it stands, and the parts of
 * everybody else (init, clients, route, workers) to be played over the real conversations.
 * Tests only.
 */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ipc/admin.h"
#include "ipc/door.h"
#include "log/event.h"
#include "os/clock.h"
#include "os/fd.h"
#include "os/file.h"
#include "sched/sched.h"

enum { WAIT_MS = 10000 };

struct house {
    char path[64];
    int root, queue;
    pid_t pid;
    struct channel *init;               /* our end, as init */
    int doors[PROGRAM_COUNT];           /* of sched's clients */
    struct channel *route_door, *route; /* we are route */
    int site_fd;
};

static deadline soon(void)
{
    return deadline_in_ms(WAIT_MS);
}

static void put(struct house *h, const char *name, const char *content)
{
    char path[200];
    (void)snprintf(path, sizeof path, "var/qmail/control/%s", name);
    assert_false(failed(file_replace(h->root, path, str_from(content), 0644)));
}

static void seal_site(struct house *h)
{
    auto_buf struct buf b;
    buf_init(&b, SITE_ARCHIVE_MAX);
    assert_false(failed(site_collect(h->root, false, &b)));
    fd_close(h->site_fd);
    assert_false(failed(fd_sealed("site", buf_str(&b), &h->site_fd)));
}

static void house_make(struct house *h)
{
    *h = (struct house){.path = "/tmp/twp-sched-test.XXXXXX", .site_fd = -1};
    assert_non_null(mkdtemp(h->path));
    assert_false(failed(dir_open(AT_FDCWD, h->path, &h->root)));
    assert_false(failed(dir_make_all(h->root, "var/qmail/control", 0755)));
    assert_false(failed(dir_make_all(h->root, "queue", 0700)));
    assert_false(failed(dir_open(h->root, "queue", &h->queue)));
    put(h, "me", "mail.example.test\n");
}

static void child_run(struct house *h, int init_fd, const int *clients, int route_fd)
{
    static struct boot boot;
    static struct sched sched;
    int null;
    assert_false(failed(file_open(AT_FDCWD, "/dev/null", O_RDWR, 0, &null)));
    (void)dup2(null, STDERR_FILENO);
    log_open("sched", -1);
    (void)signal(SIGPIPE, SIG_IGN);
    boot = (struct boot){.init = channel_new(init_fd), .site_fd = h->site_fd};
    for (int p = 0; p < PROGRAM_COUNT; p++) {
        boot.doors[p] = -1;
        if (clients[p])
            boot.clients[p] = channel_new(clients[p]);
    }
    boot.doors[PROGRAM_ROUTE] = route_fd;
    (void)snprintf(boot.dirs[0].name, sizeof boot.dirs[0].name, "queue");
    boot.dirs[0].fd = h->queue;
    err e = sched_open(&sched, &boot);
    if (!failed(e))
        e = sched_run(&sched);
    sched_close(&sched);
    for (int p = 0; p < PROGRAM_COUNT; p++)
        channel_free(boot.clients[p]);
    channel_free(boot.init);
    exit(failed(e) ? 111 : 0); /* not _exit: the leak checker has its look */
}

static void house_start(struct house *h)
{
    static const enum program programs[] = {PROGRAM_SMTPD, PROGRAM_CTL, PROGRAM_DELIVER,
                                            PROGRAM_LOCAL};
    int clients[PROGRAM_COUNT] = {0}, init_mine, init_theirs, route_mine, route_theirs;
    seal_site(h);
    assert_false(failed(fd_pair(FD_PAIR_PACKET, &init_mine, &init_theirs)));
    assert_false(failed(fd_pair(FD_PAIR_PACKET, &route_mine, &route_theirs)));
    for (int p = 0; p < PROGRAM_COUNT; p++)
        h->doors[p] = -1;
    for (size_t i = 0; i < sizeof programs / sizeof programs[0]; i++)
        assert_false(
            failed(fd_pair(FD_PAIR_PACKET, &h->doors[programs[i]], &clients[programs[i]])));
    h->pid = fork();
    assert_true(h->pid >= 0);
    if (h->pid == 0) {
        fd_close(init_mine);
        fd_close(route_mine);
        for (int p = 0; p < PROGRAM_COUNT; p++)
            fd_close(h->doors[p]);
        child_run(h, init_theirs, clients, route_theirs);
    }
    fd_close(init_theirs);
    fd_close(route_theirs);
    for (int p = 0; p < PROGRAM_COUNT; p++)
        if (clients[p])
            fd_close(clients[p]);
    h->init = channel_new(init_mine);
    h->route_door = channel_new(route_mine);
    h->route = NULL;
    struct packet p;
    assert_false(failed(channel_recv(h->init, soon(), &p)));
    assert_int_equal(p.type, IPC_INIT_READY);
}

static void hang_up(struct house *h)
{
    channel_free(h->init);
    channel_free(h->route_door);
    channel_free(h->route);
    for (int p = 0; p < PROGRAM_COUNT; p++)
        fd_close(h->doors[p]);
}

static void house_stop(struct house *h)
{
    int status;
    assert_false(
        failed(channel_send(h->init, &init_drain_schema, 0, &(struct init_nothing){0}, NULL, 0)));
    assert_int_equal(waitpid(h->pid, &status, 0), h->pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    hang_up(h);
}

static void house_kill(struct house *h)
{
    int status;
    assert_int_equal(kill(h->pid, SIGKILL), 0);
    assert_int_equal(waitpid(h->pid, &status, 0), h->pid);
    hang_up(h);
}

static err remove_tree(void *ctx, const struct dir_entry *e)
{
    char name[300];
    (void)snprintf(name, sizeof name, "%.*s", STR_ARG(e->name));
    int dir = *(int *)ctx;
    if (unlinkat(dir, name, 0) == 0)
        return OK_ERR;
    int sub;
    assert_false(failed(dir_open(dir, name, &sub)));
    assert_false(failed(dir_each(sub, ".", remove_tree, &sub)));
    fd_close(sub);
    assert_int_equal(unlinkat(dir, name, AT_REMOVEDIR), 0);
    return OK_ERR;
}

static void house_remove(struct house *h)
{
    fd_close(h->queue);
    fd_close(h->site_fd);
    assert_false(failed(dir_each(h->root, ".", remove_tree, &h->root)));
    fd_close(h->root);
    assert_int_equal(rmdir(h->path), 0);
}

/* ---- the others' parts ---- */

static struct channel *knock(struct house *h, enum program p)
{
    struct channel *c;
    assert_false(failed(door_open(h->doors[p], &c)));
    return c;
}

static void submit_send(struct channel *c, str sender, str recipients, str message)
{
    struct submit s = {.sid = S("00"),
                       .sender = sender,
                       .recipients = recipients,
                       .message = message,
                       .size = message.n,
                       .uid = 1000,
                       .pid = 4711};
    assert_false(failed(channel_send(c, &submit_schema, 1, &s, NULL, 0)));
}

static uint64_t submit_done(struct channel *c)
{
    struct packet p;
    struct submit_done d;
    uint64_t id;
    assert_false(failed(channel_recv(c, soon(), &p)));
    assert_false(failed(ipc_decode(&submit_done_schema, p.bytes, &d)));
    assert_int_equal(d.ok, 1);
    assert_true(str_u64(d.id, &id));
    return id;
}

static uint64_t submit(struct channel *c, str sender, str recipients, str message)
{
    submit_send(c, sender, recipients, message);
    return submit_done(c);
}

static void route_answers(struct house *h, str want, const struct route_answer *a)
{
    if (!h->route) {
        struct door_knock who;
        int fd = -1;
        err e = err_new(ERR_TEMP, "");
        for (deadline by = soon(); e.kind == ERR_TEMP && deadline_left_ms(by) > 0;)
            e = door_answer(h->route_door, &who, &fd);
        assert_false(failed(e));
        h->route = channel_new(fd);
    }
    struct packet p;
    struct route_ask ask;
    assert_false(failed(channel_recv(h->route, soon(), &p)));
    assert_false(failed(ipc_decode(&route_ask_schema, p.bytes, &ask)));
    assert_true(str_eq(ask.address, want));
    assert_int_equal(ask.purpose, ROUTE_DELIVER);
    assert_false(failed(channel_send(h->route, &route_answer_schema, p.id, a, NULL, 0)));
}

static const struct route_answer taro = {.outcome = ROUTE_LOCAL,
                                         .address = S("taro@example.test"),
                                         .host = S("example.test"),
                                         .user = S("taro"),
                                         .uid = 1001,
                                         .gid = 1001,
                                         .home = S("/home/taro"),
                                         .local = S("taro")};
static const struct route_answer ann = {.outcome = ROUTE_LOCAL,
                                        .address = S("ann@example.test"),
                                        .host = S("example.test"),
                                        .user = S("ann"),
                                        .uid = 1002,
                                        .gid = 1002,
                                        .home = S("/home/ann"),
                                        .local = S("ann")};

static struct channel *init_gives_worker(struct house *h, enum program program)
{
    struct packet p;
    struct init_worker_ask ask;
    int mine, theirs;
    assert_false(failed(channel_recv(h->init, soon(), &p)));
    assert_int_equal(p.type, IPC_INIT_WORKER_ASK);
    assert_false(failed(ipc_decode(&init_worker_ask_schema, p.bytes, &ask)));
    assert_int_equal(ask.program, program);
    assert_false(failed(fd_pair(FD_PAIR_PACKET, &mine, &theirs)));
    assert_false(failed(channel_send(h->init, &init_worker_schema, p.id,
                                     &(struct init_worker){.ok = 1}, &theirs, 1)));
    fd_close(theirs);
    return channel_new(mine);
}

/* The views live until the next receive on this channel. */
static struct work_job job(struct channel *worker)
{
    struct packet p;
    struct work_job j;
    assert_false(failed(channel_recv(worker, soon(), &p)));
    assert_false(failed(ipc_decode(&work_job_schema, p.bytes, &j)));
    return j;
}

static void result(struct channel *worker, uint64_t id, enum work_outcome outcome, str text)
{
    struct work_result r = {.job = id, .outcome = outcome, .text = text};
    assert_false(failed(channel_send(worker, &work_result_schema, 0, &r, NULL, 0)));
}

/* What an administrator's command prints; the exit code comes back. */
static uint32_t admin(struct house *h, str words, struct buf *out)
{
    struct channel *c = knock(h, PROGRAM_CTL);
    assert_false(
        failed(channel_send(c, &admin_ask_schema, 5, &(struct admin_ask){words}, NULL, 0)));
    buf_init(out, 1 << 20);
    for (;;) {
        struct packet p;
        struct admin_line line;
        struct admin_end end;
        assert_false(failed(channel_recv(c, soon(), &p)));
        if (p.type == IPC_ADMIN_LINE) {
            assert_false(failed(ipc_decode(&admin_line_schema, p.bytes, &line)));
            buf_add(out, line.text);
            buf_addc(out, '\n');
            continue;
        }
        assert_false(failed(ipc_decode(&admin_end_schema, p.bytes, &end)));
        buf_add(out, end.text);
        uint32_t code = end.exit_code;
        channel_free(c);
        return code;
    }
}

/* Results are recorded before anything else is read, so one question is wait enough. */
static void assert_queue_says(struct house *h, str words, str want)
{
    auto_buf struct buf b;
    (void)admin(h, words, &b);
    if (str_find_str(buf_str(&b), want) < 0)
        print_message("wanted: %.*s\ngot: %.*s\n", STR_ARG(want), STR_ARG(buf_str(&b)));
    assert_true(str_find_str(buf_str(&b), want) >= 0);
}

static void await_empty(struct house *h)
{
    for (deadline by = soon(); deadline_left_ms(by) > 0;) {
        auto_buf struct buf b;
        (void)admin(h, S("queue\0qstat\0"), &b);
        if (str_starts(buf_str(&b), S("messages in queue: 0\n")))
            return;
    }
    fail_msg("the queue does not become empty");
}

#define RCPT(a) S(a "\0\0\0")
