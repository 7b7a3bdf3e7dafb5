/* SPDX-License-Identifier: ISC */
#include "os/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h> /* newer than netinet/tcp.h: counts octets */
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "os/fd.h"
#include "os/file.h"
#include "os/poll.h"

err net_address_parse(str ip, uint16_t port, struct net_address *ret)
{
    char text[INET6_ADDRSTRLEN];
    if (ip.n == 0 || ip.n >= sizeof text)
        return err_new(ERR_SYNTAX, "not an IP address");
    memcpy(text, ip.p, ip.n);
    text[ip.n] = 0;
    struct net_address a = {0};
    struct sockaddr_in *v4 = (struct sockaddr_in *)&a.ss;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&a.ss;
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        a.n = sizeof *v4;
    } else if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        a.n = sizeof *v6;
    } else {
        return err_new(ERR_SYNTAX, "not an IP address");
    }
    *ret = a;
    return OK_ERR;
}

str net_address_text(const struct net_address *a, char *ret, size_t size)
{
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)&a->ss;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&a->ss;
    const char *text = NULL;
    if (a->ss.ss_family == AF_INET)
        text = inet_ntop(AF_INET, &v4->sin_addr, ret, (socklen_t)size);
    else if (a->ss.ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
        text = inet_ntop(AF_INET, v6->sin6_addr.s6_addr + 12, ret, (socklen_t)size);
    else if (a->ss.ss_family == AF_INET6)
        text = inet_ntop(AF_INET6, &v6->sin6_addr, ret, (socklen_t)size);
    return text ? str_from(text) : S("unknown");
}

uint16_t net_address_port(const struct net_address *a)
{
    if (a->ss.ss_family == AF_INET)
        return ntohs(((const struct sockaddr_in *)&a->ss)->sin_port);
    if (a->ss.ss_family == AF_INET6)
        return ntohs(((const struct sockaddr_in6 *)&a->ss)->sin6_port);
    return 0;
}

bool net_address_is_loopback(const struct net_address *a)
{
    if (a->ss.ss_family == AF_INET)
        return ntohl(((const struct sockaddr_in *)&a->ss)->sin_addr.s_addr) >> 24 == 127;
    const struct in6_addr *v6 = &((const struct sockaddr_in6 *)&a->ss)->sin6_addr;
    if (a->ss.ss_family != AF_INET6)
        return false;
    return IN6_IS_ADDR_LOOPBACK(v6) || (IN6_IS_ADDR_V4MAPPED(v6) && v6->s6_addr[12] == 127);
}

err net_listen(const struct net_address *a, int backlog, int *ret_fd)
{
    auto_fd int fd = socket(a->ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return err_sys("socket");
    int on = 1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on); /* bind tells if it matters */
    if (a->ss.ss_family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on); /* the same */
    if (bind(fd, (const struct sockaddr *)&a->ss, a->n) < 0)
        return err_sys("bind");
    if (listen(fd, backlog) < 0)
        return err_sys("listen");
    *ret_fd = fd_take(&fd);
    return OK_ERR;
}

err net_accept(int listener, int *ret_fd, struct net_address *ret_peer)
{
    struct net_address peer = {.n = sizeof peer.ss};
    int fd = accept4(listener, (struct sockaddr *)&peer.ss, &peer.n, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
        if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
            return err_new(ERR_TEMP, "no connection waits");
        return err_sys("accept");
    }
    int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* not TCP: no matter */
    *ret_fd = fd;
    *ret_peer = peer;
    return OK_ERR;
}

err net_local_name(int fd, struct net_address *ret)
{
    struct net_address a = {.n = sizeof a.ss};
    if (getsockname(fd, (struct sockaddr *)&a.ss, &a.n) < 0)
        return err_sys("getsockname");
    *ret = a;
    return OK_ERR;
}

err net_connect(const struct net_address *to, deadline by, int *ret_fd)
{
    return net_connect_from(to, NULL, by, ret_fd);
}

