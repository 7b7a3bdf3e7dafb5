/* SPDX-License-Identifier: ISC */
/* client/outbound.h -- what every outbound delivery needs, opened once: resolver, TLS, own
 * addresses, the memory of dead hosts. After outbound_open() no file is opened any more, so a
 * program can shut itself in.
 */
#pragma once
#include "client/remote.h"

/* From the site's configuration. All views must outlive the outbound. */
struct outbound_facts {
    int root;                       /* directory of the house: its etc/resolv.conf, if it has one */
    int state;                      /* directory of the dead hosts' file, or -1 */
    str me, helo;                   /* control/me, helohost */
    str resolvers;                  /* control/resolvers: lines, see outbound_open() */
    str outgoingip;                 /* or empty */
    int64_t connect_ms, command_ms; /* timeoutconnect, timeoutremote */
    bool tls;                       /* opportunistic; false: never */
};

struct outbound {
    struct remote_options options; /* points into this struct: do not move it */
    struct own_addresses own;
    struct net_address source;
    const char *degraded; /* what could not be opened and is done without, or NULL */
};

/* A line of `resolvers` is a server, "192.0.2.53" or "192.0.2.53@5353", or one of the words
 * that dns/dns.h knows (forward, zone, refuse, data): how a house without a network gets its
 * names. Only what mail cannot go without fails. *ret_line (NULL allowed): a wrong line. */
err outbound_open(const struct outbound_facts *f, struct outbound *ret, size_t *ret_line);
void outbound_close(struct outbound *o);

/* qmail-remote: one message to one host, report in its format (client/remote.h). The whole
 * of the program but for reading its message and control files. */
void outbound_once(struct outbound *o, const struct remote_route *route, str host, str sender,
                   str body, const str *recipients, size_t n, struct buf *out);
