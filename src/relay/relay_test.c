/* SPDX-License-Identifier: ISC */
#include "relay/relay.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>

#include <cmocka.h>

#include "client/fake_smtp.h"
#include "os/sandbox.h"

/* A house of control files, a relay in a child process as confined as in life, and this
 * process as sched. */
static struct {
    char path[64];
    int root, state;
    pid_t relay;
    struct channel *sched;
    struct fake fake;
    struct packet packet;
} t;

#define CONTROL "var/qmail/control/"
#define HELLO "accept\nS:220 mx ESMTP\nC=EHLO relay.example.test\nS:250-mx\nS:250 PIPELINING\n"
#define ENVELOPE "C:MAIL\nC:RCPT\nC:DATA\nS:250 ok\nS:250 ok\nS:354 go\n"

static void write_control(const char *name, str text)
{
    char path[128];
    snprintf(path, sizeof path, CONTROL "%s", name);
    assert_false(failed(file_replace(t.root, path, text, 0644)));
}

static void make_house(void)
{
    snprintf(t.path, sizeof t.path, "/tmp/relay-test-XXXXXX");
    assert_non_null(mkdtemp(t.path));
    assert_false(failed(dir_open(AT_FDCWD, t.path, &t.root)));
    assert_false(failed(dir_make_all(t.root, CONTROL, 0755)));
    assert_false(failed(dir_make(t.root, "state", 0755)));
    assert_false(failed(dir_open(t.root, "state", &t.state)));
    write_control("me", S("relay.example.test\n"));
    write_control("timeoutremote", S("5\n"));
    write_control("timeoutconnect", S("5\n"));
    write_control("resolvers", S("zone .\n"));
}

static void remove_house(void)
{
    static const char *const names[] = {"me",        "timeoutremote", "timeoutconnect",
                                        "resolvers", "smtproutes",    "relayauth"};
    char path[128];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, CONTROL "%s", names[i]);
        (void)unlinkat(t.root, path, 0);
    }
    (void)unlinkat(t.state, "tcpto", 0);
    (void)unlinkat(t.root, "state", AT_REMOVEDIR);
    (void)unlinkat(t.root, CONTROL, AT_REMOVEDIR);
    (void)unlinkat(t.root, "var/qmail", AT_REMOVEDIR);
    (void)unlinkat(t.root, "var", AT_REMOVEDIR);
    fd_close(t.state);
    fd_close(t.root);
    assert_int_equal(rmdir(t.path), 0);
}

static err live(int peer)
{
    static struct boot boot;
    static struct relay relay;
    auto_buf struct buf archive;
    buf_init(&archive, SITE_ARCHIVE_MAX);
    boot = (struct boot){.peer = peer, .site_fd = -1};
    snprintf(boot.dirs[0].name, sizeof boot.dirs[0].name, "root");
    snprintf(boot.dirs[1].name, sizeof boot.dirs[1].name, "relay");
    boot.dirs[0].fd = t.root;
    boot.dirs[1].fd = t.state;
    err e = site_collect(t.root, false, &archive);
    if (!failed(e))
        e = fd_sealed("site", buf_str(&archive), &boot.site_fd);
    auto_buf struct buf secrets; /* as init collects and seals them */
    buf_init(&secrets, SITE_ARCHIVE_MAX);
    snprintf(boot.dirs[2].name, sizeof boot.dirs[2].name, "secrets");
    boot.dirs[2].fd = -1;
    if (!failed(e))
        e = site_collect(t.root, true, &secrets);
    if (!failed(e))
        e = fd_sealed("secrets", buf_str(&secrets), &boot.dirs[2].fd);
    if (!failed(e))
        e = relay_open(&relay, &boot);
    if (!failed(e))
        e = sandbox_enter(&(struct sandbox){.net_client = true});
    if (!failed(e))
        e = relay_run(&relay);
    relay_close(&relay);
    return e;
}

static void start_relay(void)
{
    int ours, theirs;
    assert_false(failed(fd_pair(FD_PAIR_PACKET, &ours, &theirs)));
    t.relay = fork();
    if (!t.relay) {
        fd_close(ours);
        err e = live(theirs);
        if (failed(e))
            fprintf(stderr, "relay: %s\n", err_text(e));
        _exit(failed(e));
    }
    fd_close(theirs);
    t.sched = channel_new(ours);
}

static void stop_relay(void)
{
    int status;
    channel_free(t.sched);
    assert_int_equal(waitpid(t.relay, &status, 0), t.relay);
    assert_int_equal(status, 0);
}

static void start(const char *script)
{
    char route[64];
    make_house();
    fake_start(&t.fake, script);
    snprintf(route, sizeof route, "far.test:127.0.0.1:%u\n", t.fake.port);
    write_control("smtproutes", str_from(route));
    start_relay();
}

