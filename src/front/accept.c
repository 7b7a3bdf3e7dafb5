/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/tcprules.h"
#include "front/front.h"
#include "os/clock.h"
#include "os/fd.h"

str refusal_text(enum service s, bool for_good)
{
    switch (s) {
    case SERVICE_SMTP:
    case SERVICE_SUBMISSION:
    case SERVICE_SUBMISSIONS:
        return for_good ? S("554 5.7.1 you may not connect here (#5.7.1)\r\n")
                        : S("421 4.3.2 not now, please try later (#4.3.2)\r\n");
    case SERVICE_IMAP:
    case SERVICE_IMAPS:
        return for_good ? S("* BYE you may not connect here\r\n")
                        : S("* BYE [UNAVAILABLE] not now, please try later\r\n");
    case SERVICE_SIEVE:
        return for_good ? S("BYE \"you may not connect here\"\r\n")
                        : S("BYE (TRYLATER) \"not now, please try later\"\r\n");
    default:
        return for_good ? S("-ERR [SYS/PERM] you may not connect here\r\n")
                        : S("-ERR [SYS/TEMP] not now, please try later\r\n");
    }
}

bool service_is_tls(enum service s)
{
    return s == SERVICE_SUBMISSIONS || s == SERVICE_IMAPS || s == SERVICE_POP3S;
}

static enum site_rules rules_of(enum service s)
{
    switch (s) {
    case SERVICE_SMTP:
        return RULES_SMTP;
    case SERVICE_SUBMISSION:
    case SERVICE_SUBMISSIONS:
        return RULES_SUBMISSION;
    case SERVICE_IMAP:
    case SERVICE_IMAPS:
    case SERVICE_SIEVE: /* who may read mail may say what becomes of it */
        return RULES_IMAP;
    default:
        return RULES_POP3;
    }
}

static str copy_environment(const struct tcprules_answer *a)
{
    auto_buf struct buf b;
    buf_init(&b, 4096);
    for (size_t i = 0; i < a->n; i++) {
        buf_add(&b, a->variables[i].name);
        buf_addc(&b, '=');
        buf_add(&b, a->variables[i].value);
        buf_addc(&b, '\0');
    }
    if (failed(buf_check(&b, "environment")) || b.n == 0)
        return S("");
    char *p = mem_alloc("environment", b.n);
    memcpy(p, b.p, b.n);
    return str_of(p, b.n);
}

/* NULL: let in. Otherwise why not; *ret_for_good when trying again is no use. */
static const char *ask_rules(struct front *f, enum service s, str ip, str *ret_environment,
                             bool *ret_for_good)
{
    str cdb = f->site.tcp_rules[rules_of(s)];
    *ret_environment = S("");
    if (cdb.n == 0)
        return NULL;
    auto_arena struct arena *a = arena_new("access rules", 1 << 20);
    struct tcprules_answer answer;
    err e = tcprules_find(cdb, &(struct tcp_peer){.ip = ip}, a, &answer);
    if (failed(e))
        return "the access rules are damaged";
    *ret_for_good = answer.deny;
    if (answer.deny)
        return "denied by the access rules";
    *ret_environment = copy_environment(&answer);
    return NULL;
}

/* Says no where that costs one send: a client that waits for TLS could not read it. */
static void refuse(struct front *f, enum service s, int fd, str ip, bool for_good, const char *why)
{
    (void)f; /* nothing of it is touched */
    log_event(NULL, EV_SESSION_REFUSED, F_STR("service", str_from(service_name(s))),
              F_STR("peer", ip), F_STR("why", str_from(why)));
    if (!service_is_tls(s)) {
        str text = refusal_text(s, for_good);
        (void)send(fd, text.p, text.n, MSG_DONTWAIT | MSG_NOSIGNAL); /* a courtesy */
    }
    fd_close(fd);
}

static void let_in(struct listener_watch *l, int fd, const struct net_address *peer)
{
    struct front *f = l->front;
    char text[INET6_ADDRSTRLEN];
    str ip = net_address_text(peer, text, sizeof text), environment = S("");
    bool for_good = false;
    const char *why;
    struct visitor *v = visitor_enter(f, ip, clock_ms(), &why);
    if (v)
        why = ask_rules(f, l->service, ip, &environment, &for_good);
    if (v && !why && service_is_tls(l->service) && !f->tls)
        why = "no certificate";
    if (!v || why) {
        if (v)
            visitor_leave(f, v);
        if (environment.n)
            free((void *)(uintptr_t)environment.p);
        refuse(f, l->service, fd, ip, for_good, why);
        return;
    }
    struct conn *c = conn_new(f, l->service, fd, peer);
    c->visitor = v;
    c->environment = environment;
    if (service_is_tls(l->service))
        shake_begin(c);
    else
        conn_start_session(c);
}

void front_accept(struct listener_watch *l)
{
    for (int i = 0; i < FRONT_ACCEPTS; i++) {
        int fd;
        struct net_address peer;
        err e = net_accept(l->fd, &fd, &peer);
        if (e.kind == ERR_TEMP)
            return;
        if (failed(e)) { /* out of descriptors, mostly: those inside must leave first */
            log_event(NULL, EV_PROGRAM_FAILED, F_ERR(e));
            return;
        }
        let_in(l, fd, &peer);
    }
}
