/* SPDX-License-Identifier: ISC */
/* os/interfaces.h -- the addresses this host answers to. */
#pragma once
#include "os/net.h"

enum { INTERFACES_MAX = 1024 };

struct own_addresses {
    struct net_address at[INTERFACES_MAX]; /* port 0 */
    size_t n;
};

/* Reads the interfaces now; addresses that come later are not known. */
err own_addresses_read(struct own_addresses *ret);
/* The ports do not matter. All of 127/8, 0.0.0.0, ::1, :: and IPv4-mapped forms count. */
bool own_addresses_has(const struct own_addresses *own, const struct net_address *a);
bool net_address_same_ip(const struct net_address *a, const struct net_address *b);