static void finish(void)
{
    stop_relay();
    assert_true(fake_finished(&t.fake));
    remove_house();
}

static void give(uint64_t number, str host, str recipients, str message)
{
    struct work_job job = {.job = number,
                           .id = S("7"),
                           .sender = S("ann@example.test"),
                           .recipients = recipients,
                           .host = host,
                           .size = message.n,
                           .message = message};
    assert_false(failed(channel_send(t.sched, &work_job_schema, 0, &job, NULL, 0)));
}

static struct work_result result(void)
{
    struct work_result r;
    assert_false(failed(channel_recv(t.sched, deadline_in_ms(20'000), &t.packet)));
    assert_false(failed(ipc_decode(&work_result_schema, t.packet.bytes, &r)));
    return r;
}

static void assert_text(str got, str want)
{
    if (!str_eq(got, want))
        fail_msg("got \"%.*s\", want \"%.*s\"", STR_ARG(got), STR_ARG(want));
}

static void jobs_go_out_one_after_another_over_one_connection(void **state)
{
    (void)state;
    start(HELLO ENVELOPE "C=one\nC=.\nS:250 ok 1\n" ENVELOPE "C=two\nC=.\nS:250 ok 2\n"
                         "C=QUIT\nS:221 bye\n");
    give(1, S("far.test"), S("b@far.test\0"), S("one\n"));
    give(2, S("far.test"), S("c@far.test\0"), S("two\n"));
    struct work_result r = result();
    assert_int_equal(r.job, 1);
    assert_int_equal(r.outcome, WORK_OK);
    assert_text(r.text, S("127.0.0.1 accepted message.\nRemote host said: 250 ok 1\n"));
    assert_text(r.recipients, S("r\0"));
    r = result();
    assert_int_equal(r.job, 2);
    assert_int_equal(r.outcome, WORK_OK);
    finish();
}

static void each_refused_recipient_gets_its_own_words(void **state)
{
    (void)state;
    start(HELLO "C:MAIL\nC:RCPT\nC:RCPT\nC:RCPT\nC:DATA\nS:250 ok\nS:250 ok\nS:550 no\nS:450 wait\n"
                "S:354 go\nC=x\nC=.\nS:250 ok\nC=QUIT\nS:221 bye\n");
    give(1, S("far.test"), S("a@far.test\0b@far.test\0c@far.test\0"), S("x\n"));
    struct work_result r = result();
    assert_int_equal(r.outcome, WORK_OK);
    assert_text(r.recipients,
                S("r\0h127.0.0.1 does not like recipient.\nRemote host said: 550 no\n\0"
                  "s127.0.0.1 does not like recipient.\nRemote host said: 450 wait\n\0"));
    finish();
}

static void a_large_message_comes_by_descriptor(void **state)
{
    (void)state;
    auto_buf struct buf script, body;
    buf_init(&script, 1 << 22);
    buf_init(&body, 1 << 22);
    buf_add(&script, S(HELLO ENVELOPE));
    for (int i = 0; i < 10000; i++) {
        buf_addf(&body, "this is line %d\n", i);
        buf_addf(&script, "C=this is line %d\n", i);
    }
    buf_add(&script, S("C=.\nS:250 ok\nC=QUIT\nS:221 bye\n"));
    buf_addc(&script, 0);
    start(script.p);
    auto_fd int fd = -1;
    assert_false(failed(fd_sealed("message", buf_str(&body), &fd)));
    struct work_job job = {
        .job = 9, .recipients = S("b@far.test\0"), .host = S("far.test"), .size = body.n};
    assert_false(failed(channel_send(t.sched, &work_job_schema, 0, &job, &fd, 1)));
    assert_int_equal(result().outcome, WORK_OK);
    finish();
}

static void a_job_without_its_message_is_tried_later(void **state)
{
    (void)state;
    start("");
    struct work_job job = {
        .job = 9, .recipients = S("b@far.test\0"), .host = S("far.test"), .size = 100};
    assert_false(failed(channel_send(t.sched, &work_job_schema, 0, &job, NULL, 0)));
    struct work_result r = result();
    assert_int_equal(r.outcome, WORK_TEMP);
    assert_text(r.text, S("Unable to read message. (#4.3.0)\n"));
    finish();
}

static void names_come_from_the_house_when_it_says_so(void **state)
{
    (void)state;
    start("");
    give(1, S("nobody.test"), S("b@nobody.test\0"), S("x\n"));
    struct work_result r = result();
    assert_int_equal(r.outcome, WORK_PERM);
    assert_text(r.text, S("Sorry, I couldn't find any host named nobody.test. (#5.1.2)\n"));
    assert_text(r.recipients, S("r\0"));
    finish();
}

static void a_host_that_is_us_is_a_hard_error(void **state)
{
    (void)state;
    start("");
    give(1, S("[127.0.0.1]"), S("b@[127.0.0.1]\0"), S("x\n"));
    struct work_result r = result();
    assert_int_equal(r.outcome, WORK_PERM);
    assert_true(str_find_str(r.text, S("(#5.4.6)")) > 0);
    finish();
}

/* Answers every question with "no such name" and writes an octet to `told` for each. */
static pid_t dns_server(uint16_t *ret_port, int told)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
    *ret_port = ntohs(a.sin_port);
    pid_t pid = fork();
    while (!pid) {
        unsigned char p[1500];
        n = sizeof a;
        ssize_t got = recvfrom(fd, p, sizeof p, 0, (struct sockaddr *)&a, &n);
        if (got < 12)
            _exit(1);
        p[2] |= 0x80;      /* an answer */
        p[3] = 0x80 | 3;   /* recursion available, NXDOMAIN */
        p[10] = p[11] = 0; /* no additional records … */
        size_t end = 12;   /* … so nothing after the question */
        while (end < (size_t)got && p[end])
            end += p[end] + 1u;
        (void)sendto(fd, p, end + 5, 0, (struct sockaddr *)&a, n);
        if (write(told, "q", 1) < 0)
            _exit(1);
    }
    fd_close(fd);
    return pid;
}

static void servers_are_asked_from_inside_the_sandbox(void **state)
{
    (void)state;
    int heard, told;
    uint16_t port = 0;
    char line[64], octet;
    make_house();
    assert_false(failed(fd_pair(FD_PAIR_STREAM, &heard, &told)));
    pid_t server = dns_server(&port, told);
    snprintf(line, sizeof line, "127.0.0.1@%u\n", port);
    write_control("resolvers", str_from(line));
    start_relay();
    give(1, S("nobody.example"), S("b@nobody.example\0"), S("x\n"));
    struct work_result r = result();
    /* With a root key at hand the unsigned "no" is a forgery, and so temporary. */
    assert_int_not_equal(r.outcome, WORK_OK);
    assert_int_equal(read(heard, &octet, 1), 1);
    stop_relay();
    (void)kill(server, SIGKILL);
    (void)waitpid(server, NULL, 0);
    fd_close(heard);
    fd_close(told);
    remove_house();
}

static void a_wrong_resolver_line_does_not_stop_the_mail(void **state)
{
    (void)state;
    make_house();
    fake_start(&t.fake, HELLO ENVELOPE "C=x\nC=.\nS:250 ok\nC=QUIT\nS:221 bye\n");
    char route[64];
    snprintf(route, sizeof route, ":127.0.0.1:%u\n", t.fake.port);
    write_control("smtproutes", str_from(route));
    write_control("resolvers", S("data what is this\n"));
    start_relay();
    give(1, S("far.test"), S("b@far.test\0"), S("x\n"));
    assert_int_equal(result().outcome, WORK_OK);
    finish();
}

static void the_login_of_a_route_comes_from_relayauth(void **state)
{
    (void)state;
    make_house();
    fake_start(&t.fake, "accept\nS:220 mx\nC:EHLO\nS:250-mx\nS:250 AUTH PLAIN\n"
                        "C=AUTH PLAIN AHRpbQBzZWM6cmV0\nS:235 in\nC:MAIL\nS:250 ok\nC:RCPT\n"
                        "S:250 ok\nC:DATA\nS:354 go\nC=x\nC=.\nS:250 ok\nC=QUIT\nS:221 bye\n");
    char route[64];
    snprintf(route, sizeof route, ":127.0.0.1:%u\n", t.fake.port);
    write_control("smtproutes", str_from(route));
    write_control("relayauth", S("127.0.0.1:tim:sec:ret\n"));
    start_relay();
    give(1, S("far.test"), S("b@far.test\0"), S("x\n"));
    assert_int_equal(result().outcome, WORK_OK);
    finish();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jobs_go_out_one_after_another_over_one_connection),
        cmocka_unit_test(each_refused_recipient_gets_its_own_words),
        cmocka_unit_test(a_large_message_comes_by_descriptor),
        cmocka_unit_test(a_job_without_its_message_is_tried_later),
        cmocka_unit_test(names_come_from_the_house_when_it_says_so),
        cmocka_unit_test(a_host_that_is_us_is_a_hard_error),
        cmocka_unit_test(servers_are_asked_from_inside_the_sandbox),
        cmocka_unit_test(a_wrong_resolver_line_does_not_stop_the_mail),
        cmocka_unit_test(the_login_of_a_route_comes_from_relayauth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
