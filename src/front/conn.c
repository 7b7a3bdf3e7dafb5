/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "crypt/hash.h"
#include "front/front.h"
#include "os/clock.h"
#include "os/fd.h"
#include "os/random.h"

enum { SWEEP_MIN_MS = 500, SWEEP_MAX_MS = 60000 };

static void sweep_by(struct front *f, int64_t at_ms);

struct conn *conn_new(struct front *f, enum service s, int client, const struct net_address *peer)
{
    struct conn *c = mem_alloc("connection", sizeof *c);
    struct net_address local;
    *c = (struct conn){.front = f, .service = s, .client = client, .data = -1, .control = -1};
    c->opened_ms = c->active_ms = clock_ms();
    c->deadline_ms = INT64_MAX;
    str ip = net_address_text(peer, c->ip, sizeof c->ip);
    if (ip.p != c->ip)
        (void)snprintf(c->ip, sizeof c->ip, "%.*s", STR_ARG(ip)); /* "unknown" fits */
    c->port = net_address_port(peer);
    if (!failed(net_local_name(client, &local))) {
        (void)net_address_text(&local, c->local_ip, sizeof c->local_ip); /* into local_ip */
        c->local_port = net_address_port(&local);
    }
    (void)snprintf(c->sid, sizeof c->sid, "%016llx%016llx", (unsigned long long)random_u64(),
                   (unsigned long long)random_u64()); /* fits */
    list_add(&f->conns, &c->link);
    f->n_conns++;
    sweep_by(f, c->opened_ms + SWEEP_MAX_MS);
    return c;
}

/* What passed between the client and a session without us is in the kernel's books. */
void conn_count_lent(struct conn *c)
{
    struct net_traffic t;
    if (c->tls || failed(net_traffic_of(c->client, &t)))
        return;
    c->bytes_in = t.received - (c->client_eof ? 1 : 0);
    c->bytes_out = t.sent;
}

static void tell_end(struct conn *c)
{
    conn_count_lent(c);
    if (c->announced)
        log_event(NULL, EV_SESSION_CLOSED, F_STR("sid", str_from(c->sid)),
                  F_STR("service", str_from(service_name(c->service))),
                  F_STR("peer", str_from(c->ip)), F_INT("in", c->bytes_in),
                  F_INT("out", c->bytes_out), F_INT("ms", clock_ms() - c->opened_ms));
}

void conn_close(struct conn *c)
{
    struct front *f = c->front;
    tell_end(c);
    loop_del(c->client_watch);
    loop_del(c->data_watch);
    loop_del(c->control_watch);
    tls_free(c->tls);
    if (c->lent) /* the session has a descriptor of it too: closing ours would end nothing */
        (void)shutdown(c->client, SHUT_RDWR); /* ended already: as wanted */
    fd_close(c->client);
    fd_close(c->data);
    fd_close(c->control);
    pending_drop(&c->to_session);
    pending_drop(&c->to_client);
    free(c->answer);
    if (c->environment.n)
        free((void *)(uintptr_t)c->environment.p);
    if (c->visitor)
        visitor_leave(f, c->visitor);
    list_del(&c->link);
    f->n_conns--;
    free(c);
    if (f->draining && f->n_conns == 0)
        loop_stop(f->loop);
}

/* What is not waited for is not in the epoll set: a hang-up there would be told for ever. */
static void watch(struct conn *c, struct loop_fd **w, int fd, unsigned events, loop_fd_fn *fn)
{
    if (events == 0 || fd < 0) {
        loop_del(*w);
        *w = NULL;
    } else if (*w) {
        loop_events(*w, events);
    } else {
        *w = loop_add(c->front->loop, fd, events, fn, c);
    }
}

