/* SPDX-License-Identifier: ISC */
#include "os/interfaces.h"

#include <ifaddrs.h>
#include <string.h>

struct ip {
    uint8_t at[16]; /* IPv4 as IPv4-mapped */
};

static bool to_ip(const struct net_address *a, struct ip *ret)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    if (a->ss.ss_family == AF_INET6) {
        struct sockaddr_in6 in;
        memcpy(&in, &a->ss, sizeof in);
        memcpy(ret->at, &in.sin6_addr, sizeof ret->at);
        return true;
    }
    if (a->ss.ss_family != AF_INET)
        return false;
    struct sockaddr_in in;
    memcpy(&in, &a->ss, sizeof in);
    memcpy(ret->at, mapped, sizeof mapped);
    memcpy(ret->at + 12, &in.sin_addr, 4);
    return true;
}

bool net_address_same_ip(const struct net_address *a, const struct net_address *b)
{
    struct ip x, y;
    return to_ip(a, &x) && to_ip(b, &y) && !memcmp(&x, &y, sizeof x);
}

static void keep(struct own_addresses *own, const struct sockaddr *sa)
{
    struct net_address a = {0};
    if (!sa || own->n == INTERFACES_MAX)
        return;
    if (sa->sa_family == AF_INET)
        a.n = sizeof(struct sockaddr_in);
    else if (sa->sa_family == AF_INET6)
        a.n = sizeof(struct sockaddr_in6);
    else
        return;
    memcpy(&a.ss, sa, a.n);
    own->at[own->n++] = a;
}

err own_addresses_read(struct own_addresses *ret)
{
    struct ifaddrs *all;
    if (getifaddrs(&all) < 0)
        return err_sys("getifaddrs");
    ret->n = 0;
    for (const struct ifaddrs *i = all; i; i = i->ifa_next)
        keep(ret, i->ifa_addr);
    freeifaddrs(all);
    return OK_ERR;
}

/* Reaches this host whatever the interfaces say. */
static bool always_own(const struct ip *ip)
{
    static const uint8_t zero[16], one[16] = {[15] = 1};
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    if (!memcmp(ip->at, zero, 16) || !memcmp(ip->at, one, 16))
        return true;
    return !memcmp(ip->at, mapped, 12) && (ip->at[12] == 127 || !memcmp(ip->at + 12, zero, 4));
}

bool own_addresses_has(const struct own_addresses *own, const struct net_address *a)
{
    struct ip ip;
    if (!to_ip(a, &ip))
        return false;
    if (always_own(&ip))
        return true;
    for (size_t i = 0; i < own->n; i++)
        if (net_address_same_ip(&own->at[i], a))
            return true;
    return false;
}
