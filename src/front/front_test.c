/* SPDX-License-Identifier: ISC */
/* A real front in a thread, on a real listener; the test plays init, the session parent and the
 * clients. */
#include "front/front.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "ipc/ban.h"
#include "ipc/door.h"
#include "os/clock.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/poll.h"
#include "tls/tls_make.h"

static struct fixture {
    struct front front;
    struct boot boot;
    struct channel *init, *parent; /* the other ends of front's */
    int ban_door;
    struct net_address at;
    pthread_t thread;
    char root[64];
} f;

static void *run(void *arg)
{
    (void)arg;
    assert_false(failed(front_run(&f.front)));
    return NULL;
}

static void control(const char *name, const char *text)
{
    char path[300];
    (void)snprintf(path, sizeof path, "%s/var/qmail/control/%s", f.root, name);
    assert_false(failed(file_replace(AT_FDCWD, path, str_from(text), 0644)));
}

static int sealed_site(void)
{
    auto_buf struct buf b;
    int dir, fd;
    buf_init(&b, SITE_ARCHIVE_MAX);
    assert_false(failed(dir_open(AT_FDCWD, f.root, &dir)));
    assert_false(failed(site_collect(dir, false, &b)));
    fd_close(dir);
    assert_false(failed(fd_sealed("site", buf_str(&b), &fd)));
    return fd;
}

static struct tls_side *certified(void)
{
    static const str names[] = {S("house.example")};
    static const char *const made[] = {"ca.pem", "ca-key.pem", "cert.pem", "key.pem"};
    auto_arena struct arena *a = arena_new("certificate", 1 << 20);
    struct tls_make m = {.names = names, .names_n = 1, .now = clock_seconds()};
    struct tls_pair pair;
    struct tls_side *side;
    int dir;
    assert_false(failed(dir_open(AT_FDCWD, f.root, &dir)));
    assert_false(failed(tls_make_certificates(dir, &m, NULL)));
    assert_false(failed(tls_pair_read(a, dir, "cert.pem", "key.pem", &pair)));
    assert_false(failed(
        tls_server_new(&(struct tls_server_options){.pairs = &pair, .pairs_n = 1}, &side, NULL)));
    for (size_t i = 0; i < 4; i++)
        assert_false(failed(file_unlink(dir, made[i])));
    fd_close(dir);
    return side;
}

static int setup_with(bool certificate)
{
    (void)snprintf(f.root, sizeof f.root, "/tmp/twinpost-front-XXXXXX");
    assert_non_null(mkdtemp(f.root));
    char path[300];
    (void)snprintf(path, sizeof path, "%s/var/qmail/control", f.root);
    assert_false(failed(dir_make_all(AT_FDCWD, path, 0755)));
    control("me", "house.example\n");
    control("maxconnectionsperip", "3\n");
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    log_open("front", null);
    f.boot = (struct boot){.site_fd = sealed_site(), .peer = -1};
    for (size_t i = 0; i < PROGRAM_COUNT; i++)
        f.boot.doors[i] = -1;
    int a, b, listener;
    assert_false(failed(fd_pair(FD_PAIR_PACKET, &a, &b)));
    f.boot.init = channel_new(a);
    f.init = channel_new(b);
    assert_false(failed(fd_pair(FD_PAIR_PACKET, &a, &b)));
    f.boot.doors[PROGRAM_SMTPD] = a;
    f.parent = channel_new(b);
    assert_false(failed(fd_pair(FD_PAIR_PACKET, &a, &b)));
    f.boot.clients[PROGRAM_CTL] = channel_new(a);
    f.ban_door = b;
    assert_false(failed(net_address_parse(S("127.0.0.1"), 0, &f.at)));
    assert_false(failed(net_listen(&f.at, 64, &listener)));
    assert_false(failed(net_local_name(listener, &f.at)));
    f.boot.listeners[0] = (struct boot_listener){.fd = listener, .service = SERVICE_SMTP};
    f.boot.n_listeners = 1;
    assert_false(failed(front_open(&f.front, &f.boot)));
    if (certificate)
        f.front.tls = certified();
    return pthread_create(&f.thread, NULL, run, NULL);
}

