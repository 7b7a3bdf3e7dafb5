/* SPDX-License-Identifier: ISC */
/* ctl/old_net.c -- tcp-env(1) for inetd and rblsmtpd(1) for tcpserver's run scripts. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client/outbound.h"
#include "control/site.h"
#include "ctl/ctl.h"
#include "ctl/old.h"
#include "ctl/programs.h"
#include "dns/dns.h"
#include "os/clock.h"
#include "os/fd.h"
#include "os/io.h"
#include "os/net.h"

enum { ZONES_MAX = 32, TEXT_MAX = 400, LINE_MAX_BYTES = 2048, RESOLVERS_MAX = 1 << 20 };

/* Becomes the program; comes back only when it cannot be run. */
static int become(struct ctl *c, char **argv)
{
    (void)execv(program_by_path(c->arena, argv[0]), argv);
    return ctl_fail(c, CTL_TEMPORARY, "fatal: unable to run %s: %s", argv[0], strerror(errno));
}

/* ---- tcp-env ---- */

static void set_address(struct ctl *c, const char *which, const struct net_address *a)
{
    char room[64];
    str ip = net_address_text(a, room, sizeof room);
    (void)setenv(arena_printf(c->arena, "TCP%sIP", which).p, arena_cstr(c->arena, ip), 1);
    (void)setenv(arena_printf(c->arena, "TCP%sPORT", which).p,
                 arena_printf(c->arena, "%u", net_address_port(a)).p, 1);
    char host[NI_MAXHOST];
    const char *name = arena_printf(c->arena, "TCP%sHOST", which).p;
    if (getnameinfo((const struct sockaddr *)&a->ss, a->n, host, sizeof host, NULL, 0,
                    NI_NAMEREQD) == 0)
        (void)setenv(name, host, 1);
    else
        (void)unsetenv(name);
}

int old_tcp_env(struct ctl *c, int argc, char **argv)
{
    static const char usage[] = "[-rR] [-tSECONDS] PROGRAM …";
    uint64_t seconds;
    int k;
    optind = 1;
    while ((k = getopt(argc, argv, "+rRt:")) != -1) /* ident is never asked: r R t do nothing */
        if (k == '?' || (k == 't' && !str_u64(str_from(optarg), &seconds)))
            return ctl_usage(c, usage);
    if (optind == argc)
        return ctl_usage(c, usage);
    const char *protocol = getenv("PROTO");
    if (protocol && strcmp(protocol, "TCP") == 0) /* somebody told already */
        return become(c, argv + optind);
    struct net_address local, peer;
    socklen_t n = sizeof peer.ss;
    (void)setenv("PROTO", "TCP", 1);
    (void)unsetenv("TCPREMOTEINFO");
    if (!failed(net_local_name(STDIN_FILENO, &local)))
        set_address(c, "LOCAL", &local);
    if (getpeername(STDIN_FILENO, (struct sockaddr *)&peer.ss, &n) == 0) {
        peer.n = n;
        set_address(c, "REMOTE", &peer);
    }
    return become(c, argv + optind);
}

/* ---- rblsmtpd ---- */

struct zone {
    const char *name;
    bool allows; /* -a: who is listed there is welcome */
};
struct rbl {
    struct ctl *ctl;
    struct zone zones[ZONES_MAX];
    size_t n_zones;
    bool hard;        /* -b */
    bool closed;      /* -c: block when a list does not answer */
    uint64_t timeout; /* -t, seconds */
    bool quiet;
};

/* 192.0.2.1 -> 1.2.0.192.ZONE; IPv6 by its 32 digits (RFC 5782 2.4). False: no address. */
static bool query_name(str ip, const char *zone, struct buf *out)
{
    struct net_address a;
    if (failed(net_address_parse(ip, 0, &a)))
        return false;
    if (a.ss.ss_family == AF_INET) {
        const struct sockaddr_in *four = (const struct sockaddr_in *)&a.ss;
        uint32_t v = ntohl(four->sin_addr.s_addr);
        buf_addf(out, "%u.%u.%u.%u.", v & 255, v >> 8 & 255, v >> 16 & 255, v >> 24);
    } else {
        const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)&a.ss;
        for (int i = 15; i >= 0; i--)
            buf_addf(out, "%x.%x.", six->sin6_addr.s6_addr[i] & 15u,
                     six->sin6_addr.s6_addr[i] >> 4);
    }
    buf_add(out, str_from(zone));
    return !out->over;
}

static err open_dns(struct ctl *c, struct outbound *ret)
{
    auto_buf struct buf archive, resolvers;
    struct site *s = NEW(c->arena, struct site);
    buf_init(&archive, SITE_ARCHIVE_MAX);
    buf_init(&resolvers, RESOLVERS_MAX);
    err e = site_collect(c->root_dir, false, &archive);
    if (!failed(e))
        e = site_parse(arena_copy(c->arena, buf_str(&archive)), c->arena, s);
    if (failed(e))
        return e;
    for (size_t i = 0; i < s->resolvers.n; i++)
        buf_addf(&resolvers, "%.*s\n", STR_ARG(s->resolvers.at[i].key));
    struct outbound_facts f = {.root = c->root_dir,
                               .state = -1,
                               .me = s->me,
                               .helo = s->helohost,
                               .resolvers = arena_copy(c->arena, buf_str(&resolvers))};
    return outbound_open(&f, ret, NULL);
}

