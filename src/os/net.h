/* SPDX-License-Identifier: ISC */
/* os/net.h -- TCP and local sockets: listening, accepting, connecting, names of addresses. */
#pragma once
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/base.h"

struct net_address {
    struct sockaddr_storage ss;
    socklen_t n;
};

/* "192.0.2.1", "::1" (no brackets, no zone) with a port. ERR_SYNTAX otherwise. */
err net_address_parse(str ip, uint16_t port, struct net_address *ret);
/* The address in text; an IPv4-mapped one as IPv4. ret holds >= INET6_ADDRSTRLEN bytes. */
str net_address_text(const struct net_address *a, char *ret, size_t size);
uint16_t net_address_port(const struct net_address *a);
bool net_address_is_loopback(const struct net_address *a);
err net_listen(const struct net_address *a, int backlog,
               int *ret_fd); /* non-blocking; V6ONLY; REUSEADDR */
err net_accept(int listener, int *ret_fd,
               struct net_address *ret_peer); /* ERR_TEMP: none waiting. fd non-blocking */
err net_local_name(int fd, struct net_address *ret);
/* Blocking fd on success. */
err net_connect(const struct net_address *to, deadline by, int *ret_fd);
/* The same from an address of ours (port 0), if it is of the same family; NULL: any. */
err net_connect_from(const struct net_address *to, const struct net_address *source, deadline by,
                     int *ret_fd);
/* What a TCP connection has carried, and for how long nothing came or went. */
struct net_traffic {
    uint64_t received, sent; /* octets; the other side's end counts as one received */
    int64_t silent_ms;
};
err net_traffic_of(int fd, struct net_traffic *ret);
/* Local SEQPACKET sockets by path. */
err net_local_listen(int dir, const char *path, mode_t mode, int *ret_fd);
err net_local_connect(int dir, const char *path, int *ret_fd);
struct net_peer {
    uint32_t pid, uid, gid;
};
err net_local_peer(int fd, struct net_peer *ret); /* SO_PEERCRED */