static int setup(void **state)
{
    (void)state;
    return setup_with(false);
}

static int setup_certified(void **state)
{
    (void)state;
    return setup_with(true);
}

static int teardown(void **state)
{
    (void)state;
    if (f.init)
        assert_false(failed(
            channel_send(f.init, &init_drain_schema, 0, &(struct init_nothing){0}, NULL, 0)));
    assert_int_equal(pthread_join(f.thread, NULL), 0);
    assert_int_equal(f.front.n_conns, 0);
    channel_free(f.init);
    channel_free(f.parent);
    channel_free(f.boot.init);
    channel_free(f.boot.clients[PROGRAM_CTL]);
    fd_close(f.ban_door);
    front_close(&f.front);
    fd_close(f.boot.site_fd);
    char path[300];
    static const char *const names[] = {"var/qmail/control/me",
                                        "var/qmail/control/maxconnectionsperip"};
    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", f.root, names[i]);
        (void)unlink(path);
    }
    static const char *const dirs[] = {"/var/qmail/control", "/var/qmail", "/var", ""};
    for (size_t i = 0; i < 4; i++) {
        (void)snprintf(path, sizeof path, "%s%s", f.root, dirs[i]);
        (void)rmdir(path);
    }
    return 0;
}

/* ---- a client, and the session that front gives it ---- */

struct pair {
    int client, data, control;
    char sid[40];
};

static int dial(void)
{
    int fd;
    assert_false(failed(net_connect(&f.at, deadline_in_ms(5000), &fd)));
    return fd;
}

/* The session that front gives to a client from there. */
static struct pair session_of(int client, const char *ip)
{
    struct pair p = {.client = client};
    struct packet packet;
    struct session_start start;
    assert_false(failed(channel_recv(f.parent, deadline_in_ms(5000), &packet)));
    assert_false(failed(ipc_decode(&session_start_schema, packet.bytes, &start)));
    assert_int_equal(packet.n_fds, 2);
    assert_int_equal(start.service, SERVICE_SMTP);
    assert_int_equal(start.sid.n, 32);
    assert_true(str_eq(start.peer_ip, str_from(ip)));
    assert_int_equal(start.can_starttls, f.front.tls != NULL);
    memcpy(p.sid, start.sid.p, start.sid.n);
    p.data = fd_take(&packet.fds[0]);
    p.control = fd_take(&packet.fds[1]);
    return p;
}

static struct pair connected(void)
{
    return session_of(dial(), "127.0.0.1");
}

static void leave(struct pair *p)
{
    fd_close(p->client);
    fd_close(p->data);
    fd_close(p->control);
}

static void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* Exactly this arrives; "" is the end. */
static void hears(int fd, const char *want)
{
    char got[4096];
    size_t n = 0, need = strlen(want);
    do {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        assert_false(failed(poll_until(&p, 1, deadline_in_ms(5000))));
        ssize_t more = recv(fd, got + n, (need ? need : 1) - n, 0);
        if (more <= 0)
            break;
        n += (size_t)more;
    } while (n < need);
    assert_int_equal(n, need);
    assert_memory_equal(got, want, need);
}

static void bytes_pass_both_ways(void **state)
{
    (void)state;
    struct pair p = connected(), q = connected();
    assert_memory_not_equal(p.sid, q.sid, 32);
    say(p.data, "220 hello\r\n");
    hears(p.client, "220 hello\r\n");
    say(p.client, "NOOP\r\n");
    hears(p.data, "NOOP\r\n");
    say(q.client, "QUIT\r\n");
    hears(q.data, "QUIT\r\n");
    leave(&p);
    leave(&q);
}

static void the_clients_end_is_passed_on_and_the_answer_still_arrives(void **state)
{
    (void)state;
    struct pair p = connected();
    say(p.client, "QUIT\r\n");
    (void)shutdown(p.client, SHUT_WR);
    hears(p.data, "QUIT\r\n");
    hears(p.data, "");
    say(p.data, "221 bye\r\n");
    (void)close(p.control);
    p.control = -1;
    hears(p.client, "221 bye\r\n");
    hears(p.client, "");
    leave(&p);
}