void conn_watch(struct conn *c)
{
    bool shaking = false;
    unsigned client = 0, data = 0;
    switch (c->state) {
    case CONN_HANDSHAKE:
    case CONN_STARTTLS_SHAKES:
        shaking = true;
        client = c->tls_wants_write ? LOOP_OUT : LOOP_IN;
        break;
    case CONN_LINGER:
        client = LOOP_IN;
        break;
    case CONN_LENT:
    case CONN_STARTTLS:
        break;
    case CONN_OPEN:
        client = !c->client_eof && c->to_session.n == 0 ? LOOP_IN : 0u;
        data = (c->to_session.n ? LOOP_OUT : 0u) |
               (!c->session_eof && c->to_client.n == 0 ? LOOP_IN : 0u);
        break;
    }
    if (!shaking && (c->to_client.n || c->tls_wants_write))
        client |= LOOP_OUT;
    watch(c, &c->client_watch, c->client, client, relay_client_ready);
    watch(c, &c->data_watch, c->data, data, relay_data_ready);
}

/* One timer serves all: it rings for whoever is first. */
static void sweep_by(struct front *f, int64_t at_ms)
{
    if (at_ms >= f->sweep_at_ms)
        return;
    f->sweep_at_ms = at_ms;
    loop_timer_move(f->sweep, (deadline){at_ms});
}

void conn_set_deadline(struct conn *c, int64_t ms)
{
    c->deadline_ms = clock_ms() + ms;
    sweep_by(c->front, c->deadline_ms);
}

static int64_t last_active(const struct conn *c)
{
    struct net_traffic t;
    if (c->state != CONN_LENT || failed(net_traffic_of(c->client, &t)))
        return c->active_ms;
    return clock_ms() - t.silent_ms;
}

void conns_sweep(void *front)
{
    struct front *f = front;
    int64_t now = clock_ms(), next = now + SWEEP_MAX_MS;
    list_each_safe (l, &f->conns) {
        struct conn *c = container_of(l, struct conn, link);
        if (now >= c->deadline_ms || now - last_active(c) >= FRONT_IDLE_MS)
            conn_close(c);
        else if (c->deadline_ms < next)
            next = c->deadline_ms;
    }
    f->sweep_at_ms = INT64_MAX;
    if (!list_empty(&f->conns))
        sweep_by(f, next > now + SWEEP_MIN_MS ? next : now + SWEEP_MIN_MS);
}

/* Closing at once while the client still sends would answer with a reset, and a reset takes
 * our last reply with it: stop sending, and read a little on. */
void conn_linger(struct conn *c)
{
    if (c->tls) {
        enum tls_want want;
        (void)failed(tls_close(c->tls, &want)); /* a courtesy; the end comes anyway */
    }
    loop_del(c->control_watch);
    c->control_watch = NULL;
    fd_close(c->control);
    c->control = -1;
    if (c->client_eof || shutdown(c->client, SHUT_WR) < 0) {
        conn_close(c);
        return;
    }
    loop_del(c->data_watch);
    c->data_watch = NULL;
    fd_close(c->data);
    c->data = -1;
    c->state = CONN_LINGER;
    c->tls_wants_write = false;
    pending_drop(&c->to_session);
    conn_set_deadline(c, FRONT_LINGER_MS);
    conn_watch(c);
}

static enum program program_of(enum service s)
{
    switch (s) {
    case SERVICE_IMAP:
    case SERVICE_IMAPS:
        return PROGRAM_IMAPD;
    case SERVICE_POP3:
    case SERVICE_POP3S:
        return PROGRAM_POPD;
    case SERVICE_SIEVE:
        return PROGRAM_SIEVED;
    default:
        return PROGRAM_SMTPD;
    }
}

static str bytes(const uint8_t *p, size_t n)
{
    return str_of(p, n);
}