err net_connect_from(const struct net_address *to, const struct net_address *source, deadline by,
                     int *ret_fd)
{
    auto_fd int fd = socket(to->ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return err_sys("socket");
    int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* only speed */
    if (source && source->ss.ss_family == to->ss.ss_family &&
        bind(fd, (const struct sockaddr *)&source->ss, source->n) < 0)
        return err_sys("bind to the outgoing address");
    if (connect(fd, (const struct sockaddr *)&to->ss, to->n) < 0) {
        if (errno != EINPROGRESS)
            return err_sys("connect");
        struct pollfd p = {.fd = fd, .events = POLLOUT};
        err e = poll_until(&p, 1, by);
        if (failed(e))
            return e;
        int problem = 0;
        socklen_t n = sizeof problem;
        if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &problem, &n) < 0)
            return err_sys("getsockopt SO_ERROR");
        if (problem)
            return (err){.kind = ERR_SYS, .sys = problem, .what = "connect"};
    }
    err e = fd_set_nonblocking(fd, false);
    if (failed(e))
        return e;
    *ret_fd = fd_take(&fd);
    return OK_ERR;
}

err net_traffic_of(int fd, struct net_traffic *ret)
{
    struct tcp_info i = {0};
    socklen_t n = sizeof i;
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &i, &n) < 0)
        return err_sys("TCP_INFO");
    if (n < offsetof(struct tcp_info, tcpi_bytes_retrans) + sizeof i.tcpi_bytes_retrans)
        return err_new(ERR_NOTFOUND, "this kernel does not count octets"); /* before 4.19 */
    uint32_t silent = i.tcpi_last_data_recv < i.tcpi_last_data_sent ? i.tcpi_last_data_recv
                                                                    : i.tcpi_last_data_sent;
    *ret = (struct net_traffic){.received = i.tcpi_bytes_received,
                                .sent = i.tcpi_bytes_sent - i.tcpi_bytes_retrans,
                                .silent_ms = silent};
    return OK_ERR;
}

/* sun_path holds 108 bytes and a house may lie deep: /proc/self/fd/N/name is always short.
 * Where /proc is missing the name is used as it is, relative to the working directory. */
static err local_address(int dir, const char *path, struct sockaddr_un *ret)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int n = dir == AT_FDCWD
                ? snprintf(a.sun_path, sizeof a.sun_path, "%s", path)
                : snprintf(a.sun_path, sizeof a.sun_path, "/proc/self/fd/%d/%s", dir, path);
    if (n < 0 || (size_t)n >= sizeof a.sun_path)
        return err_new(ERR_LIMIT, "socket path is too long");
    *ret = a;
    return OK_ERR;
}

err net_local_listen(int dir, const char *path, mode_t mode, int *ret_fd)
{
    struct sockaddr_un a;
    err e = local_address(dir, path, &a);
    if (failed(e))
        return e;
    auto_fd int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return err_sys("socket");
    if (unlinkat(dir, path, 0) < 0 && errno != ENOENT)
        return err_sys("remove old socket");
    if (bind(fd, (const struct sockaddr *)&a, sizeof a) < 0)
        return err_sys("bind local socket");
    if (fchmodat(dir, path, mode, 0) < 0)
        return err_sys("chmod local socket");
    if (listen(fd, 128) < 0)
        return err_sys("listen");
    *ret_fd = fd_take(&fd);
    return OK_ERR;
}

err net_local_connect(int dir, const char *path, int *ret_fd)
{
    struct sockaddr_un a;
    err e = local_address(dir, path, &a);
    if (failed(e))
        return e;
    auto_fd int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_sys("socket");
    if (connect(fd, (const struct sockaddr *)&a, sizeof a) < 0)
        return errno == ENOENT || errno == ECONNREFUSED
                   ? err_new(ERR_NOTFOUND, "the mail host is not running here")
                   : err_sys("connect to local socket");
    *ret_fd = fd_take(&fd);
    return OK_ERR;
}

err net_local_peer(int fd, struct net_peer *ret)
{
    struct ucred c;
    socklen_t n = sizeof c;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &c, &n) < 0)
        return err_sys("SO_PEERCRED");
    *ret = (struct net_peer){.pid = (uint32_t)c.pid, .uid = c.uid, .gid = c.gid};
    return OK_ERR;
}
