/* SPDX-License-Identifier: ISC */
#include "init/house.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "log/event.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/net.h"
#include "os/sandbox.h"

enum { BACKLOG = 1024 };

/* "192.0.2.1:25", "[2001:db8::1]:25", ":25" (every address), "*:25" the same. */
static err split_address(str text, str *ret_ip, uint16_t *ret_port)
{
    ptrdiff_t colon = str_rfind(text, ':');
    uint64_t port;
    if (colon < 0 || !str_u64(str_from_at(text, (size_t)colon + 1), &port) || port > 65535)
        return err_new(ERR_SYNTAX, "an address to listen at is written address:port");
    str ip = str_slice(text, 0, (size_t)colon);
    if (ip.n >= 2 && ip.p[0] == '[' && ip.p[ip.n - 1] == ']')
        ip = str_slice(ip, 1, ip.n - 1);
    *ret_ip = ip;
    *ret_port = (uint16_t)port;
    return OK_ERR;
}

static err add_listener(struct house *h, enum service service, str ip, uint16_t port)
{
    struct net_address a;
    auto_fd int fd = -1;
    err e = net_address_parse(ip, port, &a);
    if (!failed(e))
        e = net_listen(&a, BACKLOG, &fd);
    if (!failed(e))
        e = net_local_name(fd, &a); /* port 0: the kernel has chosen */
    if (failed(e))
        return e;
    char text[64];
    str name = net_address_text(&a, text, sizeof text);
    struct listener l = {.fd = fd_take(&fd), .service = service};
    (void)snprintf(l.address, sizeof l.address,
                   ip.n && str_find(name, ':') >= 0 ? "[%.*s]:%u" : "%.*s:%u", STR_ARG(name),
                   net_address_port(&a)); /* an address and a port fit */
    vec_push(&h->listeners, l);
    return OK_ERR;
}

static err listen_at(struct house *h, enum service service, str text)
{
    str ip;
    uint16_t port = 0;
    err e = split_address(text, &ip, &port);
    if (failed(e))
        return e;
    if (ip.n && !str_eq(ip, S("*")))
        return add_listener(h, service, ip, port);
    e = add_listener(h, service, S("0.0.0.0"), port);
    if (failed(e))
        return e;
    err six = add_listener(h, service, S("::"), port);
    if (failed(six) && six.sys != EAFNOSUPPORT && six.sys != EADDRNOTAVAIL)
        return six;
    return OK_ERR;
}

static const struct names *addresses_of(const struct site *s, enum service service)
{
    switch (service) {
    case SERVICE_SMTP:
        return &s->listensmtp;
    case SERVICE_SUBMISSION:
        return &s->listensubmission;
    case SERVICE_SUBMISSIONS:
        return &s->listensubmissions;
    case SERVICE_IMAP:
        return &s->listenimap;
    case SERVICE_IMAPS:
        return &s->listenimaps;
    case SERVICE_POP3:
        return &s->listenpop3;
    case SERVICE_POP3S:
        return &s->listenpop3s;
    case SERVICE_METRICS:
        return &s->listenmetrics;
    case SERVICE_SIEVE:
        return &s->listensieve;
    case SERVICE_COUNT:
        break;
    }
    return NULL;
}

/* Mailboxes are read where they are written: on the live host of a pair. */
static bool is_for_the_live_alone(enum service s)
{
    return s == SERVICE_IMAP || s == SERVICE_IMAPS || s == SERVICE_POP3 || s == SERVICE_POP3S ||
           s == SERVICE_SIEVE;
}

err house_listen(struct house *h)
{
    for (enum service s = SERVICE_SMTP; s < SERVICE_COUNT; s++) {
        if (h->site.role == ROLE_STANDBY && is_for_the_live_alone(s))
            continue;
        const struct names *n = addresses_of(&h->site, s);
        for (size_t i = 0; n && i < n->n; i++) {
            str text = n->at[i].key;
            err e = n->at[i].key.n ? listen_at(h, s, text) : OK_ERR;
            if (!failed(e))
                continue;
            (void)fprintf(stderr, "twinpost: cannot serve %s at %.*s: %s\n", service_name(s),
                          STR_ARG(text), err_text(e)); /* stderr is all there is yet */
            return e;
        }
    }
    return OK_ERR;
}

err house_write_ready(struct house *h)
{
    auto_buf struct buf b;
    buf_init(&b, 1 << 16);
    for (size_t i = 0; i < h->listeners.n; i++)
        buf_addf(&b, "%s %s\n", service_name(h->listeners.at[i].service),
                 h->listeners.at[i].address);
    if (sandbox_not_granted()[0])
        buf_addf(&b, "without %s\n", sandbox_not_granted());
    if (!h->real_users)
        buf_add(&b, S("without users of their own: everything runs under one uid\n"));
    return file_replace(h->run, "ready", buf_str(&b), 0644);
}
