/* SPDX-License-Identifier: ISC */
/* guard/kernel.h -- bans in nftables: the table `inet twinpost`, ours alone.
 *
 * Per jail four sets: single addresses (hashed, each with its time) and networks (intervals), for
 * IPv4 and IPv6. An IPv6 client is its network of `bits6` bits: the rule masks the source, so that
 * the set stays a hash. One rule a set drops what comes from there to the jail's ports. The
 * kernel ends a ban by itself, whatever becomes of us. Changes of one round leave as one
 * transaction. No other table is touched.
 */
#pragma once
#include "base/base.h"

enum { KERNEL_BATCH_MAX = 64 << 20, KERNEL_NAME_MAX = 40, KERNEL_PORTS_MAX = 1000 };

struct kernel {
    void *nft; /* NULL: not used */
    unsigned bits6;
    bool works; /* the table stands */
    bool fresh; /* the table is being made: its bans gather in `bulk` */
    struct buf batch, bulk[2];
    struct buf later; /* networks, a line each: one that overlaps another is refused alone */
    char why[300];    /* why it does not work, or what failed last */
};
struct kernel_jail {
    char set[KERNEL_NAME_MAX];
    char ports[KERNEL_PORTS_MAX]; /* "22,80-90"; empty: all */
    char protocols[64];           /* "tcp,udp"; empty: all */
};

void kernel_open(struct kernel *k, unsigned bits6);
void kernel_close(struct kernel *k, bool remove);
/* A new table in place of the old one, all in one transaction: then for each jail
 * kernel_add_jail(), its bans, kernel_end_jail(); kernel_flush(). */
void kernel_begin(struct kernel *k);
/* fail2ban's port and protocol. False: *ret_bad is a word that is neither port nor name. */
bool kernel_ports(struct kernel_jail *j, str ports, str protocols, str *ret_bad);
void kernel_name(struct kernel_jail *j, str name, size_t index); /* makes the set's name */
void kernel_add_jail(struct kernel *k, const struct kernel_jail *j);
void kernel_end_jail(struct kernel *k, const struct kernel_jail *j);
/* seconds < 0: for ever. False: that is no address. */
bool kernel_ban(struct kernel *k, const struct kernel_jail *j, str id, int64_t seconds);
bool kernel_unban(struct kernel *k, const struct kernel_jail *j, str id);
/* Sends what has been gathered. False: the kernel refused it all and k->works is false; k->why. */
bool kernel_flush(struct kernel *k);
bool kernel_has(struct kernel *k, const struct kernel_jail *j, str id);
/* What the jail's rules have dropped. */
bool kernel_counted(struct kernel *k, const struct kernel_jail *j, uint64_t *ret_packets);
