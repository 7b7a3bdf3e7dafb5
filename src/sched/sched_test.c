/* SPDX-License-Identifier: ISC */
/* How it works: sched runs in a child process as it stands; this process plays everybody else
 * over the real conversations: init, the clients, route, the workers. So a test reads as the
 * story of a message. */
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

/* ---- stories ---- */

static void a_message_is_taken_routed_delivered_and_gone(void **t)
{
    (void)t;
    struct house h;
    house_make(&h);
    house_start(&h);
    struct channel *c = knock(&h, PROGRAM_SMTPD);
    uint64_t id = submit(c, S("x@y"), RCPT("taro@example.test"), S("Subject: a\n\nb\n"));
    route_answers(&h, S("taro@example.test"), &taro);
    struct channel *w = init_gives_worker(&h, PROGRAM_DELIVER);
    struct work_job j = job(w);
    assert_true(str_eq(j.sender, S("x@y")));
    assert_true(str_eq(j.recipients, S("taro@example.test")));
    assert_true(str_eq(j.user, S("taro")) && str_eq(j.home, S("/home/taro")));
    assert_true(str_eq(j.message, S("Subject: a\n\nb\n")));
    assert_true(str_eq(j.default_delivery, S("./Maildir/")) ||
                str_starts(j.default_delivery, S("./Maildir/")));
    assert_int_equal(j.flags & WORK_REPEATED, 0);
    uint64_t number;
    assert_true(str_u64(j.id, &number) && number == id);
    auto_buf struct buf b;
    assert_int_equal(admin(&h, S("queue\0qstat\0"), &b), 0);
    assert_true(str_starts(buf_str(&b), S("messages in queue: 1\n")));
    result(w, j.job, WORK_OK, S("did 1+0+0\n"));
    await_empty(&h);
    channel_free(w);
    channel_free(c);
    house_stop(&h);
    house_start(&h); /* and stays gone */
    await_empty(&h);
    house_stop(&h);
    house_remove(&h);
}

static void a_burst_to_one_user_has_one_worker_and_one_question(void **t)
{
    (void)t;
    struct house h;
    house_make(&h);
    house_start(&h);
    struct channel *c[20];
    for (int i = 0; i < 20; i++) {
        c[i] = knock(&h, PROGRAM_SMTPD);
        submit_send(c[i], S("x@y"), RCPT("taro@example.test"), S("m\n"));
    }
    for (int i = 0; i < 20; i++)
        (void)submit_done(c[i]);
    route_answers(&h, S("taro@example.test"), &taro);
    struct channel *w = init_gives_worker(&h, PROGRAM_DELIVER);
    uint64_t ids[20];
    for (int i = 0; i < 20; i++) /* all of them in the window, none answered */
        ids[i] = job(w).job;
    for (int i = 19; i >= 0; i--) /* in any order */
        result(w, ids[i], WORK_OK, S("did 1+0+0\n"));
    await_empty(&h);
    for (int i = 0; i < 20; i++)
        channel_free(c[i]);
    channel_free(w);
    house_stop(&h);
    house_remove(&h);
}

static void mail_taken_before_a_kill_is_delivered_after_it(void **t)
{
    (void)t;
    struct house h;
    house_make(&h);
    house_start(&h);
    struct channel *c = knock(&h, PROGRAM_SMTPD);
    uint64_t id = submit(c, S("x@y"), S("taro@example.test\0\0\0ann@example.test\0\0\0"), S("m\n"));
    house_kill(&h);
    channel_free(c);
    house_start(&h);
    route_answers(&h, S("taro@example.test"), &taro);
    route_answers(&h, S("ann@example.test"), &ann);
    struct channel *w = init_gives_worker(&h, PROGRAM_DELIVER);
    struct channel *w2 = init_gives_worker(&h, PROGRAM_DELIVER);
    struct work_job j = job(w);
    uint64_t number;
    assert_true(str_u64(j.id, &number) && number == id);
    assert_int_equal(j.flags & WORK_REPEATED, WORK_REPEATED); /* it may have got through */
    assert_int_equal(j.number, 0);
    result(w, j.job, WORK_OK, S("did 1+0+0\n"));
    j = job(w2);
    assert_int_equal(j.number, 1);
    result(w2, j.job, WORK_OK, S("did 1+0+0\n"));
    await_empty(&h);
    channel_free(w);
    channel_free(w2);
    house_stop(&h);
    house_remove(&h);
}

