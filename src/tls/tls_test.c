/* SPDX-License-Identifier: ISC */
#include "tls/tls.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "os/clock.h"
#include "os/file.h"
#include "tls/tls_make.h"
#include "tls/tls_wait.h"

/* Two houses with authorities of their own, made once; every test connects both ends of a
 * socket pair in this one process by turns. */
static struct {
    struct arena *arena;
    struct tls_pair one, two;
    str ca_one;
    struct tls_side *server, *client; /* client trusts house one */
} house;

static const str names_one[] = {S("mail.one.test"), S("*.wild.one.test"), S("127.0.0.1")};
static const str names_two[] = {S("Mail.Two.Test")};

static int make_house(const str *names, size_t n, struct tls_pair *ret_pair, str *ret_ca)
{
    char path[] = "/tmp/tls-test-XXXXXX";
    int dir = -1;
    struct tls_make m = {.names = names, .names_n = n, .now = clock_seconds()};
    if (!mkdtemp(path) || failed(dir_open(AT_FDCWD, path, &dir)) ||
        failed(tls_make_certificates(dir, &m, NULL)) ||
        failed(tls_pair_read(house.arena, dir, "cert.pem", "key.pem", ret_pair)) ||
        failed(file_read(dir, "ca.pem", 1 << 16, house.arena, ret_ca)))
        return -1;
    static const char *const files[] = {"ca.pem", "ca-key.pem", "cert.pem", "key.pem"};
    for (size_t i = 0; i < 4; i++)
        (void)unlinkat(dir, files[i], 0);
    fd_close(dir);
    return rmdir(path);
}

static int make_houses(void **state)
{
    (void)state;
    str ca_two;
    house.arena = arena_new("test", 1 << 20);
    if (make_house(names_one, 3, &house.one, &house.ca_one) ||
        make_house(names_two, 1, &house.two, &ca_two))
        return -1;
    struct tls_pair pairs[] = {house.one, house.two};
    struct tls_server_options so = {.pairs = pairs, .pairs_n = 2};
    struct tls_client_options co = {.ca = house.ca_one};
    return failed(tls_server_new(&so, &house.server, NULL)) ||
           failed(tls_client_new(&co, &house.client));
}

static int drop_houses(void **state)
{
    (void)state;
    tls_side_free(house.server);
    tls_side_free(house.client);
    arena_free(house.arena);
    return 0;
}

struct ends {
    int a, b;
    struct tls_conn *server, *client;
    err server_err, client_err;
};

static void begin(struct ends *e, str host, enum tls_trust trust)
{
    *e = (struct ends){.a = -1, .b = -1};
    assert_false(failed(fd_pair(FD_PAIR_STREAM, &e->a, &e->b)));
    assert_false(failed(fd_set_nonblocking(e->a, true)));
    assert_false(failed(fd_set_nonblocking(e->b, true)));
    assert_false(failed(tls_accept(house.server, e->a, &e->server)));
    assert_false(failed(tls_connect(house.client, e->b, host, trust, &e->client)));
}

static void end(struct ends *e)
{
    tls_free(e->server);
    tls_free(e->client);
    fd_close(e->a);
    fd_close(e->b);
}

static void shake(struct ends *e)
{
    enum tls_want s = TLS_WANT_READ, c = TLS_WANT_READ;
    for (int turn = 0; turn < 50 && (s != TLS_READY || c != TLS_READY); turn++) {
        if (c != TLS_READY && !failed(e->client_err))
            e->client_err = tls_handshake(e->client, &c);
        if (s != TLS_READY && !failed(e->server_err))
            e->server_err = tls_handshake(e->server, &s);
    }
}

static void connect_both(struct ends *e, str host, enum tls_trust trust)
{
    begin(e, host, trust);
    shake(e);
    assert_false(failed(e->client_err));
    assert_false(failed(e->server_err));
}

