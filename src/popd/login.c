/* SPDX-License-Identifier: ISC */
#include "popd/login.h"

#include <unistd.h>

#include "os/clock.h"
#include "os/fd.h"
#include "os/net.h"
#include "os/random.h"
#include "popd/transaction.h"
#include "wire/encoding.h"
#include "wire/pop.h"
#include "wire/sasl.h"

enum { ARENA_MAX = 128 * 1024, TLS_MS = 120 * 1000, FLUSH_MS = 60 * 1000 };

static void copy_start(struct login *l, const struct session_start *from)
{
    l->start = *from;
    str *texts[] = {&l->start.sid,         &l->start.peer_ip,        &l->start.local_ip,
                    &l->start.environment, &l->start.tls_version,    &l->start.tls_cipher,
                    &l->start.tls_sni,     &l->start.tls_endpoint,   &l->start.tls_exporter,
                    &l->start.tls_unique,  &l->start.tls_client_cert};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        *texts[i] = arena_copy(l->arena, *texts[i]);
}

/* RFC 1939 7: unlike any other greeting's, and nothing that a stranger could guess. */
static err greet(struct login *l)
{
    uint64_t random = random_u64();
    l->timestamp = arena_printf(l->arena, "<%d%08x.%lld@%.*s>", (int)getpid(), (uint32_t)random,
                                (long long)clock_seconds(), STR_ARG(l->host));
    return io_writef(l->io, "+OK %.*s\r\n", STR_ARG(l->timestamp));
}

bool login_may_be_plain(const struct login *l)
{
    struct net_address a;
    if (l->start.tls || l->plain_allowed)
        return true;
    err e = net_address_parse(l->start.peer_ip, 0, &a);
    return !failed(e) && net_address_is_loopback(&a);
}

err login_refuse_plain(struct login *l)
{
    return pop_say(l->io, "-ERR [AUTH] a password must not travel in the clear: use STLS first, or "
                          "APOP, CRAM-MD5 or SCRAM-SHA-256 (\"encrypted password\")");
}

/* ---- commands ---- */

static err cmd_user(struct login *l, str args)
{
    if (!args.n || args.n > LOGIN_NAME_MAX)
        return pop_say(l->io, "-ERR syntax error");
    if (!login_may_be_plain(l))
        return login_refuse_plain(l);
    l->user = arena_copy(l->arena, args);
    return pop_say(l->io, "+OK ");
}

static err cmd_pass(struct login *l, str args)
{
    if (!l->user.n)
        return pop_say(l->io, "-ERR USER first");
    auto_buf struct buf blob;
    buf_init(&blob, SASL_BLOB_MAX);
    buf_addc(&blob, 0);
    buf_add(&blob, l->user);
    buf_addc(&blob, 0);
    buf_add(&blob, args);
    l->user = S("");
    str initial = buf_str(&blob);
    return login_attempt(l, S("PLAIN"), &initial);
}

static err cmd_apop(struct login *l, str args)
{
    if (str_find(args, ' ') <= 0)
        return pop_say(l->io, "-ERR syntax error");
    str blob = arena_copy(l->arena, args);
    return login_attempt(l, S("APOP"), &blob);
}

/* auth holds a client that could bind to it (RFC 5802 6): the names are offered whenever auth is
 * given what to bind to. */
static bool can_bind(const struct login *l)
{
    return l->start.tls && (l->start.tls_exporter.n || l->start.tls_endpoint.n);
}

static err list_mechanisms(struct login *l)
{
    err e = pop_say(l->io, "+OK ");
    if (!failed(e) && can_bind(l))
        e = io_write(l->io, S("SCRAM-SHA-256-PLUS\r\nSCRAM-SHA-1-PLUS\r\n"));
    if (!failed(e))
        e = io_write(l->io, S("SCRAM-SHA-256\r\nSCRAM-SHA-1\r\nCRAM-MD5\r\n"));
    if (!failed(e) && l->start.tls_client_cert.n)
        e = io_write(l->io, S("EXTERNAL\r\n"));
    if (!failed(e) && login_may_be_plain(l))
        e = io_write(l->io, S("PLAIN\r\nLOGIN\r\n"));
    if (!failed(e) && l->tokens && login_may_be_plain(l))
        e = io_write(l->io, S("OAUTHBEARER\r\nXOAUTH2\r\n"));
    return failed(e) ? e : pop_say(l->io, ".");
}

static err cmd_auth(struct login *l, str args)
{
    if (!args.n) /* before RFC 2449 clients asked so */
        return list_mechanisms(l);
    str mechanism = arena_copy(l->arena, pop_word(&args));
    char *p = arena_alloc(l->arena, mechanism.n + 1, 1);
    for (size_t i = 0; i < mechanism.n; i++)
        p[i] = char_upper(mechanism.p[i]);
    mechanism = str_of(p, mechanism.n);
    if ((str_eq(mechanism, S("PLAIN")) || str_eq(mechanism, S("LOGIN"))) && !login_may_be_plain(l))
        return login_refuse_plain(l);
    if (!args.n)
        return login_attempt(l, mechanism, NULL);
    auto_buf struct buf blob;
    buf_init(&blob, SASL_BLOB_MAX);
    /* RFC 5034 4: "=" is an initial response without octets. */
    err e = str_eq(args, S("=")) ? OK_ERR : base64_decode(&blob, args);
    if (failed(e))
        return pop_say(l->io, "-ERR malformed base64");
    str initial = arena_copy(l->arena, buf_str(&blob));
    return login_attempt(l, mechanism, &initial);
}