static void the_sessions_end_is_the_clients_even_if_somebody_still_holds_the_socket(void **state)
{
    (void)state;
    struct pair p = connected();
    (void)close(p.control);
    p.control = -1;
    hears(p.client, "");
    (void)shutdown(p.client, SHUT_WR);
    hears(p.data, "");
    char octet;
    struct pollfd ended = {.fd = p.data, .events = POLLOUT}; /* front has let go of it */
    while (!(ended.revents & POLLHUP))
        assert_false(failed(poll_until(&ended, 1, deadline_in_ms(5000))));
    assert_int_equal(send(p.data, "x", 1, MSG_NOSIGNAL), -1);
    assert_int_equal(recv(p.client, &octet, 1, 0), 0);
    leave(&p);
}

static void last_words_survive_a_client_that_goes_on_sending(void **state)
{
    (void)state;
    struct pair p = connected();
    say(p.client, "DATA that nobody will read\r\n");
    say(p.data, "451 no\r\n");
    (void)close(p.data);
    (void)close(p.control);
    p.data = p.control = -1;
    for (int i = 0; i < 100; i++)
        (void)send(p.client, "more\r\n", 6, MSG_NOSIGNAL); /* may fail once it is closed */
    hears(p.client, "451 no\r\n");
    hears(p.client, "");
    leave(&p);
}

static void a_slow_client_holds_the_session_back_and_loses_nothing(void **state)
{
    (void)state;
    enum { PIECE = 1000, MANY = 20000 };
    struct pair p = connected();
    static char text[PIECE];
    size_t sent = 0, got = 0;
    while (sent < (size_t)MANY * PIECE) { /* until every buffer on the way is full */
        memset(text, 'a' + (int)(sent / PIECE % 26), PIECE);
        ssize_t n = send(p.data, text, PIECE, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < PIECE) {
            struct pollfd full = {.fd = p.data, .events = POLLOUT};
            sent += n > 0 ? (size_t)n : 0;
            if (failed(poll_until(&full, 1, deadline_in_ms(300))))
                break;
            if (n > 0)
                break;
            continue;
        }
        sent += PIECE;
    }
    assert_in_range(sent, 1, (size_t)MANY * PIECE - 1);
    (void)shutdown(p.data, SHUT_WR);
    for (;;) {
        ssize_t n = recv(p.client, text, sizeof text, 0);
        if (n <= 0)
            break;
        for (ssize_t i = 0; i < n; i++, got++)
            assert_int_equal(text[i], 'a' + (int)(got / PIECE % 26));
    }
    assert_int_equal(got, sent);
    leave(&p);
}

static void a_fourth_connection_from_one_address_is_refused_in_smtps_words(void **state)
{
    (void)state;
    struct pair p[3] = {connected(), connected(), connected()};
    int fourth = dial();
    hears(fourth, "421 4.3.2 not now, please try later (#4.3.2)\r\n");
    hears(fourth, "");
    fd_close(fourth);
    for (size_t i = 0; i < 3; i++)
        leave(&p[i]);
}

static void starttls_without_a_certificate_is_answered_no(void **state)
{
    (void)state;
    struct pair p = connected();
    struct channel *c = channel_new(p.control);
    struct session_tls t;
    struct session_starttls ask = {.answer = S("220 go\r\n")};
    assert_false(failed(channel_ask(c, &session_starttls_schema, &ask, NULL, 0, &session_tls_schema,
                                    deadline_in_ms(5000), &t, NULL)));
    assert_int_equal(t.ok, 0);
    p.control = -1;
    channel_free(c);
    leave(&p);
}

static struct ban_done ask_ban(struct channel *c, const struct ipc_schema *schema, const void *q)
{
    struct ban_done d;
    assert_false(failed(
        channel_ask(c, schema, q, NULL, 0, &ban_done_schema, deadline_in_ms(5000), &d, NULL)));
    return d;
}