static void octets_go_both_ways(void **state)
{
    (void)state;
    struct ends e;
    enum tls_want want;
    size_t n = 0;
    char p[100];
    connect_both(&e, S("mail.one.test"), TLS_OPPORTUNISTIC);
    assert_false(failed(tls_read(e.server, p, sizeof p, &n, &want)));
    assert_int_equal(want, TLS_WANT_READ);
    assert_int_equal(n, 0);
    assert_false(failed(tls_write(e.client, "hello", 5, &n, &want)));
    assert_int_equal(n, 5);
    assert_false(failed(tls_read(e.server, p, 2, &n, &want)));
    assert_memory_equal(p, "he", 2);
    assert_true(tls_pending(e.server));
    assert_false(failed(tls_read(e.server, p, sizeof p, &n, &want)));
    assert_memory_equal(p, "llo", 3);
    assert_false(tls_pending(e.server));
    end(&e);
}

static void a_full_socket_is_want_write_and_nothing_is_lost(void **state)
{
    (void)state;
    struct ends e;
    enum tls_want want = TLS_READY;
    size_t sent = 0, got = 0, n;
    static char out[16384], in[16384];
    connect_both(&e, S("mail.one.test"), TLS_OPPORTUNISTIC);
    memset(out, 'x', sizeof out);
    while (want == TLS_READY) {
        assert_false(failed(tls_write(e.server, out, sizeof out, &n, &want)));
        sent += n;
    }
    assert_int_equal(want, TLS_WANT_WRITE);
    for (int i = 0; i < 1000; i++) {
        assert_false(failed(tls_read(e.client, in, sizeof in, &n, &want)));
        got += n;
        if (want == TLS_WANT_READ && got >= sent)
            break;
    }
    assert_int_equal(got, sent);
    end(&e);
}

static str chosen(str asked)
{
    struct ends e;
    struct tls_info server, client;
    connect_both(&e, asked, TLS_OPPORTUNISTIC);
    tls_info(e.server, &server);
    tls_info(e.client, &client);
    assert_int_equal(server.end_point_n, 32);
    assert_int_equal(client.end_point_n, 32);
    assert_memory_equal(server.end_point, client.end_point, 32);
    str hash = arena_copy(house.arena, str_of(server.end_point, 32));
    end(&e);
    return hash;
}

static void the_name_asked_for_chooses_the_certificate(void **state)
{
    (void)state;
    str one = chosen(S("mail.one.test")), two = chosen(S("MAIL.two.test"));
    assert_false(str_eq(one, two));
    assert_true(str_eq(one, chosen(S("a.wild.one.test"))));
    assert_true(str_eq(one, chosen(S("unknown.test"))));
    assert_true(str_eq(one, chosen(S(""))));
    assert_true(str_eq(one, chosen(S("192.0.2.1"))));
}

static void both_ends_export_the_same_binding(void **state)
{
    (void)state;
    struct ends e;
    struct tls_info server, client;
    connect_both(&e, S("Mail.one.test."), TLS_OPPORTUNISTIC);
    tls_info(e.server, &server);
    tls_info(e.client, &client);
    assert_string_equal(server.version, "TLSv1.3");
    assert_true(server.has_exporter && client.has_exporter);
    assert_memory_equal(server.exporter, client.exporter, sizeof server.exporter);
    assert_true(str_ieq(server.sni, S("mail.one.test")));
    assert_false(server.has_client_certificate);
    assert_false(client.verified);
    end(&e);
}

static void a_verified_connection_needs_authority_and_name(void **state)
{
    (void)state;
    static const struct {
        str host;
        bool good;
    } examples[] = {
        {S("mail.one.test"), true},
        {S("x.wild.one.test"), true},
        {S("127.0.0.1"), true},
        {S("127.0.0.2"), false},
        {S("other.test"), false},
        {S("mail.two.test"), false}, /* right name, authority not trusted */
    };
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        struct ends e;
        struct tls_info info;
        begin(&e, examples[i].host, TLS_VERIFIED);
        shake(&e);
        if (examples[i].good) {
            assert_false(failed(e.client_err));
            tls_info(e.client, &info);
            assert_true(info.verified);
        } else {
            assert_int_equal(e.client_err.kind, ERR_DENIED);
            assert_true(strlen(tls_why(e.client)) > 0);
        }
        end(&e);
    }
    struct tls_conn *c;
    assert_int_equal(tls_connect(house.client, 0, S(""), TLS_VERIFIED, &c).kind, ERR_SYNTAX);
}