/* ipc/witness.h. The view lasts as the info does. */
static str sealed_name(const struct conn *c, const struct tls_info *info)
{
    static char sealed[WITNESS_MAX];
    const struct front *f = c->front;
    str name = f->site.clientcertificate == CLIENTCERTIFICATE_EMAIL ? str_from(info->client_email)
               : f->site.clientcertificate == CLIENTCERTIFICATE_CN  ? str_from(info->client_name)
                                                                    : S("");
    if (!f->has_witness || !name.n || name.n > WITNESS_NAME_MAX)
        return S("");
    struct hmac h;
    hmac_init(&h, HASH_SHA256, str_of(f->witness, sizeof f->witness));
    hmac_add(&h, str_of(c->sid, strlen(c->sid) + 1));
    hmac_add(&h, name);
    struct digest mac = hmac_end(&h);
    memcpy(sealed, mac.at, WITNESS_MAC_BYTES);
    memcpy(sealed + WITNESS_MAC_BYTES, name.p, name.n);
    return str_of(sealed, WITNESS_MAC_BYTES + name.n);
}

void conn_tell_tls(const struct conn *c, struct session_tls *ret)
{
    static struct tls_info info; /* the views last until the packet is encoded */
    tls_info(c->tls, &info);
    *ret = (struct session_tls){
        .ok = 1,
        .tls_version = str_from(info.version),
        .tls_cipher = str_from(info.cipher),
        .tls_sni = str_slice(info.sni, 0, 255),
        .tls_endpoint = bytes(info.end_point, info.end_point_n),
        .tls_exporter = bytes(info.exporter, info.has_exporter ? sizeof info.exporter : 0),
        .tls_unique = bytes(info.unique, info.unique_n),
        .tls_client_cert = sealed_name(c, &info)};
}

static err send_start(struct conn *c, int data, int control)
{
    struct front *f = c->front;
    struct channel *door = f->sessions[program_of(c->service)];
    if (!door)
        return err_new(ERR_NOTFOUND, "no door to the session program");
    struct session_start start = {.sid = str_from(c->sid),
                                  .service = c->service,
                                  .peer_ip = str_from(c->ip),
                                  .peer_port = c->port,
                                  .local_ip = str_from(c->local_ip),
                                  .local_port = c->local_port,
                                  .environment = c->environment,
                                  .can_starttls = f->tls && !c->tls,
                                  .tls = c->tls != NULL};
    struct session_tls t = {0};
    if (c->tls)
        conn_tell_tls(c, &t);
    start.tls_version = t.tls_version;
    start.tls_cipher = t.tls_cipher;
    start.tls_sni = t.tls_sni;
    start.tls_endpoint = t.tls_endpoint;
    start.tls_exporter = t.tls_exporter;
    start.tls_unique = t.tls_unique;
    start.tls_client_cert = t.tls_client_cert;
    int fds[] = {data, control};
    return channel_try_send(door, &session_start_schema, 0, &start, fds, 2);
}

static void announce(struct conn *c)
{
    c->announced = true;
    log_event(NULL, EV_SESSION_OPENED, F_STR("sid", str_from(c->sid)),
              F_STR("service", str_from(service_name(c->service))), F_STR("peer", str_from(c->ip)),
              F_INT("port", c->port), F_STR("local", str_from(c->local_ip)),
              F_INT("tls", c->tls != NULL));
}

void conn_start_session(struct conn *c)
{
    auto_fd int data = -1, control = -1;
    err e = c->tls ? fd_pair(FD_PAIR_STREAM, &c->data, &data) : OK_ERR;
    if (!failed(e))
        e = fd_pair(FD_PAIR_PACKET, &c->control, &control);
    if (!failed(e))
        e = send_start(c, c->tls ? data : c->client, control);
    if (failed(e)) {
        log_event(NULL, EV_SESSION_REFUSED, F_STR("service", str_from(service_name(c->service))),
                  F_STR("peer", str_from(c->ip)), F_ERR(e));
        c->state = CONN_OPEN;
        relay_say(c, refusal_text(c->service, false));
        conn_linger(c);
        return;
    }
    announce(c);
    c->state = c->tls ? CONN_OPEN : CONN_LENT;
    c->lent = !c->tls;
    c->deadline_ms = INT64_MAX;
    c->control_watch = loop_add(c->front->loop, c->control, LOOP_IN, shake_control_ready, c);
    conn_watch(c);
}