static int dial_from(const char *ip)
{
    struct sockaddr_in from = {.sin_family = AF_INET}, to = {.sin_family = AF_INET};
    assert_int_equal(inet_pton(AF_INET, ip, &from.sin_addr), 1);
    assert_int_equal(inet_pton(AF_INET, "127.0.0.1", &to.sin_addr), 1);
    to.sin_port = htons(net_address_port(&f.at));
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0 && bind(fd, (struct sockaddr *)&from, sizeof from) == 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

static void a_ban_by_hand_ends_sessions_holds_and_is_lifted(void **state)
{
    (void)state;
    struct channel *c;
    struct packet packet;
    struct ban_entry entry;
    assert_false(failed(door_open(f.ban_door, &c)));
    struct pair inside = session_of(dial_from("127.0.0.77"), "127.0.0.77");
    struct ban_add add = {.address = S("127.0.0.64/26"), .drop = 1, .reason = S("tests")};
    struct ban_done d = ask_ban(c, &ban_add_schema, &add);
    assert_true(d.ok && d.dropped == 1);
    hears(inside.client, "");
    int again = dial_from("127.0.0.99");
    hears(again, "421 4.3.2 not now, please try later (#4.3.2)\r\n");
    struct pair other = connected();
    assert_false(failed(channel_send(c, &ban_list_schema, 7, &(struct ban_list){0}, NULL, 0)));
    assert_false(failed(channel_recv(c, deadline_in_ms(5000), &packet)));
    assert_false(failed(ipc_decode(&ban_entry_schema, packet.bytes, &entry)));
    assert_true(str_eq(entry.address, S("127.0.0.64/26")) && str_eq(entry.reason, S("tests")));
    assert_true(entry.seconds == 0 && entry.by_rule == 0);
    assert_false(failed(channel_recv(c, deadline_in_ms(5000), &packet)));
    assert_false(failed(ipc_decode(&ban_done_schema, packet.bytes, &d)));
    struct ban_lift lift = {.address = S("127.0.0.64/26")};
    assert_true(ask_ban(c, &ban_lift_schema, &lift).ok);
    assert_false(ask_ban(c, &ban_lift_schema, &lift).ok);
    struct pair third = session_of(dial_from("127.0.0.99"), "127.0.0.99");
    fd_close(again);
    leave(&inside);
    leave(&third);
    leave(&other);
    channel_free(c);
}

static void what_is_no_address_and_the_host_itself_cannot_be_banned(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "example.test", "192.0.2.1/99", "127.0.0.1", "::1"};
    struct channel *c;
    assert_false(failed(door_open(f.ban_door, &c)));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct ban_done d =
            ask_ban(c, &ban_add_schema, &(struct ban_add){.address = str_from(bad[i])});
        assert_true(!d.ok && d.text.n > 0);
    }
    /* A network that the host is in does not shut it out. */
    assert_true(ask_ban(c, &ban_add_schema, &(struct ban_add){.address = S("127.0.0.0/8")}).ok);
    struct pair p = connected();
    leave(&p);
    channel_free(c);
}

static bool nothing_waits(int fd)
{
    char octet;
    return recv(fd, &octet, 1, MSG_DONTWAIT | MSG_PEEK) < 0 && errno == EAGAIN;
}

/* RFC 3207 6, CVE-2011-0411. By the answer it is gone, wherever it was. */
static void what_a_client_sends_before_the_answer_to_starttls_is_thrown_away(void **state)
{
    (void)state;
    struct pair p = connected();
    struct session_starttls ask = {.answer = S("220 go\r\n")};
    say(p.client, "STARTTLS\r\n");
    hears(p.data, "STARTTLS\r\n");
    say(p.client, "MAIL FROM:<early@client.example>\r\n");
    struct pollfd early = {.fd = p.data, .events = POLLIN};
    assert_false(failed(poll_until(&early, 1, deadline_in_ms(5000))));
    assert_false(failed(packet_send(p.control, &session_starttls_schema, 7, &ask, NULL, 0)));
    hears(p.client, "220 go\r\n");
    assert_true(nothing_waits(p.data));
    leave(&p);
}