static void plain_text_from_a_client_is_a_syntax_error(void **state)
{
    (void)state;
    struct ends e;
    begin(&e, S(""), TLS_OPPORTUNISTIC);
    assert_int_equal(write(e.b, "EHLO there, this is plain\r\n", 27), 27);
    enum tls_want want;
    assert_int_equal(tls_handshake(e.server, &want).kind, ERR_SYNTAX);
    assert_int_equal(tls_handshake(e.server, &want).kind, ERR_CLOSED);
    end(&e);
}

static void a_peer_that_goes_away_is_closed_and_raises_no_signal(void **state)
{
    (void)state;
    struct ends e;
    char p[10];
    size_t n;
    enum tls_want want = TLS_READY;
    connect_both(&e, S(""), TLS_OPPORTUNISTIC);
    fd_closep(&e.b);
    assert_int_equal(tls_write(e.server, "x", 1, &n, &want).kind, ERR_CLOSED);
    end(&e);
    connect_both(&e, S(""), TLS_OPPORTUNISTIC);
    assert_false(failed(tls_close(e.client, &want)));
    assert_int_equal(tls_read(e.server, p, sizeof p, &n, &want).kind, ERR_CLOSED);
    end(&e);
}

static void connections_outlive_a_reload(void **state)
{
    (void)state;
    struct ends e;
    struct tls_side *other = NULL;
    struct tls_server_options so = {.pairs = &house.two, .pairs_n = 1};
    assert_false(failed(tls_server_new(&so, &other, NULL)));
    assert_false(failed(fd_pair(FD_PAIR_STREAM, &e.a, &e.b)));
    e.client_err = e.server_err = OK_ERR;
    assert_false(failed(tls_accept(other, e.a, &e.server)));
    assert_false(
        failed(tls_connect(house.client, e.b, S("mail.two.test"), TLS_OPPORTUNISTIC, &e.client)));
    tls_side_free(other);
    shake(&e);
    assert_false(failed(e.server_err));
    assert_false(failed(e.client_err));
    end(&e);
}

static void a_bad_pair_is_named(void **state)
{
    (void)state;
    struct tls_pair mixed = {.name = S("mixed"), .chain = house.one.chain, .key = house.two.key};
    struct tls_pair pairs[] = {house.one, mixed};
    struct tls_server_options so = {.pairs = pairs, .pairs_n = 2};
    struct tls_side *side = NULL;
    str bad = S("");
    assert_int_equal(tls_server_new(&so, &side, &bad).kind, ERR_SYNTAX);
    assert_true(str_eq(bad, S("mixed")));
    pairs[1].chain = S("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    assert_int_equal(tls_server_new(&so, &side, &bad).kind, ERR_SYNTAX);
    assert_null(side);
}

static void a_silent_peer_meets_the_deadline(void **state)
{
    (void)state;
    struct ends e;
    begin(&e, S(""), TLS_OPPORTUNISTIC);
    assert_int_equal(tls_handshake_by(e.client, deadline_in_ms(20)).kind, ERR_TIMEOUT);
    end(&e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(octets_go_both_ways),
        cmocka_unit_test(a_full_socket_is_want_write_and_nothing_is_lost),
        cmocka_unit_test(the_name_asked_for_chooses_the_certificate),
        cmocka_unit_test(both_ends_export_the_same_binding),
        cmocka_unit_test(a_verified_connection_needs_authority_and_name),
        cmocka_unit_test(plain_text_from_a_client_is_a_syntax_error),
        cmocka_unit_test(a_peer_that_goes_away_is_closed_and_raises_no_signal),
        cmocka_unit_test(connections_outlive_a_reload),
        cmocka_unit_test(a_bad_pair_is_named),
        cmocka_unit_test(a_silent_peer_meets_the_deadline),
    };
    return cmocka_run_group_tests(tests, make_houses, drop_houses);
}