/* What the lists say: a text blocks, NULL lets in. */
static const char *ask_lists(struct rbl *r, struct dns *dns, str ip)
{
    struct arena *a = r->ctl->arena;
    for (size_t i = 0; i < r->n_zones; i++) {
        auto_buf struct buf name;
        buf_init(&name, DNS_NAME_MAX);
        if (!query_name(ip, r->zones[i].name, &name))
            continue;
        struct dns_address_list addresses;
        struct dns_text_list texts;
        enum dns_status s = r->zones[i].allows ? dns_addresses(dns, a, buf_str(&name), &addresses)
                                               : dns_txt(dns, a, buf_str(&name), &texts);
        if (s == DNS_OK && r->zones[i].allows)
            return NULL;
        if (s == DNS_OK)
            return arena_cstr(a, str_slice(texts.at[0], 0, TEXT_MAX));
        if (s == DNS_TEMP && r->closed)
            return "temporary RBL lookup error";
    }
    return NULL;
}

/* A whole SMTP session that takes nobody's mail, in words that a person finds in his bounce. */
static int refuse(struct rbl *r, const char *text, bool hard)
{
    auto_buf struct buf no;
    buf_init(&no, TEXT_MAX + 16);
    buf_add(&no, hard ? S("553 ") : S("451 "));
    for (const char *p = text; *p; p++)
        buf_addc(&no, *p >= ' ' && *p < 0x7f ? *p : '?');
    if (!r->quiet)
        (void)fprintf(stderr, "rblsmtpd: %s pid %d: %.*s\n", getenv("TCPREMOTEIP"), (int)getpid(),
                      STR_ARG(buf_str(&no)));
    static const str fine[] = {S("HELO"), S("EHLO"), S("MAIL"), S("RSET"), S("NOOP")};
    (void)signal(SIGPIPE, SIG_IGN);
    struct io *io = io_new(STDIN_FILENO, STDOUT_FILENO);
    deadline by = deadline_in_ms((int64_t)r->timeout * 1000);
    err e = io_write(io, S("220 rblsmtpd.local\r\n"));
    while (!failed(e) && !failed(e = io_flush(io, by))) {
        str line, word, rest;
        e = io_read_line(io, LINE_MAX_BYTES, by, &line);
        if (failed(e))
            break;
        (void)str_cut(str_trim(line), ' ', &word, &rest);
        bool ok = false;
        for (size_t i = 0; i < sizeof fine / sizeof fine[0]; i++)
            ok = ok || str_ieq(word, fine[i]);
        if (str_ieq(word, S("QUIT"))) {
            (void)failed(io_write(io, S("221 rblsmtpd.local\r\n"))); /* the last word */
            (void)failed(io_flush(io, by));
            break;
        }
        e = io_writef(io, "%.*s\r\n", STR_ARG(ok ? S("250 rblsmtpd.local") : buf_str(&no)));
    }
    io_free(io);
    return CTL_OK;
}

static bool rbl_options(struct rbl *r, int argc, char **argv)
{
    int k;
    optind = 1;
    while ((k = getopt(argc, argv, "+bBcCvqQr:a:t:")) != -1) {
        if (k == 'r' || k == 'a') {
            if (r->n_zones == ZONES_MAX)
                return false;
            r->zones[r->n_zones++] = (struct zone){.name = optarg, .allows = k == 'a'};
        } else if (k == 'b' || k == 'B') {
            r->hard = k == 'b';
        } else if (k == 'c' || k == 'C') {
            r->closed = k == 'c';
        } else if (k == 'v' || k == 'q' || k == 'Q') {
            r->quiet = k == 'q';
        } else if (k == '?' || !str_u64(str_from(optarg), &r->timeout) || r->timeout > 86400) {
            return false;
        }
    }
    return optind < argc;
}

int old_rblsmtpd(struct ctl *c, int argc, char **argv)
{
    struct rbl r = {.ctl = c, .timeout = 60};
    if (!rbl_options(&r, argc, argv))
        return ctl_usage(c, "[-bBcCvqQ] [-t SECONDS] [-r ZONE] [-a ZONE] PROGRAM …");
    const char *ip = getenv("TCPREMOTEIP"), *said = getenv("RBLSMTPD");
    if (said && *said) /* tcprules decided */
        return refuse(&r, *said == '-' ? said + 1 : said, *said == '-');
    if (said || !ip || r.n_zones == 0)
        return become(c, argv + optind);
    static struct outbound outbound; /* points into itself */
    err e = open_dns(c, &outbound);
    if (failed(e)) {
        (void)ctl_fail_err(c, "unable to ask any list", e);
        return r.closed ? refuse(&r, "temporary RBL lookup error", false)
                        : become(c, argv + optind);
    }
    const char *no = ask_lists(&r, outbound.options.dns, str_from(ip));
    outbound_close(&outbound);
    return no ? refuse(&r, no, r.hard) : become(c, argv + optind);
}
