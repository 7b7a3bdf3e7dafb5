/* SPDX-License-Identifier: ISC */
/* gate/zone.h -- zone files (RFC 1035 5) of the registered hosts of one domain: forward, and one
 * reverse zone for each /24 and each IPv6 /64 that has hosts. Pure: hosts in, text out.
 */
#pragma once
#include "base/base.h"

enum { ZONE_MAX = 16 << 20, ZONES_MAX = 1024 };

struct zone_host {
    str name; /* without the domain */
    bool has_4, has_6;
    uint8_t ip4[4], ip6[16];
};

struct zone {
    str name; /* "example.org", "2.0.192.in-addr.arpa" */
    str text; /* with SERIAL_PLACE where the number goes */
};

struct zone_set {
    struct zone at[ZONES_MAX];
    size_t n;
};

/* name_servers: full names parted by blanks; the first is the SOA's. Hosts sorted by name. All
 * texts live in `a`. ERR_LIMIT; ERR_SYNTAX: no domain or no name server. */
err zones_build(str domain, str name_servers, const struct zone_host *hosts, size_t n,
                struct arena *a, struct zone_set *ret);
/* The text with a serial: the old file's when nothing else differs, else a greater one of the
 * form YYYYMMDDnn (RFC 1912 2.2). False: nothing changed. */
bool zone_with_serial(const struct zone *z, str old, int64_t now, struct buf *out);
/* An address of a card. */
bool zone_host_parse(str name, str ip, str ip6, struct zone_host *ret);
