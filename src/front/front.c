/* SPDX-License-Identifier: ISC */
#include "front/front.h"

#include <dirent.h>
#include <string.h>
#include <sys/resource.h>

#include "os/clock.h"
#include "os/fd.h"
#include "os/file.h"

/* ---- configuration ---- */

static void set_limits(struct front *f)
{
    struct rlimit files = {.rlim_cur = 1024};
    (void)getrlimit(RLIMIT_NOFILE, &files); /* cannot fail */
    size_t by_files =
        files.rlim_cur > FRONT_FDS_SPARE + 3 ? (files.rlim_cur - FRONT_FDS_SPARE) / 3 : 1;
    f->conns_max = f->site.maxconnections && f->site.maxconnections < by_files
                       ? (size_t)f->site.maxconnections
                       : by_files;
}

static err load_site(struct front *f)
{
    str archive;
    struct site site;
    err e = fd_map(f->boot->site_fd, SITE_ARCHIVE_MAX, &archive);
    if (failed(e))
        return e;
    struct arena *arena = arena_new("site", SITE_ARCHIVE_MAX);
    e = site_parse(archive, arena, &site);
    if (failed(e)) {
        arena_free(arena);
        fd_unmap(archive);
        return e;
    }
    arena_free(f->site_arena);
    if (f->archive.n)
        fd_unmap(f->archive);
    f->site_arena = arena;
    f->archive = archive;
    f->site = site;
    set_limits(f);
    struct ledger_rules rules = bans_rules(&site);
    ledger_set_rules(f->ledger, &rules);
    return OK_ERR;
}

/* ---- certificates: tls/cert.pem with tls/key.pem, and tls/NAME/ the same for others ---- */

#define CLIENT_CA "clientca.pem"

struct pairs {
    struct arena *arena;
    int dir;
    struct tls_pair at[TLS_CERTS_MAX];
    size_t n;
};

static err add_pair(void *ctx, const struct dir_entry *d)
{
    struct pairs *p = ctx;
    if ((d->type != DT_DIR && d->type != DT_LNK) || p->n == TLS_CERTS_MAX)
        return OK_ERR;
    const char *chain = arena_printf(p->arena, "%.*s/cert.pem", STR_ARG(d->name)).p;
    const char *key = arena_printf(p->arena, "%.*s/key.pem", STR_ARG(d->name)).p;
    err e = tls_pair_read(p->arena, p->dir, chain, key, &p->at[p->n]);
    if (!failed(e))
        p->n++;
    else if (e.kind != ERR_NOTFOUND)
        log_event(NULL, EV_CONFIG_PROBLEM, F_STR("file", str_from(chain)), F_ERR(e));
    return OK_ERR; /* one bad certificate does not take the others away */
}

err front_load_certificates(struct front *f)
{
    auto_arena struct arena *a = arena_new("certificates", 64 << 20);
    struct pairs *p = NEW(a, struct pairs);
    p->arena = a;
    p->dir = boot_dir(f->boot, "tls");
    if (p->dir < 0)
        return OK_ERR;
    err e = tls_pair_read(a, p->dir, "cert.pem", "key.pem", &p->at[0]);
    if (e.kind == ERR_NOTFOUND)
        return OK_ERR;
    if (failed(e))
        return e;
    p->n = 1;
    e = dir_each(p->dir, ".", add_pair, p);
    struct tls_side *side;
    str bad = S("");
    struct tls_server_options o = {
        .pairs = p->at, .pairs_n = p->n, .only_tls13 = f->site.tlsminimum == 1};
    if (!failed(e) && f->site.clientcertificate != CLIENTCERTIFICATE_NONE) {
        bad = S(CLIENT_CA);
        e = file_read(p->dir, CLIENT_CA, TLS_PEM_MAX, a, &o.client_ca);
        if (failed(e)) { /* nobody can log in by certificate; all the others can */
            log_event(NULL, EV_CONFIG_PROBLEM, F_STR("file", bad), F_ERR(e));
            o.client_ca = S("");
            e = OK_ERR;
        }
    }
    if (!failed(e))
        e = tls_server_new(&o, &side, &bad);
    if (failed(e)) {
        log_event(NULL, EV_CONFIG_PROBLEM, F_STR("certificate", bad), F_ERR(e));
        return e;
    }
    tls_side_free(f->tls); /* connections keep what they began with */
    f->tls = side;
    return OK_ERR;
}

/* ---- the loop ---- */

static void on_listener(void *ctx, int fd, unsigned events)
{
    (void)fd, (void)events; /* only readable is asked for */
    front_accept(ctx);
}

static void give_up(void *ctx)
{
    struct front *f = ctx;
    loop_stop(f->loop);
}