static void a_client_that_speaks_no_tls_after_the_answer_is_sent_away(void **state)
{
    (void)state;
    char alert[64];
    struct pair p = connected();
    struct channel *c = channel_new(p.control);
    struct session_starttls ask = {.answer = S("220 go\r\n")};
    struct session_tls t;
    assert_false(failed(channel_send(c, &session_starttls_schema, 7, &ask, NULL, 0)));
    hears(p.client, "220 go\r\n");
    say(p.client, "MAIL FROM:<late@client.example>\r\n");
    struct packet packet;
    assert_false(failed(channel_recv(c, deadline_in_ms(5000), &packet)));
    assert_int_equal(packet.id, 7);
    assert_false(failed(ipc_decode(&session_tls_schema, packet.bytes, &t)));
    assert_int_equal(t.ok, 0);
    assert_int_equal(packet.n_fds, 0);
    while (recv(p.client, alert, sizeof alert, 0) > 0)
        continue;
    p.control = -1;
    channel_free(c);
    leave(&p);
}

static void sessions_are_told_when_the_house_closes(void **state)
{
    (void)state;
    struct pair p = connected();
    struct channel *c = channel_new(p.control);
    struct packet packet;
    assert_false(
        failed(channel_send(f.init, &init_drain_schema, 0, &(struct init_nothing){0}, NULL, 0)));
    assert_false(failed(channel_recv(c, deadline_in_ms(5000), &packet)));
    assert_int_equal(packet.type, IPC_SESSION_DRAIN);
    p.control = -1;
    channel_free(c);
    leave(&p);
}

static int64_t processor_ms_of_front(void)
{
    clockid_t clock;
    struct timespec t;
    assert_int_equal(pthread_getcpuclockid(f.thread, &clock), 0);
    assert_int_equal(clock_gettime(clock, &t), 0);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void without_init_sessions_are_told_and_their_ends_are_awaited_in_peace(void **state)
{
    enum { LOOK_MS = 60, QUIET_MS = 20 };
    (void)state;
    struct pair p = connected();
    struct channel *c = channel_new(p.control);
    struct packet packet;
    channel_free(f.init);
    f.init = NULL;
    assert_false(failed(channel_recv(c, deadline_in_ms(5000), &packet)));
    assert_int_equal(packet.type, IPC_SESSION_DRAIN);
    int64_t before = processor_ms_of_front();
    struct pollfd nothing = {.fd = p.client, .events = POLLIN};
    assert_int_equal(poll_until(&nothing, 1, deadline_in_ms(LOOK_MS)).kind, ERR_TIMEOUT);
    assert_true(processor_ms_of_front() - before < QUIET_MS);
    p.control = -1;
    channel_free(c);
    leave(&p);
}

int main(void)
{
#define WITH_FRONT(t) cmocka_unit_test_setup_teardown((t), setup, teardown)
#define WITH_CERTIFICATE(t) cmocka_unit_test_setup_teardown((t), setup_certified, teardown)
    const struct CMUnitTest tests[] = {
        WITH_FRONT(bytes_pass_both_ways),
        WITH_FRONT(the_clients_end_is_passed_on_and_the_answer_still_arrives),
        WITH_FRONT(the_sessions_end_is_the_clients_even_if_somebody_still_holds_the_socket),
        WITH_FRONT(last_words_survive_a_client_that_goes_on_sending),
        WITH_FRONT(a_slow_client_holds_the_session_back_and_loses_nothing),
        WITH_FRONT(a_fourth_connection_from_one_address_is_refused_in_smtps_words),
        WITH_FRONT(starttls_without_a_certificate_is_answered_no),
        WITH_FRONT(a_ban_by_hand_ends_sessions_holds_and_is_lifted),
        WITH_FRONT(what_is_no_address_and_the_host_itself_cannot_be_banned),
        WITH_CERTIFICATE(what_a_client_sends_before_the_answer_to_starttls_is_thrown_away),
        WITH_CERTIFICATE(a_client_that_speaks_no_tls_after_the_answer_is_sent_away),
        WITH_FRONT(sessions_are_told_when_the_house_closes),
        WITH_FRONT(without_init_sessions_are_told_and_their_ends_are_awaited_in_peace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
