/* SPDX-License-Identifier: ISC */
/* client/remote.h -- a message to a domain: routes, exchangers in their order, reports in
 * qmail-remote's words. The program relay and the command qmail-remote both stand on it.
 *
 * Keeps the connection of the last success and uses it again for the same host and route.
 */
#pragma once
#include "base/base.h"
#include "client/deadhosts.h"
#include "client/smtp.h"
#include "dns/dns.h"
#include "os/interfaces.h"

struct remote_route {
    bool is_set;
    str host; /* empty: by MX */
    uint16_t port;
    str user, password;
};

struct remote_options {
    struct dns *dns;
    str me, helo;
    int64_t connect_ms, command_ms;
    const struct own_addresses *own; /* NULL: nobody is us (tests) */
    const struct net_address *source4, *source6;
    struct tls_side *tls;    /* NULL: plain only */
    struct dead_hosts *dead; /* NULL: no memory */
    uint16_t mx_port;        /* 0: 25 */
};

struct remote;
struct remote *remote_new(const struct remote_options *o); /* the options must outlive it */
void remote_free(struct remote *r);                        /* QUITs a kept connection */
void remote_close_idle(struct remote *r);                  /* QUITs it now */
bool remote_has_connection(const struct remote *r);
const struct smtp_client *remote_client(const struct remote *r); /* for events */

/* A report as qmail-remote writes it, without the NULs. */
struct remote_report {
    char letter; /* K, Z or D */
    str text;    /* "192.0.2.1 accepted message.\nRemote host said: 250 ok\n" */
    char *each;  /* per recipient r, h or s; NULL when the whole never came to recipients */
    str *each_text;
    bool timed_out; /* no host answered in time */
    bool dsn;       /* the host that was spoken to last offers DSN: NOTIFY went to it */
    bool connected; /* a new connection was made for this */
    char peer[64];  /* the address that was spoken to last, or empty */
};

/* Never fails: what goes wrong is the report. Results are in the arena. */
void remote_deliver(struct remote *r, struct arena *a, str host, const struct remote_route *route,
                    const struct smtp_message *m, struct smtp_recipient *recipients, size_t n,
                    struct remote_report *ret);
/* What becomes of one recipient (qmail-rspawn's rule): K, Z or D and the text for log and
 * bounce. */
char remote_recipient(const struct remote_report *r, size_t i, struct arena *a, str *ret_text);
/* The report on the wire of qmail-remote: "r\0…K…\0". */
void remote_write(const struct remote_report *r, size_t n, struct buf *out);
