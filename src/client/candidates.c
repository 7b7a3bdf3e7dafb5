/* SPDX-License-Identifier: ISC */
#include "client/remote_private.h"

#include <string.h>

/* A search for exchangers, and whether one of its questions had no answer yet. */
struct search {
    const struct remote_options *o;
    struct arena *arena;
    struct candidates found;
    bool unanswered;
    bool is_me;             /* one of them is this host … */
    uint16_t my_preference; /* … and this the best such preference */
};

static void no_host_yet(struct remote_report *report)
{
    remote_say(report, 'Z', S("Sorry, I couldn't find any host by that name. (#4.1.2)\n"));
}

static void no_host(struct remote_report *report, struct arena *a, str host)
{
    remote_say(
        report, 'D',
        arena_printf(a, "Sorry, I couldn't find any host named %.*s. (#5.1.2)\n", STR_ARG(host)));
}

static void no_exchanger(struct remote_report *report)
{
    remote_say(report, 'D', S("Sorry, I couldn't find a mail exchanger or IP address. (#5.4.4)\n"));
}

static void it_is_me(struct remote_report *report)
{
    remote_say(report, 'D',
               S("Sorry. Although I'm listed as a best-preference MX or A for that host,\n"
                 "it isn't in my control/locals file, so I don't treat it as local. (#5.4.6)\n"));
}

static void set_port(struct net_address *a, uint16_t port)
{
    uint16_t wire = (uint16_t)(port >> 8 | port << 8);
    if (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
        wire = port;
    if (a->ss.ss_family == AF_INET6)
        memcpy((char *)&a->ss + offsetof(struct sockaddr_in6, sin6_port), &wire, sizeof wire);
    else
        memcpy((char *)&a->ss + offsetof(struct sockaddr_in, sin_port), &wire, sizeof wire);
}

static void note_me(struct search *s, uint16_t preference)
{
    if (!s->is_me || preference < s->my_preference)
        s->my_preference = preference;
    s->is_me = true;
}

static void add(struct search *s, str host, uint16_t preference, uint16_t port,
                const struct dns_address_list *list)
{
    for (size_t i = 0; i < list->n; i++) {
        if (s->o->own && own_addresses_has(s->o->own, &list->at[i]))
            note_me(s, preference);
        if (s->found.n == REMOTE_CANDIDATES_MAX)
            continue;
        struct candidate *c = &s->found.at[s->found.n++];
        *c = (struct candidate){list->at[i], host, preference};
        set_port(&c->address, port);
    }
}

static enum dns_status look_up(struct search *s, str host, uint16_t preference, uint16_t port)
{
    struct dns_address_list list = {0};
    enum dns_status status = dns_addresses(s->o->dns, s->arena, host, &list);
    if (status == DNS_OK)
        add(s, host, preference, port, &list);
    s->unanswered = s->unanswered || status == DNS_TEMP;
    return status;
}

/* smtproutes names a host: its addresses, no MX, no question whether it is us. */
static bool by_route(struct search *s, const struct remote_route *route,
                     struct remote_report *report)
{
    switch (look_up(s, route->host, 0, route->port ? route->port : 25)) {
    case DNS_OK:
        return true;
    case DNS_TEMP:
        no_host_yet(report);
        return false;
    case DNS_NO_NAME:
        no_host(report, s->arena, route->host);
        return false;
    case DNS_NO_DATA:
        no_exchanger(report);
        return false;
    }
    return false;
}

static void by_mx(struct search *s, const struct dns_mx_list *mx, uint16_t port)
{
    for (size_t i = 0; i < mx->n && i < REMOTE_EXCHANGERS_MAX; i++) {
        if (!mx->at[i].host.n) /* RFC 7505: this domain takes no mail */
            continue;
        if (s->o->me.n && str_ieq(mx->at[i].host, s->o->me))
            note_me(s, mx->at[i].preference);
        (void)look_up(s, mx->at[i].host, mx->at[i].preference, port);
    }
}

/* RFC 5321 section 5.1: once we are in the list, only better hosts than us remain; otherwise
 * mail would go round. */
static void drop_worse_than_me(struct search *s)
{
    size_t kept = 0;
    for (size_t i = 0; i < s->found.n; i++)
        if (s->found.at[i].preference < s->my_preference)
            s->found.at[kept++] = s->found.at[i];
    s->found.n = kept;
}

static bool by_domain(struct search *s, str host, struct remote_report *report)
{
    struct dns_mx_list mx = {0};
    struct net_address literal;
    uint16_t port = s->o->mx_port ? s->o->mx_port : 25;
    enum dns_status status = DNS_NO_DATA;
    if (failed(dns_literal(host, &literal)))
        status = dns_mx(s->o->dns, s->arena, host, &mx);
    if (status == DNS_NO_DATA) /* the domain is its own exchanger */
        status = look_up(s, host, 0, port);
    else if (status == DNS_OK)
        by_mx(s, &mx, port);
    if (status == DNS_NO_NAME) {
        no_host(report, s->arena, host);
        return false;
    }
    if (s->is_me)
        drop_worse_than_me(s);
    if (s->found.n)
        return true;
    if (s->unanswered || status == DNS_TEMP)
        no_host_yet(report);
    else if (s->is_me)
        it_is_me(report);
    else
        no_exchanger(report);
    return false;
}

bool remote_candidates(const struct remote_options *o, struct arena *a, str host,
                       const struct remote_route *route, struct candidates *ret,
                       struct remote_report *report)
{
    struct search s = {.o = o, .arena = a};
    s.found.at = NEW_N(a, struct candidate, REMOTE_CANDIDATES_MAX);
    bool any =
        route->is_set && route->host.n ? by_route(&s, route, report) : by_domain(&s, host, report);
    *ret = s.found;
    return any;
}
