/* SPDX-License-Identifier: ISC */
/* client/deadhosts.h -- hosts that lately did not answer, as qmail's tcpto remembers them.
 *
 * One small file of fixed slots, shared by all outbound workers without a lock: a slot is
 * written at once, and what a race or damage may cost is a memory. A host that timed out twice, at
 * least two minutes apart, is left alone for an hour and a bit; any answer clears it. A file that
 * cannot be used remembers nothing.
 */
#pragma once
#include "base/base.h"
#include "os/net.h"

enum { DEAD_HOSTS = 256 };

struct dead_host {
    struct net_address address; /* port 0 */
    int64_t when;               /* of the last timeout counted, seconds since the epoch */
    uint32_t count;
};

struct dead_hosts;
/* The file is made when it is missing. */
err dead_hosts_open(int dir, const char *name, struct dead_hosts **ret);
void dead_hosts_free(struct dead_hosts *d); /* NULL is fine */
bool dead_hosts_skip(struct dead_hosts *d, const struct net_address *a, int64_t now);
void dead_hosts_timeout(struct dead_hosts *d, const struct net_address *a, int64_t now);
void dead_hosts_alive(struct dead_hosts *d, const struct net_address *a);
/* For qmail-tcpto and qmail-tcpok. */
size_t dead_hosts_list(struct dead_hosts *d, struct dead_host *ret, size_t max);
err dead_hosts_clear(struct dead_hosts *d);