static void drain(struct front *f)
{
    if (f->draining)
        return;
    f->draining = true;
    for (size_t i = 0; i < f->boot->n_listeners; i++) {
        loop_del(f->listeners[i].watch);
        f->listeners[i].watch = NULL;
        fd_close(f->listeners[i].fd);
    }
    list_each_safe (l, &f->conns) {
        struct conn *c = container_of(l, struct conn, link);
        if (c->control < 0)
            conn_close(c);
        else /* a session that is gone needs no telling */
            (void)failed(packet_send(c->control, &session_drain_schema, 0,
                                     &(struct session_starttls){0}, NULL, 0));
    }
    f->drain_timer = loop_at(f->loop, deadline_in_ms(FRONT_DRAIN_MS), give_up, f);
    if (f->n_conns == 0)
        loop_stop(f->loop);
}

static void reload(struct front *f)
{
    err e = load_site(f);
    if (failed(e))
        log_event(NULL, EV_PROGRAM_FAILED, F_ERR(e));
    e = front_load_certificates(f);
    if (failed(e))
        log_event(NULL, EV_PROGRAM_FAILED, F_ERR(e)); /* the old ones stay */
}

static void on_init(void *ctx, int fd, unsigned events)
{
    struct front *f = ctx;
    (void)fd, (void)events; /* a hang-up is read as the end */
    struct packet p;
    err e = channel_try_recv(f->boot->init, &p);
    if (e.kind == ERR_TEMP)
        return;
    if (failed(e) || p.type == IPC_INIT_DRAIN) {
        if (failed(e)) { /* the end of a channel is told again and again */
            loop_del(f->init_watch);
            f->init_watch = NULL;
        }
        drain(f); /* an init that is gone cannot start us again either */
        return;
    }
    e = boot_message(f->boot, &p);
    if (failed(e))
        log_event(NULL, EV_PROGRAM_FAILED, F_ERR(e));
    else if (p.type == IPC_INIT_SITE)
        reload(f);
}

err front_open(struct front *f, struct boot *boot)
{
    *f = (struct front){.boot = boot, .loop = loop_new(), .visitors = map_new()};
    list_init(&f->conns);
    list_init(&f->askers);
    f->ledger = ledger_new(&ledger_defaults);
    f->sweep_at_ms = INT64_MAX;
    f->sweep = loop_at(f->loop, DEADLINE_NEVER, conns_sweep, f);
    str witness;
    err e = load_site(f);
    if (failed(e))
        return e;
    if (!failed(fd_map(boot_dir(boot, "witness"), WITNESS_KEY_BYTES, &witness))) {
        f->has_witness = witness.n == WITNESS_KEY_BYTES;
        if (f->has_witness)
            memcpy(f->witness, witness.p, WITNESS_KEY_BYTES);
        fd_unmap(witness);
    }
    if (failed(front_load_certificates(f))) /* told there; without TLS we still serve */
        f->tls = NULL;
    static const enum program sessions[] = {PROGRAM_SMTPD, PROGRAM_IMAPD, PROGRAM_POPD,
                                            PROGRAM_SIEVED};
    for (size_t i = 0; i < sizeof sessions / sizeof sessions[0]; i++)
        if (boot->doors[sessions[i]] >= 0)
            f->sessions[sessions[i]] = channel_new(boot->doors[sessions[i]]);
    return OK_ERR;
}

err front_run(struct front *f)
{
    f->init_watch = loop_add(f->loop, channel_fd(f->boot->init), LOOP_IN, on_init, f);
    bans_serve(f);
    for (size_t i = 0; i < f->boot->n_listeners; i++) {
        const struct boot_listener *b = &f->boot->listeners[i];
        struct listener_watch *l = &f->listeners[i];
        *l = (struct listener_watch){.front = f, .service = b->service, .fd = b->fd};
        l->watch = loop_add(f->loop, l->fd, LOOP_IN, on_listener, l);
    }
    log_hold();
    loop_each_round(f->loop, log_release, NULL);
    return loop_run(f->loop);
}

void front_close(struct front *f)
{
    f->draining = false;
    while (!list_empty(&f->conns))
        conn_close(container_of(f->conns.next, struct conn, link));
    for (size_t i = 0; i < f->boot->n_listeners; i++)
        loop_del(f->listeners[i].watch);
    loop_del(f->init_watch);
    bans_close(f);
    loop_timer_del(f->sweep);
    loop_timer_del(f->drain_timer);
    for (enum program p = PROGRAM_INIT; p < PROGRAM_COUNT; p++)
        channel_free(f->sessions[p]);
    visitors_free(f);
    ledger_free(f->ledger);
    tls_side_free(f->tls);
    loop_free(f->loop);
    arena_free(f->site_arena);
    fd_unmap(f->archive);
    log_release(NULL);
}
