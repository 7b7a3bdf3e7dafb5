/* SPDX-License-Identifier: ISC */
#include "client/outbound.h"

#include <stdio.h>

#include "os/file.h"

enum { RESOLVERS_MAX = 1 << 20, ONCE_ARENA = 32 << 20 };

#define TRUST_ANCHOR "/usr/share/dns/root.key" /* Debian's dns-root-data */

static bool is_resolver_word(str line)
{
    static const str words[] = {S("forward "), S("zone "), S("refuse "), S("data ")};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (str_starts(line, words[i]))
            return true;
    return !line.n || line.p[0] == '#';
}

static void resolver_lines(str text, struct buf *out)
{
    str line;
    while (str_line(&text, &line)) {
        line = str_trim(line);
        if (!is_resolver_word(line))
            buf_add(out, S("forward "));
        buf_add(out, line);
        buf_addc(out, '\n');
    }
}

static bool is_readable(int dir, const char *path)
{
    int fd;
    if (failed(file_open(dir, path, O_RDONLY, 0, &fd)))
        return false;
    fd_close(fd);
    return true;
}

static err open_dns(const struct outbound_facts *f, struct outbound *o, size_t *ret_line)
{
    auto_buf struct buf lines;
    char own[64];
    struct dns_options d = {0};
    buf_init(&lines, RESOLVERS_MAX);
    resolver_lines(f->resolvers, &lines);
    err e = buf_check(&lines, "control/resolvers");
    if (failed(e))
        return e;
    snprintf(own, sizeof own, "/proc/self/fd/%d/etc/resolv.conf", f->root);
    d.local = buf_str(&lines);
    if (is_readable(f->root, "etc/resolv.conf") && is_readable(AT_FDCWD, own))
        d.resolv_conf = own;
    else if (is_readable(AT_FDCWD, "/etc/resolv.conf"))
        d.resolv_conf = "/etc/resolv.conf";
    if (is_readable(AT_FDCWD, TRUST_ANCHOR))
        d.trust_anchor = TRUST_ANCHOR;
    return dns_open(&d, &o->options.dns, ret_line);
}

static void open_source(const struct outbound_facts *f, struct outbound *o)
{
    if (!f->outgoingip.n)
        return;
    if (failed(net_address_parse(f->outgoingip, 0, &o->source)))
        o->degraded = "control/outgoingip is not an address";
    else if (o->source.ss.ss_family == AF_INET6)
        o->options.source6 = &o->source;
    else
        o->options.source4 = &o->source;
}

err outbound_open(const struct outbound_facts *f, struct outbound *ret, size_t *ret_line)
{
    *ret = (struct outbound){0};
    struct remote_options *o = &ret->options;
    o->me = f->me;
    o->helo = f->helo;
    o->connect_ms = f->connect_ms;
    o->command_ms = f->command_ms;
    open_source(f, ret);
    if (failed(own_addresses_read(&ret->own)))
        ret->degraded = "the interfaces could not be read";
    o->own = &ret->own;
    struct tls_client_options any = {.trusts_nobody = true};
    if (f->tls && failed(tls_client_new(&any, &o->tls)))
        ret->degraded = "TLS could not be set up";
    if (f->state >= 0 && failed(dead_hosts_open(f->state, "tcpto", &o->dead)))
        ret->degraded = "the memory of dead hosts could not be opened";
    err e = open_dns(f, ret, ret_line);
    if (failed(e))
        outbound_close(ret);
    return e;
}

void outbound_close(struct outbound *o)
{
    dns_close(o->options.dns);
    tls_side_free(o->options.tls);
    dead_hosts_free(o->options.dead);
    o->options = (struct remote_options){0};
}

void outbound_once(struct outbound *o, const struct remote_route *route, str host, str sender,
                   str body, const str *recipients, size_t n, struct buf *out)
{
    auto_arena struct arena *a = arena_new("qmail-remote", ONCE_ARENA);
    struct smtp_recipient *r = NEW_N(a, struct smtp_recipient, n);
    struct smtp_message m = {.sender = sender, .body = body, .smtputf8 = true};
    struct remote_report report;
    for (size_t i = 0; i < n; i++)
        r[i].address = recipients[i];
    struct remote *remote = remote_new(&o->options);
    remote_deliver(remote, a, host, route, &m, r, n, &report);
    remote_free(remote);
    remote_write(&report, n, out);
}
