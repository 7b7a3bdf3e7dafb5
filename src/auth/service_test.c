/* SPDX-License-Identifier: ISC */
/* The whole program in a process of its own, with a house in a temporary folder; the test is
 * init on one side and the sessions on the other. */
#include "auth/auth.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "ipc/door.h"
#include "log/event.h"
#include "os/clock.h"
#include "os/file.h"

enum { PATIENCE_MS = 20000, DELAY_MS = 500 /* logindelay where nobody set it */ };

struct house {
    char path[64];
    int root, people, door, events;
    struct channel *init;
    struct arena *a;
    pid_t pid;
};

static const struct password_options all = {.with_shared_secret = true};

_Noreturn static void run_auth(const struct house *h, int init, int door, int events)
{
    static struct boot boot;
    static struct auth auth;
    boot = (struct boot){.init = channel_new(init), .site_fd = -1, .real_users = true, .peer = -1};
    boot.clients[PROGRAM_SMTPD] = channel_new(door);
    boot.dirs[0].fd = h->root;
    boot.dirs[1].fd = h->people;
    memcpy(boot.dirs[0].name, "root", 5);
    memcpy(boot.dirs[1].name, "people", 7);
    log_open("auth", events);
    err e = auth_open(&auth, &boot);
    if (!failed(e))
        e = auth_run(&auth);
    if (failed(e))
        fprintf(stderr, "auth: %s\n", err_text(e));
    auth_close(&auth);
    channel_free(boot.init);
    channel_free(boot.clients[PROGRAM_SMTPD]);
    _exit(failed(e) ? 1 : 0);
}

/* "tanstaaf tanstaaf" for both. */
#define SHADOW_TEXT                                                                                \
    "sys:$1$8IdRqtm0$tpLlJnVgyWBafcX6g2YA//:19000:0:99999:7:::\n"                                  \
    "root:$1$8IdRqtm0$tpLlJnVgyWBafcX6g2YA//:19000:0:99999:7:::\n"

static int setup(void **state)
{
    struct house *h = calloc(1, sizeof *h);
    int init[2], door[2], events[2];
    snprintf(h->path, sizeof h->path, "/tmp/twp-auth-XXXXXX");
    if (mkdtemp(h->path) == NULL || failed(dir_open(AT_FDCWD, h->path, &h->root)) ||
        failed(dir_make(h->root, "etc", 0755)) || failed(dir_make(h->root, "people", 0700)) ||
        failed(dir_open(h->root, "people", &h->people)) ||
        failed(file_replace(h->root, "etc/passwd",
                            S("root:x:0:0::/root:\nann:x:20001:20001::/home/ann:\n"
                              "sys:x:20002:20002::/home/sys:\n"),
                            0644)) ||
        failed(file_replace(h->root, "etc/shadow", S(SHADOW_TEXT), 0600)) ||
        failed(credentials_set_password(h->people, S("ann"), S("ann's word"), &all)) ||
        failed(credentials_set_password(h->people, S("ghost"), S("boo"), &all)) ||
        failed(fd_pair(FD_PAIR_PACKET, &init[0], &init[1])) ||
        failed(fd_pair(FD_PAIR_PACKET, &door[0], &door[1])) ||
        failed(fd_pair(FD_PAIR_PACKET, &events[0], &events[1])))
        return -1;
    h->a = arena_new("test", 16 << 20);
    h->pid = fork();
    if (h->pid == 0) {
        fd_close(init[0]);
        fd_close(door[0]);
        fd_close(events[0]);
        run_auth(h, init[1], door[1], events[1]);
    }
    fd_close(init[1]);
    fd_close(door[1]);
    fd_close(events[1]);
    h->init = channel_new(init[0]);
    h->door = door[0];
    h->events = events[0];
    struct packet p;
    *state = h;
    return h->pid > 0 && !failed(channel_recv(h->init, deadline_in_ms(PATIENCE_MS), &p)) &&
                   p.type == IPC_INIT_READY
               ? 0
               : -1;
}