static void a_worker_that_dies_defers_its_jobs(void **t)
{
    (void)t;
    struct house h;
    house_make(&h);
    house_start(&h);
    struct channel *c = knock(&h, PROGRAM_SMTPD);
    (void)submit(c, S("x@y"), RCPT("taro@example.test"), S("m\n"));
    route_answers(&h, S("taro@example.test"), &taro);
    struct channel *w = init_gives_worker(&h, PROGRAM_DELIVER);
    (void)job(w);
    channel_free(w);
    for (deadline by = soon(); deadline_left_ms(by) > 0;) {
        auto_buf struct buf b;
        (void)admin(&h, S("queue\0list\0"), &b);
        if (str_find_str(buf_str(&b), S(" waiting ")) >= 0)
            break;
    }
    auto_buf struct buf b;
    assert_int_equal(admin(&h, S("queue\0retry\0all\0"), &b), 0);
    /* asked again only when the answer has grown old: a retry at once uses it */
    w = init_gives_worker(&h, PROGRAM_DELIVER);
    struct work_job j = job(w);
    assert_int_equal(j.flags & WORK_REPEATED, WORK_REPEATED);
    result(w, j.job, WORK_OK, S("did 1+0+0\n"));
    await_empty(&h);
    channel_free(w);
    channel_free(c);
    house_stop(&h);
    house_remove(&h);
}

static void a_failure_becomes_a_bounce_a_double_and_then_an_alarm(void **t)
{
    (void)t;
    struct house h;
    house_make(&h);
    put(&h, "doublebounceto", "taro\n");
    put(&h, "doublebouncehost", "example.test\n");
    house_start(&h);
    struct channel *c = knock(&h, PROGRAM_SMTPD);
    (void)submit(c, S("ann@example.test"), RCPT("nobody@example.test"), S("Subject: a\n\nbody\n"));
    route_answers(
        &h, S("nobody@example.test"),
        &(struct route_answer){.outcome = ROUTE_NO_USER,
                               .address = S("nobody@example.test"),
                               .text = S("Sorry, no mailbox here by that name. (#5.1.1)")});
    /* the bounce goes to ann, with the empty sender */
    route_answers(&h, S("ann@example.test"), &ann);
    struct channel *w = init_gives_worker(&h, PROGRAM_DELIVER);
    struct work_job j = job(w);
    assert_int_equal(j.sender.n, 0);
    assert_true(str_find_str(j.message, S("Hi. This is the qmail-send program at "
                                          "mail.example.test.\n")) > 0);
    assert_true(str_find_str(j.message, S("\n<nobody@example.test>:\nSorry, no mailbox here by "
                                          "that name. (#5.1.1)\n\n--- Below this line is a copy "
                                          "of the message.\n\nReturn-Path: "
                                          "<ann@example.test>\nSubject: a\n\nbody\n")) > 0);
    assert_true(str_starts(j.message, S("Received: (qmail ")));
    result(w, j.job, WORK_PERM, S("Sorry, that mailbox burnt down. (#5.2.0)\n"));
    /* the double bounce goes to taro, from #@[] */
    route_answers(&h, S("taro@example.test"), &taro);
    struct channel *w2 = init_gives_worker(&h, PROGRAM_DELIVER);
    j = job(w2);
    assert_true(str_eq(j.sender, S("#@[]")));
    assert_true(str_find_str(j.message, S("I tried to deliver a bounce message to this address, "
                                          "but the bounce bounced!")) > 0);
    assert_true(str_find_str(j.message, S("--- Below this line is the original bounce.")) > 0);
    /* a third is not made */
    result(w2, j.job, WORK_PERM, S("no\n"));
    await_empty(&h);
    channel_free(w);
    channel_free(w2);
    channel_free(c);
    house_stop(&h);
    house_remove(&h);
}

