/* SPDX-License-Identifier: ISC */
/* client/fake_smtp.h -- a scripted SMTP server on loopback, for tests alone.
 *
 * A child process plays the script, a line a step, and its exit says whether all went so:
 *   accept        the next connection (it must come within seconds)
 *   S:text        sends the line
 *   Q:text        sends the line together with the next one
 *   C:text        the next line from the client begins with text
 *   C=text        … is exactly text
 *   waits         more input is there before anything is answered: the client pipelines
 *   tls           the server's side of a handshake
 *   junk          octets that are no TLS, then closes
 *   eof           the client closes, perhaps after QUIT
 *   close         closes
 */
#pragma once
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/stream.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/net.h"
#include "tls/tls_make.h"
#include "tls/tls_wait.h"

struct fake {
    int listener;
    uint16_t port;
    struct net_address address;
    pid_t child;
};

static struct {
    struct arena *arena;
    struct tls_side *server, *client; /* client: any authority but the fake's */
} fake_tls;

[[maybe_unused]] static void fake_tls_start(void)
{
    char path[] = "/tmp/fake-smtp-XXXXXX";
    static const char *const files[] = {"ca.pem", "ca-key.pem", "cert.pem", "key.pem"};
    str name = S("mx.example.test");
    struct tls_make m = {.names = &name, .names_n = 1, .now = clock_seconds()};
    struct tls_pair pair = {0};
    int dir = -1;
    fake_tls.arena = arena_new("fake tls", 1 << 20);
    bool good = mkdtemp(path) && !failed(dir_open(AT_FDCWD, path, &dir)) &&
                !failed(tls_make_certificates(dir, &m, NULL)) &&
                !failed(tls_pair_read(fake_tls.arena, dir, "cert.pem", "key.pem", &pair));
    struct tls_server_options so = {.pairs = &pair, .pairs_n = 1};
    struct tls_client_options co = {0};
    good = good && !failed(tls_server_new(&so, &fake_tls.server, NULL)) &&
           !failed(tls_client_new(&co, &fake_tls.client));
    for (size_t i = 0; i < 4; i++)
        (void)unlinkat(dir, files[i], 0);
    fd_close(dir);
    (void)rmdir(path);
    if (!good)
        abort();
}

[[maybe_unused]] static void fake_tls_stop(void)
{
    tls_side_free(fake_tls.server);
    tls_side_free(fake_tls.client);
    arena_free(fake_tls.arena);
}

struct fake_player {
    struct stream s;
    int listener;
};

static bool fake_accept(struct fake_player *p)
{
    struct pollfd wait = {.fd = p->listener, .events = POLLIN};
    struct net_address peer;
    int fd;
    return poll(&wait, 1, 5000) == 1 && !failed(net_accept(p->listener, &fd, &peer)) &&
           !failed(stream_open(&p->s, fd));
}

static bool fake_expect(struct fake_player *p, str want, bool exactly)
{
    str line;
    if (failed(stream_read_line(&p->s, STREAM_IN, deadline_in_ms(5000), &line)))
        return false;
    if (exactly ? str_eq(line, want) ||
                      (line.n == want.n + 2 && str_starts(line, want) && str_ends(line, S("\r\n")))
                : str_starts(line, want))
        return true;
    fprintf(stderr, "fake server got: %.*s", STR_ARG(line));
    return false;
}

static bool fake_eof(struct fake_player *p)
{
    str line;
    err e = OK_ERR;
    while (!failed(e))
        e = stream_read_line(&p->s, STREAM_IN, deadline_in_ms(5000), &line);
    return e.kind == ERR_CLOSED;
}

static bool fake_shake(struct fake_player *p)
{
    return !failed(tls_accept(fake_tls.server, p->s.fd, &p->s.tls)) &&
           !failed(tls_handshake_by(p->s.tls, deadline_in_ms(5000)));
}

static bool fake_queue(struct fake_player *p, str text)
{
    deadline by = deadline_in_ms(5000);
    return !failed(stream_write(&p->s, text, by)) && !failed(stream_write(&p->s, S("\r\n"), by));
}

static bool fake_send(struct fake_player *p, str text)
{
    return fake_queue(p, text) && !failed(stream_flush(&p->s, deadline_in_ms(5000)));
}

static bool fake_waits(struct fake_player *p)
{
    struct pollfd wait = {.fd = p->s.fd, .events = POLLIN};
    return p->s.in.n > p->s.in_at || poll(&wait, 1, 5000) == 1;
}

static bool fake_step(struct fake_player *p, str step)
{
    if (str_skip(&step, S("S:")))
        return fake_send(p, step);
    if (str_skip(&step, S("Q:")))
        return fake_queue(p, step);
    if (str_skip(&step, S("C:")))
        return fake_expect(p, step, false);
    if (str_skip(&step, S("C=")))
        return fake_expect(p, step, true);
    if (str_eq(step, S("accept")))
        return fake_accept(p);
    if (str_eq(step, S("waits")))
        return fake_waits(p);
    if (str_eq(step, S("tls")))
        return fake_shake(p);
    if (str_eq(step, S("eof")))
        return fake_eof(p);
    if (!str_eq(step, S("close")) && !(str_eq(step, S("junk")) && fake_send(p, S("no TLS here"))))
        return false;
    stream_close(&p->s);
    return true;
}

[[maybe_unused]] static void fake_start(struct fake *f, const char *script)
{
    struct net_address any;
    if (failed(net_address_parse(S("127.0.0.1"), 0, &any)) ||
        failed(net_listen(&any, 16, &f->listener)) ||
        failed(net_local_name(f->listener, &f->address)))
        abort();
    f->port = net_address_port(&f->address);
    f->child = fork();
    if (f->child)
        return;
    struct fake_player p = {.listener = f->listener};
    str text = str_from(script), step;
    stream_init(&p.s);
    for (int line = 1; str_line(&text, &step); line++)
        if (!fake_step(&p, step)) {
            fprintf(stderr, "fake server failed at step %d: %.*s\n", line, STR_ARG(step));
            _exit(1);
        }
    _exit(0);
}

/* True when the script was played to its end. */
[[maybe_unused]] static bool fake_finished(struct fake *f)
{
    int status = 0;
    fd_close(f->listener);
    return waitpid(f->child, &status, 0) == f->child && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
}