static int teardown(void **state)
{
    struct house *h = *state;
    int status = -1;
    channel_free(h->init); /* auth sees that init is gone, and ends */
    fd_close(h->door);
    if (waitpid(h->pid, &status, 0) != h->pid)
        return -1;
    fd_close(h->events);
    static const char *const files[] = {"etc/passwd", "etc/shadow", "people/credentials",
                                        "people/credentials.lock", "people/salt-secret"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        (void)failed(file_unlink(h->root, files[i]));
    unlinkat(h->root, "etc", AT_REMOVEDIR);
    unlinkat(h->root, "people", AT_REMOVEDIR);
    fd_close(h->people);
    fd_close(h->root);
    rmdir(h->path);
    arena_free(h->a);
    free(h);
    return status == 0 ? 0 : -1;
}

static struct channel *session(struct house *h)
{
    struct channel *c;
    assert_false(failed(door_open(h->door, &c)));
    return c;
}

static const char *peer = "192.0.2.7"; /* where the sessions' clients say they are */

static void ask(struct channel *c, enum service service, const char *mechanism, bool has_initial,
                str initial)
{
    struct auth_start s = {.sid = S("0123456789abcdef0123456789abcdef"),
                           .service = service,
                           .mechanism = str_from(mechanism),
                           .has_initial = has_initial,
                           .initial = initial,
                           .peer_ip = str_from(peer),
                           .tls = 1};
    assert_false(failed(channel_send(c, &auth_start_schema, 7, &s, NULL, 0)));
}

/* Views in *ret live until the channel's next packet. */
static void take_done(struct channel *c, struct auth_done *ret)
{
    struct packet p;
    assert_false(failed(channel_recv(c, deadline_in_ms(PATIENCE_MS), &p)));
    assert_int_equal(p.type, IPC_AUTH_DONE);
    assert_int_equal(p.id, 7);
    assert_false(failed(ipc_decode(&auth_done_schema, p.bytes, ret)));
}

static enum auth_outcome plain(struct channel *c, str blob)
{
    struct auth_done done;
    ask(c, SERVICE_SUBMISSION, "PLAIN", true, blob);
    take_done(c, &done);
    if (done.outcome == AUTH_BAD)
        assert_true(str_eq(done.text, S("wrong name or password")) && done.user.n == 0);
    return (enum auth_outcome)done.outcome;
}

static void cram_answer_to(struct channel *c, str user, str password)
{
    struct packet p;
    struct auth_blob challenge;
    char hex[33], blob[300];
    assert_false(failed(channel_recv(c, deadline_in_ms(PATIENCE_MS), &p)));
    assert_false(failed(ipc_decode(&auth_challenge_schema, p.bytes, &challenge)));
    struct cram_md5_key key = cram_md5_key_of(password);
    cram_md5_answer(&key, challenge.blob, hex);
    int n = snprintf(blob, sizeof blob, "%.*s %s", STR_ARG(user), hex);
    struct auth_blob step = {.blob = str_of(blob, (size_t)n)};
    assert_false(failed(channel_send(c, &auth_step_schema, 7, &step, NULL, 0)));
}

static void init_hears_of_a_mailbox_login_before_the_session_does(void **state)
{
    struct house *h = *state;
    struct channel *c = session(h);
    struct packet p;
    struct auth_done done;
    struct init_granted granted;
    ask(c, SERVICE_IMAP, "CRAM-MD5", false, S(""));
    cram_answer_to(c, S("ann"), S("ann's word"));
    take_done(c, &done);
    assert_int_equal(done.outcome, AUTH_OK);
    assert_true(str_eq(done.user, S("ann")));
    assert_int_equal(done.uid, 20001);
    assert_true(str_eq(done.home, arena_printf(h->a, "%s/home/ann", h->path)));
    /* No waiting: it must be there already. */
    assert_false(failed(channel_try_recv(h->init, &p)));
    assert_false(failed(ipc_decode(&init_granted_schema, p.bytes, &granted)));
    assert_true(str_eq(granted.sid, S("0123456789abcdef0123456789abcdef")));
    assert_true(str_eq(granted.user, S("ann")) && str_eq(granted.home, done.home));
    assert_int_equal(granted.uid, 20001);
    assert_int_equal(granted.service, SERVICE_IMAP);
    /* A session that only sends mail becomes nobody. */
    assert_int_equal(plain(c, S("\0ann\0ann's word")), AUTH_OK);
    assert_int_equal(channel_try_recv(h->init, &p).kind, ERR_TEMP);
    channel_free(c);
}

static void names_without_credentials_are_checked_by_shadow(void **state)
{
    struct house *h = *state;
    struct channel *c = session(h);
    assert_int_equal(plain(c, S("\0sys\0tanstaaf tanstaaf")), AUTH_OK);
    assert_int_equal(plain(c, S("\0sys\0tanstaaf tanstaaf")), AUTH_OK);
    assert_int_equal(plain(c, S("\0sys\0tanstaaf")), AUTH_BAD);
    channel_free(c);
}

static void whoever_may_not_come_in_hears_the_same(void **state)
{
    struct house *h = *state;
    static const str blobs[] = {S("\0nobody\0x"), S("\0ghost\0boo"), S("\0root\0tanstaaf tanstaaf"),
                                S("\0ann\0boo")};
    struct channel *c[4];
    struct auth_done done;
    static const char *const peers[] = {"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"};
    for (size_t i = 0; i < 4; i++) {
        c[i] = session(h);
        peer = peers[i]; /* one address alone would be answered later each time */
        ask(c[i], SERVICE_POP3, "PLAIN", true, blobs[i]);
    }
    for (size_t i = 0; i < 4; i++) {
        take_done(c[i], &done);
        assert_int_equal(done.outcome, AUTH_BAD);
        assert_true(str_eq(done.text, S("wrong name or password")));
        assert_true(done.user.n == 0 && done.home.n == 0 && done.uid == 0 && done.blob.n == 0);
        channel_free(c[i]);
    }
    peer = "192.0.2.7";
    struct packet p;
    assert_int_equal(channel_try_recv(h->init, &p).kind, ERR_TEMP);
}

static void failures_are_late_and_hold_nobody_up(void **state)
{
    struct house *h = *state;
    struct channel *bad = session(h), *good = session(h);
    struct auth_done done;
    int64_t begun = clock_ms();
    ask(bad, SERVICE_POP3, "CRAM-MD5", false, S(""));
    cram_answer_to(bad, S("ann"), S("wrong"));
    ask(good, SERVICE_SUBMISSION, "CRAM-MD5", false, S(""));
    cram_answer_to(good, S("ann"), S("ann's word"));
    take_done(good, &done);
    assert_int_equal(done.outcome, AUTH_OK);
    struct packet p;
    assert_int_equal(channel_try_recv(bad, &p).kind, ERR_TEMP);
    take_done(bad, &done);
    assert_int_equal(done.outcome, AUTH_BAD);
    assert_true(clock_ms() - begun >= DELAY_MS);
    channel_free(bad);
    channel_free(good);
}

static void a_new_password_holds_at_once_and_the_old_one_no_more(void **state)
{
    struct house *h = *state;
    struct channel *c = session(h);
    assert_int_equal(plain(c, S("\0ann\0ann's word")), AUTH_OK);
    assert_int_equal(plain(c, S("\0ann\0ann's word")), AUTH_OK);
    assert_false(failed(credentials_set_password(h->people, S("ann"), S("another"), &all)));
    assert_int_equal(plain(c, S("\0ann\0ann's word")), AUTH_BAD);
    assert_int_equal(plain(c, S("\0ann\0another")), AUTH_OK);
    assert_false(failed(credentials_remove(h->people, S("ann"))));
    assert_int_equal(plain(c, S("\0ann\0another")), AUTH_BAD);
    channel_free(c);
}

static void a_damaged_credentials_file_leaves_the_known_logins_in_force(void **state)
{
    struct house *h = *state;
    struct channel *c = session(h);
    assert_false(failed(file_replace(h->people, "credentials", S("garbage\n"), 0600)));
    assert_int_equal(plain(c, S("\0ann\0ann's word")), AUTH_OK);
    assert_int_equal(plain(c, S("\0sys\0tanstaaf tanstaaf")), AUTH_OK);
    assert_false(
        failed(file_replace(h->people, "credentials",
                            S("twinpost-credentials 1\nann\thash={PLAIN}mended\nx\n"), 0600)));
    assert_int_equal(plain(c, S("\0ann\0mended")), AUTH_OK);
    channel_free(c);
}

static void a_cancelled_login_ends_and_another_may_begin(void **state)
{
    struct house *h = *state;
    struct channel *c = session(h);
    struct packet p;
    struct auth_done done;
    struct auth_blob nothing = {0};
    ask(c, SERVICE_IMAP, "SCRAM-SHA-256", true, S("n,,n=ann,r=abc"));
    assert_false(failed(channel_recv(c, deadline_in_ms(PATIENCE_MS), &p)));
    assert_int_equal(p.type, IPC_AUTH_CHALLENGE);
    assert_false(failed(channel_send(c, &auth_cancel_schema, 7, &nothing, NULL, 0)));
    take_done(c, &done);
    assert_int_equal(done.outcome, AUTH_SYNTAX);
    assert_int_equal(plain(c, S("\0ann\0ann's word")), AUTH_OK);
    channel_free(c);
}

static void a_session_that_talks_out_of_turn_is_cut_off(void **state)
{
    struct house *h = *state;
    struct channel *c = session(h);
    struct packet p;
    struct auth_blob step = {.blob = S("x")};
    assert_false(failed(channel_send(c, &auth_step_schema, 7, &step, NULL, 0)));
    assert_int_equal(channel_recv(c, deadline_in_ms(PATIENCE_MS), &p).kind, ERR_CLOSED);
    channel_free(c);
    c = session(h);
    ask(c, SERVICE_IMAP, "PLAIN", false, S(""));
    ask(c, SERVICE_IMAP, "PLAIN", false, S(""));
    assert_false(failed(channel_recv(c, deadline_in_ms(PATIENCE_MS), &p)));
    assert_int_equal(channel_recv(c, deadline_in_ms(PATIENCE_MS), &p).kind, ERR_CLOSED);
    channel_free(c);
    c = session(h);
    assert_int_equal(plain(c, S("\0ann\0ann's word")), AUTH_OK);
    channel_free(c);
}

static void sessions_that_leave_in_the_middle_are_forgotten(void **state)
{
    struct house *h = *state;
    for (int i = 0; i < 40; i++) {
        struct channel *c = session(h);
        ask(c, SERVICE_IMAP, "PLAIN", true, arena_printf(h->a, "%cann%cwrong %d", 0, 0, i));
        channel_free(c);
    }
    struct channel *c = session(h);
    assert_int_equal(plain(c, S("\0ann\0ann's word")), AUTH_OK);
    channel_free(c);
}

/* Kills every worker: auth's children, as the kernel lists them. */
static int kill_workers(pid_t pid)
{
    char path[64], text[512];
    auto_fd int fd = -1;
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", pid, pid);
    if (failed(file_open(AT_FDCWD, path, O_RDONLY, 0, &fd)))
        return -1;
    ssize_t n = read(fd, text, sizeof text);
    str rest = str_of(text, n > 0 ? (size_t)n : 0);
    uint64_t child;
    int killed = 0;
    while (str_take_u64(&rest, &child)) {
        kill((pid_t)child, SIGKILL);
        (void)str_skip(&rest, S(" "));
        killed++;
    }
    return killed;
}

static void killed_workers_are_replaced(void **state)
{
    struct house *h = *state;
    struct channel *c = session(h);
    int killed = kill_workers(h->pid);
    if (killed < 0)
        skip(); /* a kernel without the list of children */
    assert_true(killed > 0);
    /* A check that fell into a dying worker may be told "later", never "no". */
    for (int i = 0; i < 50; i++) {
        enum auth_outcome o = plain(c, S("\0ann\0ann's word"));
        assert_true(o == AUTH_OK || o == AUTH_TEMP);
        if (o == AUTH_OK)
            break;
    }
    assert_int_equal(plain(c, S("\0ann\0ann's word")), AUTH_OK);
    channel_free(c);
}

static void a_failure_is_an_event_that_names_who_and_how(void **state)
{
    struct house *h = *state;
    struct channel *c = session(h);
    char text[4096];
    assert_int_equal(plain(c, S("\0nobody\0x")), AUTH_BAD);
    ssize_t n = recv(h->events, text, sizeof text, MSG_DONTWAIT);
    assert_true(n > 0);
    str event = str_of(text, (size_t)n);
    assert_true(str_find_str(event, S("\"auth.failed\"")) >= 0);
    assert_true(str_find_str(event, S("\"nobody\"")) >= 0);
    assert_true(str_find_str(event, S("\"192.0.2.7\"")) >= 0);
    assert_true(str_find_str(event, S("\"PLAIN\"")) >= 0);
    assert_true(str_find_str(event, S("no such user")) >= 0);
    channel_free(c);
}

int main(void)
{
    (void)signal(SIGPIPE, SIG_IGN);
#define WITH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        WITH(init_hears_of_a_mailbox_login_before_the_session_does),
        WITH(names_without_credentials_are_checked_by_shadow),
        WITH(whoever_may_not_come_in_hears_the_same),
        WITH(failures_are_late_and_hold_nobody_up),
        WITH(a_new_password_holds_at_once_and_the_old_one_no_more),
        WITH(a_damaged_credentials_file_leaves_the_known_logins_in_force),
        WITH(a_cancelled_login_ends_and_another_may_begin),
        WITH(a_session_that_talks_out_of_turn_is_cut_off),
        WITH(sessions_that_leave_in_the_middle_are_forgotten),
        WITH(killed_workers_are_replaced),
        WITH(a_failure_is_an_event_that_names_who_and_how),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