static void recipients_at_one_host_share_a_job_and_have_each_his_result(void **t)
{
    (void)t;
    struct house h;
    house_make(&h);
    house_start(&h);
    struct channel *c = knock(&h, PROGRAM_SMTPD);
    (void)submit(c, S("ann@example.test"), S("a@far.test\0\0\0b@far.test\0\0\0c@FAR.test\0\0\0"),
                 S("m\n"));
    route_answers(&h, S("a@far.test"),
                  &(struct route_answer){
                      .outcome = ROUTE_REMOTE, .address = S("a@far.test"), .host = S("far.test")});
    route_answers(&h, S("b@far.test"),
                  &(struct route_answer){
                      .outcome = ROUTE_REMOTE, .address = S("b@far.test"), .host = S("far.test")});
    route_answers(&h, S("c@FAR.test"),
                  &(struct route_answer){
                      .outcome = ROUTE_REMOTE, .address = S("c@FAR.test"), .host = S("FAR.test")});
    struct channel *w = init_gives_worker(&h, PROGRAM_RELAY);
    struct work_job j = job(w);
    assert_true(str_eq(j.host, S("far.test")));
    assert_true(str_eq(j.recipients, S("a@far.test\0b@far.test\0c@FAR.test\0")));
    struct work_result r = {
        .job = j.job,
        .outcome = WORK_OK,
        .text = S("192.0.2.1 accepted message.\nRemote host said: 250 ok\n"),
        .recipients = S("r\0h192.0.2.1 does not like recipient.\n\0s192.0.2.1 is busy\n\0")};
    assert_false(failed(channel_send(w, &work_result_schema, 0, &r, NULL, 0)));
    for (deadline by = soon(); deadline_left_ms(by) > 0;) {
        auto_buf struct buf b;
        (void)admin(&h, S("queue\0list\0"), &b);
        if (str_find_str(buf_str(&b), S(" 1/3 c@FAR.test")) >= 0)
            break;
    }
    assert_queue_says(&h, S("queue\0qread\0"),
                      S("<ann@example.test>  bouncing\n  done\tremote\ta@far.test\n"
                        "  done\tremote\tb@far.test\n\tremote\tc@FAR.test\n"));
    channel_free(w);
    channel_free(c);
    house_stop(&h);
    house_remove(&h);
}

static void who_asks_for_a_success_notice_gets_one_and_never_means_never(void **t)
{
    (void)t;
    struct house h;
    house_make(&h);
    house_start(&h);
    struct channel *c = knock(&h, PROGRAM_SMTPD);
    (void)submit(c, S("ann@example.test"), S("taro@example.test\0SUCCESS,FAILURE\0\0"),
                 S("Subject: a\n\nbody\n"));
    route_answers(&h, S("taro@example.test"), &taro);
    struct channel *w = init_gives_worker(&h, PROGRAM_DELIVER);
    struct work_job j = job(w);
    result(w, j.job, WORK_OK, S("did 1+0+0\n"));
    route_answers(&h, S("ann@example.test"), &ann);
    struct channel *w2 = init_gives_worker(&h, PROGRAM_DELIVER);
    j = job(w2);
    assert_int_equal(j.sender.n, 0);
    assert_true(str_find_str(j.message, S("Action: delivered\n")) > 0);
    assert_true(str_find_str(j.message, S("taro@example.test")) > 0);
    assert_true(str_find_str(j.message, S("\nbody\n")) < 0); /* the header alone */
    result(w2, j.job, WORK_OK, S("did 1+0+0\n"));
    await_empty(&h);
    (void)submit(c, S("ann@example.test"), S("taro@example.test\0NEVER\0\0"), S("m\n"));
    j = job(w);
    result(w, j.job, WORK_PERM, S("no (#5.0.0)\n"));
    await_empty(&h); /* without a bounce */
    channel_free(w);
    channel_free(w2);
    channel_free(c);
    house_stop(&h);
    house_remove(&h);
}

static void verp_senders_are_made_for_each_recipient(void **t)
{
    (void)t;
    struct house h;
    house_make(&h);
    house_start(&h);
    struct channel *c = knock(&h, PROGRAM_SMTPD);
    (void)submit(c, S("owner-@list.test-@[]"), S("a@far.test\0\0\0b@far.test\0\0\0"), S("m\n"));
    const struct route_answer a = {
        .outcome = ROUTE_REMOTE, .address = S("a@far.test"), .host = S("far.test")};
    const struct route_answer b = {
        .outcome = ROUTE_REMOTE, .address = S("b@far.test"), .host = S("far.test")};
    route_answers(&h, S("a@far.test"), &a);
    route_answers(&h, S("b@far.test"), &b);
    struct channel *w = init_gives_worker(&h, PROGRAM_RELAY);
    struct work_job j = job(w);
    assert_true(str_eq(j.sender, S("owner-a=far.test@list.test")));
    assert_true(str_eq(j.recipients, S("a@far.test\0")));
    result(w, j.job, WORK_OK, S("ok\n"));
    j = job(w);
    assert_true(str_eq(j.sender, S("owner-b=far.test@list.test")));
    result(w, j.job, WORK_OK, S("ok\n"));
    await_empty(&h);
    channel_free(w);
    channel_free(c);
    house_stop(&h);
    house_remove(&h);
}

