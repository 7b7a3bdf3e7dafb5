/* SPDX-License-Identifier: ISC */
#include "sieved/login.h"

#include "os/clock.h"
#include "os/fd.h"
#include "os/net.h"
#include "wire/encoding.h"
#include "wire/sasl.h"

enum { ARENA_MAX = 256 * 1024, TLS_MS = 120 * 1000 };

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

bool login_may_be_plain(const struct login *l)
{
    struct net_address a;
    if (l->start.tls || l->facts->allow_plaintext)
        return true;
    err e = net_address_parse(l->start.peer_ip, 0, &a);
    return !failed(e) && net_address_is_loopback(&a);
}

/* RFC 5802 6: a client that could bind must see that we can. */
static err capabilities(struct login *l)
{
    bool bind = l->start.tls && (l->start.tls_exporter.n || l->start.tls_endpoint.n);
    str sasl = arena_printf(l->arena, "%sSCRAM-SHA-256 SCRAM-SHA-1 CRAM-MD5%s%s",
                            bind ? "SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS " : "",
                            l->start.tls_client_cert.n ? " EXTERNAL" : "",
                            login_may_be_plain(l) ? " PLAIN LOGIN" : "");
    err e = talk_capabilities(&l->talk, sasl, l->start.can_starttls && !l->start.tls, S(""),
                              l->facts->max_redirects);
    return failed(e) ? e : talk_say(&l->talk, "OK", "", S("twinpost ManageSieve is ready"));
}

/* ---- commands ---- */

static err syntax_error(struct login *l)
{
    l->over |= ++l->errors >= LOGIN_ERRORS_MAX;
    return talk_say(&l->talk, l->over ? "BYE" : "NO", "", S("the command is not understood"));
}

static err cmd_capability(struct login *l, str rest)
{
    return managesieve_end(rest) ? capabilities(l) : syntax_error(l);
}

static err cmd_noop(struct login *l, str rest)
{
    str tag;
    auto_buf struct buf code;
    buf_init(&code, MANAGESIEVE_LITERAL_STRANGER * 2);
    if (managesieve_end(rest))
        return talk_say(&l->talk, "OK", "", S("done"));
    if (!managesieve_string(&rest, l->arena, &tag) || !managesieve_end(rest))
        return syntax_error(l);
    buf_add(&code, S("TAG "));
    managesieve_write(&code, tag);
    return talk_say(&l->talk, "OK", arena_cstr(l->arena, buf_str(&code)), S("done"));
}

static err cmd_logout(struct login *l, str rest)
{
    (void)rest;
    l->over = true;
    return talk_say(&l->talk, "OK", "", S("goodbye"));
}

static err cmd_authenticate(struct login *l, str rest)
{
    str mechanism, encoded;
    if (!managesieve_string(&rest, l->arena, &mechanism))
        return syntax_error(l);
    char *p = arena_alloc(l->arena, mechanism.n + 1, 1);
    for (size_t i = 0; i < mechanism.n; i++)
        p[i] = char_upper(mechanism.p[i]);
    mechanism = str_of(p, mechanism.n);
    if ((str_eq(mechanism, S("PLAIN")) || str_eq(mechanism, S("LOGIN"))) && !login_may_be_plain(l))
        return talk_say(&l->talk, "NO", "ENCRYPT-NEEDED",
                        S("a password must not travel in the clear: use STARTTLS first"));
    if (managesieve_end(rest))
        return login_attempt(l, mechanism, NULL);
    auto_buf struct buf blob;
    buf_init(&blob, SASL_BLOB_MAX);
    if (!managesieve_string(&rest, l->arena, &encoded) || !managesieve_end(rest) ||
        failed(base64_decode(&blob, encoded)))
        return syntax_error(l);
    str initial = arena_copy(l->arena, buf_str(&blob));
    return login_attempt(l, mechanism, &initial);
}

static void take_tls(struct login *l, const struct session_tls *t, int fd)
{
    io_replace(l->talk.io, fd, fd); /* what the client sent too early is gone */
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
}

/* RFC 5804 2.2: after the handshake the capabilities are said again, unasked. */
static err cmd_starttls(struct login *l, str rest)
{
    if (!managesieve_end(rest))
        return syntax_error(l);
    if (l->start.tls || !l->start.can_starttls)
        return talk_say(&l->talk, "NO", "", S("TLS is on already, or cannot be had here"));
    err e = io_flush(l->talk.io, deadline_in_ms(LOGIN_FLUSH_MS));
    struct session_starttls ask = {.answer = S("OK \"begin TLS\"\r\n")};
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
    return capabilities(l);
}

/* ---- the session ---- */

static err run_command(struct login *l)
{
    static err (*const table[MANAGESIEVE_VERB_COUNT])(struct login *, str) = {
        [MANAGESIEVE_AUTHENTICATE] = cmd_authenticate,
        [MANAGESIEVE_CAPABILITY] = cmd_capability,
        [MANAGESIEVE_LOGOUT] = cmd_logout,
        [MANAGESIEVE_NOOP] = cmd_noop,
        [MANAGESIEVE_STARTTLS] = cmd_starttls,
    };
    str rest = buf_str(&l->talk.command);
    enum managesieve_verb v = managesieve_verb(&rest);
    if (table[v])
        return table[v](l, rest);
    if (v == MANAGESIEVE_UNKNOWN)
        return syntax_error(l);
    l->over |= ++l->errors >= LOGIN_ERRORS_MAX;
    return talk_say(&l->talk, l->over ? "BYE" : "NO", "", S("log in first"));
}

static err run_one(struct login *l)
{
    enum talk_read what;
    err e = talk_read(&l->talk, l->by, &what);
    if (failed(e))
        return e;
    if (what == TALK_COMMAND)
        return run_command(l);
    l->over |= what == TALK_OUT_OF_STEP || ++l->errors >= LOGIN_ERRORS_MAX;
    return talk_say(&l->talk, l->over ? "BYE" : "NO", "", S("that is too long"));
}

void login_run(const struct sieved_facts *facts, const struct session_start *start, int data,
               int control)
{
    struct login l = {
        .talk = {.io = io_new(data, data), .literal_max = MANAGESIEVE_LITERAL_STRANGER},
        .control = channel_new(control),
        .boot = facts->boot,
        .facts = facts,
        .arena = arena_new("login", ARENA_MAX),
        .log = log_new(NULL),
        .by = deadline_in_ms(facts->login_ms)};
    io_leash(l.talk.io, control);
    copy_start(&l, start);
    log_set(l.log, "sid", l.start.sid);
    log_set(l.log, "peer", l.start.peer_ip);
    err e = capabilities(&l);
    while (!failed(e) && !l.over) {
        e = talk_flush(&l.talk, LOGIN_FLUSH_MS);
        if (!failed(e))
            e = run_one(&l);
        if (arena_used(l.arena) > ARENA_MAX / 2) /* a client that talks and never logs in */
            l.over = true;
    }
    if (!failed(e))
        e = io_flush(l.talk.io, deadline_in_ms(LOGIN_FLUSH_MS));
    (void)e; /* whatever it was, the session ends, and front tells that */
    buf_done(&l.talk.command);
    io_free(l.talk.io);
    channel_free(l.control);
    channel_free(l.auth);
    log_free(l.log);
    arena_free(l.arena);
}