static err cmd_capa(struct login *l, str args)
{
    (void)args;
    bool plain = login_may_be_plain(l);
    err e = pop_say(l->io, "+OK capability list follows");
    if (!failed(e))
        e = io_writef(l->io, "%sSASL%s SCRAM-SHA-256 SCRAM-SHA-1 CRAM-MD5%s%s%s\r\n",
                      plain ? "USER\r\n" : "",
                      can_bind(l) ? " SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS" : "",
                      l->start.tls_client_cert.n ? " EXTERNAL" : "", plain ? " PLAIN LOGIN" : "",
                      plain && l->tokens ? " OAUTHBEARER XOAUTH2" : "");
    if (!failed(e) && l->start.can_starttls && !l->start.tls)
        e = pop_say(l->io, "STLS");
    capabilities_write(l->io);
    return failed(e) ? e : pop_say(l->io, ".");
}

static void take_tls(struct login *l, const struct session_tls *t, int fd)
{
    io_replace(l->io, fd, fd); /* what the client sent too early is gone: RFC 2595 4 */
    struct session_start s = l->start;
    s.tls = 1;
    s.tls_version = t->tls_version;
    s.tls_cipher = t->tls_cipher;
    s.tls_sni = t->tls_sni;
    s.tls_endpoint = t->tls_endpoint;
    s.tls_exporter = t->tls_exporter;
    s.tls_unique = t->tls_unique;
    s.tls_client_cert = t->tls_client_cert;
    copy_start(l, &s);
    l->user = S("");
}

static err cmd_stls(struct login *l, str args)
{
    (void)args;
    if (l->start.tls)
        return pop_say(l->io, "-ERR TLS is on already");
    if (!l->start.can_starttls)
        return pop_say(l->io, "-ERR unimplemented");
    err e = io_flush(l->io, deadline_in_ms(FLUSH_MS));
    struct session_starttls ask = {.answer = S("+OK begin TLS\r\n")};
    struct session_tls t;
    struct packet p;
    if (!failed(e))
        e = channel_ask(l->control, &session_starttls_schema, &ask, NULL, 0, &session_tls_schema,
                        deadline_in_ms(TLS_MS), &t, &p);
    if (failed(e))
        return e;
    if (!t.ok || p.n_fds != 1)
        return err_new(ERR_CLOSED, "no TLS"); /* front tells why */
    take_tls(l, &t, fd_take(&p.fds[0]));
    return OK_ERR;
}

static err cmd_quit(struct login *l, str args)
{
    (void)args;
    l->over = true;
    return pop_say(l->io, "+OK ");
}

static err cmd_noop(struct login *l, str args)
{
    (void)args;
    return pop_say(l->io, "+OK ");
}

/* ---- the session ---- */

static err count_error(struct login *l, const char *line)
{
    l->over |= ++l->errors >= LOGIN_ERRORS_MAX;
    return pop_say(l->io, line);
}

static err run_line(struct login *l)
{
    static err (*const table[POP_VERB_COUNT])(struct login *, str) = {
        [POP_USER] = cmd_user, [POP_PASS] = cmd_pass, [POP_APOP] = cmd_apop, [POP_AUTH] = cmd_auth,
        [POP_CAPA] = cmd_capa, [POP_STLS] = cmd_stls, [POP_QUIT] = cmd_quit, [POP_NOOP] = cmd_noop,
    };
    str line;
    /* An initial response makes AUTH as long as a SASL message. */
    err e = io_read_line(l->io, POP_AUTH_LINE_MAX, l->by, &line);
    if (e.kind == ERR_LIMIT) {
        e = io_skip_line(l->io, l->by);
        return failed(e) ? e : count_error(l, "-ERR syntax error");
    }
    if (failed(e))
        return e;
    struct pop_command c = pop_parse(line);
    if (line.n > POP_LINE_MAX && c.verb != POP_AUTH && c.verb != POP_PASS)
        return count_error(l, "-ERR syntax error");
    if (!table[c.verb])
        return count_error(l, "-ERR authorization first");
    return table[c.verb](l, c.args);
}

void login_run(const struct boot *boot, const struct popd_facts *facts,
               const struct session_start *start, int data, int control)
{
    struct login l = {.io = io_new(data, data),
                      .control = channel_new(control),
                      .boot = boot,
                      .arena = arena_new("login", ARENA_MAX),
                      .log = log_new(NULL),
                      .by = deadline_in_ms(facts->login_ms),
                      .host = facts->me,
                      .plain_allowed = facts->allow_plaintext,
                      .tokens = facts->tokens};
    io_leash(l.io, control);
    copy_start(&l, start);
    log_set(l.log, "sid", l.start.sid);
    log_set(l.log, "peer", l.start.peer_ip);
    err e = greet(&l);
    while (!failed(e) && !l.over) {
        e = pop_flush(l.io, FLUSH_MS);
        if (!failed(e))
            e = run_line(&l);
        if (arena_used(l.arena) > ARENA_MAX / 2) /* a client that talks and never logs in */
            l.over = true;
    }
    if (!failed(e))
        e = io_flush(l.io, deadline_in_ms(FLUSH_MS));
    (void)e; /* whatever it was, the session ends, and front tells that */
    io_free(l.io);
    channel_free(l.control);
    channel_free(l.auth);
    log_free(l.log);
    arena_free(l.arena);
}