static void large_bodies_travel_as_descriptors(void **t)
{
    (void)t;
    struct house h;
    house_make(&h);
    house_start(&h);
    struct channel *c = knock(&h, PROGRAM_SMTPD);
    size_t size = 400'000;
    char *body = mem_alloc("body", size);
    memset(body, 'q', size);
    /* sealed memory for the middle sizes */
    auto_fd int sealed = -1;
    assert_false(failed(fd_sealed("m", str_of(body, 200'000), &sealed)));
    struct submit s = {
        .sender = S("x@y"), .recipients = RCPT("taro@example.test"), .size = 200'000};
    assert_false(failed(channel_send(c, &submit_schema, 1, &s, &sealed, 1)));
    (void)submit_done(c);
    /* a file for the large */
    struct submit_file f;
    struct packet p;
    assert_false(failed(channel_ask(c, &submit_file_ask_schema, &(struct submit_file_ask){size},
                                    NULL, 0, &submit_file_schema, soon(), &f, &p)));
    assert_true(f.file != 0 && p.n_fds == 1);
    assert_false(failed(file_write(p.fds[0], str_of(body, size))));
    assert_false(failed(file_sync(p.fds[0])));
    s.size = size;
    s.file = f.file;
    assert_false(failed(channel_send(c, &submit_schema, 1, &s, NULL, 0)));
    (void)submit_done(c);
    route_answers(&h, S("taro@example.test"), &taro);
    struct channel *w = init_gives_worker(&h, PROGRAM_DELIVER);
    for (int i = 0; i < 2; i++) {
        struct work_job j;
        assert_false(failed(channel_recv(w, soon(), &p)));
        assert_false(failed(ipc_decode(&work_job_schema, p.bytes, &j)));
        assert_int_equal(p.n_fds, 1);
        assert_int_equal(j.size, i ? size : 200'000);
        str got;
        assert_false(failed(fd_map(p.fds[0], 1 << 20, &got)));
        assert_int_equal(got.n, j.size);
        assert_memory_equal(got.p, body, got.n);
        assert_int_equal(write(p.fds[0], "x", 1), -1); /* read only */
        fd_unmap(got);
        result(w, j.job, WORK_OK, S("did 1+0+0\n"));
    }
    await_empty(&h);
    free(body);
    channel_free(w);
    channel_free(c);
    house_stop(&h);
    house_remove(&h);
}

static void what_is_malformed_is_refused_and_the_rest_goes_on(void **t)
{
    (void)t;
    struct house h;
    house_make(&h);
    house_start(&h);
    static const struct {
        const char *name;
        struct submit s;
    } bad[] = {
        {"no recipient", {.message = S("m\n"), .size = 2}},
        {"another size", {.recipients = RCPT("a@b"), .message = S("m\n"), .size = 3}},
        {"unterminated recipient", {.recipients = S("a@b"), .message = S("m\n"), .size = 2}},
        {"somebody else's file", {.recipients = RCPT("a@b"), .size = 2, .file = 1}},
    };
    struct channel *c = knock(&h, PROGRAM_SMTPD);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct submit_done d;
        err e = channel_ask(c, &submit_schema, &bad[i].s, NULL, 0, &submit_done_schema, soon(), &d,
                            NULL);
        if (failed(e))
            print_message("%s: %s\n", bad[i].name, err_text(e));
        assert_false(failed(e));
        assert_int_equal(d.ok, 0);
        assert_int_equal(d.permanent, 1);
    }
    struct channel *local = knock(&h, PROGRAM_LOCAL);
    assert_false(failed(channel_send(local, &admin_ask_schema, 1,
                                     &(struct admin_ask){S("queue\0list\0")}, NULL, 0)));
    struct packet p;
    assert_int_equal(channel_recv(local, soon(), &p).kind, ERR_CLOSED); /* not an administrator */
    await_empty(&h);
    channel_free(local);
    channel_free(c);
    house_stop(&h);
    house_remove(&h);
}

static void an_administrator_holds_releases_and_drops(void **t)
{
    (void)t;
    struct house h;
    house_make(&h);
    house_start(&h);
    struct channel *c = knock(&h, PROGRAM_SMTPD);
    uint64_t id = submit(c, S("x@y"), RCPT("taro@example.test"), S("m\n"));
    route_answers(&h, S("taro@example.test"),
                  &(struct route_answer){.outcome = ROUTE_TEMP,
                                         .address = S("taro@example.test"),
                                         .text = S("home is away")});
    char words[80];
    auto_buf struct buf b1, b2, b3, b4, b5;
    int n = snprintf(words, sizeof words, "queue%chold%c%llu%c", 0, 0, (unsigned long long)id, 0);
    assert_int_equal(admin(&h, str_of(words, (size_t)n), &b1), 0);
    assert_queue_says(&h, S("queue\0list\0"), S(" held "));
    n = snprintf(words, sizeof words, "queue%cshow%c%llu%c", 0, 0, (unsigned long long)id, 0);
    assert_queue_says(&h, str_of(words, (size_t)n), S("    home is away\n"));
    house_kill(&h); /* the hold is durable within a moment; here it was asked about since */
    channel_free(c);
    house_start(&h);
    n = snprintf(words, sizeof words, "queue%crelease%c%llu%c", 0, 0, (unsigned long long)id, 0);
    (void)admin(&h, str_of(words, (size_t)n), &b2);
    n = snprintf(words, sizeof words, "queue%cdrop%c%llu%c", 0, 0, (unsigned long long)id, 0);
    assert_int_equal(admin(&h, str_of(words, (size_t)n), &b3), 0);
    await_empty(&h);
    assert_int_equal(admin(&h, str_of(words, (size_t)n), &b4), 100);
    assert_int_equal(admin(&h,
                           S("queue\0dance\0"
                             "1\0"),
                           &b5),
                     100);
    house_stop(&h);
    house_remove(&h);
}

static void concurrency_zero_holds_and_a_reload_lets_go(void **t)
{
    (void)t;
    struct house h;
    house_make(&h);
    put(&h, "concurrencylocal", "0\n");
    house_start(&h);
    struct channel *c = knock(&h, PROGRAM_SMTPD);
    (void)submit(c, S("x@y"), RCPT("taro@example.test"), S("m\n"));
    route_answers(&h, S("taro@example.test"), &taro);
    assert_queue_says(&h, S("queue\0status\0"), S("local 0/0\n"));
    struct packet p;
    assert_int_equal(channel_try_recv(h.init, &p).kind, ERR_TEMP); /* no worker was asked for */
    put(&h, "concurrencylocal", "5\n");
    seal_site(&h);
    assert_false(failed(channel_send(h.init, &init_site_schema, 0,
                                     &(struct init_site){.generation = 2}, &h.site_fd, 1)));
    struct channel *w = init_gives_worker(&h, PROGRAM_DELIVER);
    struct work_job j = job(w);
    result(w, j.job, WORK_OK, S("did 1+0+0\n"));
    await_empty(&h);
    channel_free(w);
    channel_free(c);
    house_stop(&h);
    house_remove(&h);
}

static void draining_finishes_what_flies_and_keeps_the_rest(void **t)
{
    (void)t;
    struct house h;
    house_make(&h);
    house_start(&h);
    struct channel *c = knock(&h, PROGRAM_SMTPD);
    (void)submit(c, S("x@y"), RCPT("taro@example.test"), S("one\n"));
    route_answers(&h, S("taro@example.test"), &taro);
    struct channel *w = init_gives_worker(&h, PROGRAM_DELIVER);
    struct work_job j = job(w);
    assert_false(
        failed(channel_send(h.init, &init_drain_schema, 0, &(struct init_nothing){0}, NULL, 0)));
    /* new mail is refused for now */
    struct submit s = {.recipients = RCPT("taro@example.test"), .message = S("two\n"), .size = 4};
    struct submit_done d = {.ok = 1};
    deadline by = soon();
    while (d.ok && deadline_left_ms(by) > 0) {
        err e = channel_ask(c, &submit_schema, &s, NULL, 0, &submit_done_schema, soon(), &d, NULL);
        assert_false(failed(e));
    }
    assert_int_equal(d.permanent, 0);
    result(w, j.job, WORK_OK, S("did 1+0+0\n"));
    int status;
    assert_int_equal(waitpid(h.pid, &status, 0), h.pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    hang_up(&h);
    channel_free(w);
    channel_free(c);
    house_remove(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_is_taken_routed_delivered_and_gone),
        cmocka_unit_test(a_burst_to_one_user_has_one_worker_and_one_question),
        cmocka_unit_test(mail_taken_before_a_kill_is_delivered_after_it),
        cmocka_unit_test(a_worker_that_dies_defers_its_jobs),
        cmocka_unit_test(a_failure_becomes_a_bounce_a_double_and_then_an_alarm),
        cmocka_unit_test(recipients_at_one_host_share_a_job_and_have_each_his_result),
        cmocka_unit_test(who_asks_for_a_success_notice_gets_one_and_never_means_never),
        cmocka_unit_test(verp_senders_are_made_for_each_recipient),
        cmocka_unit_test(large_bodies_travel_as_descriptors),
        cmocka_unit_test(what_is_malformed_is_refused_and_the_rest_goes_on),
        cmocka_unit_test(an_administrator_holds_releases_and_drops),
        cmocka_unit_test(concurrency_zero_holds_and_a_reload_lets_go),
        cmocka_unit_test(draining_finishes_what_flies_and_keeps_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
