/* SPDX-License-Identifier: ISC */
/* ctl/old_remote.c -- qmail-remote: one message to one host now, reported in its format; and
 * qmail-tcpto and qmail-tcpok: the memory of hosts that do not answer. */
#include <signal.h>
#include <stdio.h>

#include "client/outbound.h"
#include "control/site.h"
#include "ctl/ctl.h"
#include "ctl/old.h"
#include "ctl/programs.h"
#include "os/clock.h"
#include "os/fd.h"
#include "os/file.h"

#define STATE_DIR "var/lib/twinpost/relay"
#define STATE_FILE "tcpto"

enum { MESSAGE_MAX = 1 << 30, REPORT_MAX = 8 << 20, RESOLVERS_MAX = 1 << 20 };

/* The exit code is 0 whatever happened: the report tells. */
static int report(struct ctl *c, const char *text)
{
    return ctl_print(c, arena_printf(c->arena, "%s\n", text)) && ctl_print(c, str_of("", 1))
               ? CTL_OK
               : CTL_TEMPORARY;
}

static err read_site(struct ctl *c, struct site *ret)
{
    auto_buf struct buf archive, secrets;
    buf_init(&archive, SITE_ARCHIVE_MAX);
    buf_init(&secrets, SITE_ARCHIVE_MAX);
    err e = site_collect(c->root_dir, false, &archive);
    if (!failed(e))
        e = site_parse(arena_copy(c->arena, buf_str(&archive)), c->arena, ret);
    if (failed(e))
        return e;
    e = site_collect(c->root_dir, true, &secrets);
    if (e.kind == ERR_DENIED) /* a caller who may not read relayauth: nobody logs in */
        return OK_ERR;
    return failed(e) ? e
                     : site_parse_secrets(arena_copy(c->arena, buf_str(&secrets)), c->arena, ret);
}

static str resolver_lines(struct ctl *c, const struct site *s)
{
    auto_buf struct buf b;
    buf_init(&b, RESOLVERS_MAX);
    for (size_t i = 0; i < s->resolvers.n; i++) {
        buf_add(&b, s->resolvers.at[i].key);
        buf_addc(&b, '\n');
    }
    return arena_copy(c->arena, buf_str(&b));
}

static err open_outbound(struct ctl *c, const struct site *s, int state, struct outbound *ret)
{
    struct outbound_facts f = {
        .root = c->root_dir,
        .state = state,
        .me = s->me,
        .helo = s->helohost,
        .resolvers = resolver_lines(c, s),
        .outgoingip = s->outgoingip,
        .connect_ms = (int64_t)s->timeoutconnect * 1000,
        .command_ms = (int64_t)s->timeoutremote * 1000,
        .tls = s->tlsrelay == TLSRELAY_OPPORTUNISTIC,
    };
    return outbound_open(&f, ret, NULL);
}

static int send_it(struct ctl *c, struct outbound *o, const struct site *s, int argc, char **argv)
{
    struct buf body;
    auto_buf struct buf out;
    err e = descriptor_read(0, MESSAGE_MAX, &body);
    if (failed(e)) {
        buf_done(&body);
        return report(c, "ZUnable to read message. (#4.3.0)");
    }
    struct smtproute found;
    bool has = site_smtproute(s, str_from(argv[1]), &found);
    struct remote_route route = {.is_set = has && !found.by_mx,
                                 .host = found.host,
                                 .port = found.port,
                                 .user = found.user,
                                 .password = found.password};
    size_t n = (size_t)argc - 3;
    str *recipients = NEW_N(c->arena, str, n);
    for (size_t i = 0; i < n; i++)
        recipients[i] = str_from(argv[3 + i]);
    buf_init(&out, REPORT_MAX);
    outbound_once(o, &route, str_from(argv[1]), str_from(argv[2]), buf_str(&body), recipients, n,
                  &out);
    buf_done(&body);
    return ctl_print(c, buf_str(&out)) ? CTL_OK : CTL_TEMPORARY;
}

int old_remote(struct ctl *c, int argc, char **argv)
{
    (void)signal(SIGPIPE, SIG_IGN); /* a server that went away shows at the next write */
    if (argc < 4 || argc - 3 > SMTP_RECIPIENTS_MAX)
        return report(c, "DI (qmail-remote) was invoked improperly. (#5.3.5)");
    struct site s;
    if (failed(read_site(c, &s)))
        return report(c, "ZUnable to read control files. (#4.3.0)");
    auto_fd int state = -1;
    if (failed(dir_open(c->root_dir, STATE_DIR, &state)))
        state = -1;                  /* not the relay's user: without its memory */
    static struct outbound outbound; /* points into itself */
    if (failed(open_outbound(c, &s, state, &outbound)))
        return report(c, "ZUnable to set up DNS, or control/resolvers is wrong. (#4.4.3)");
    int code = send_it(c, &outbound, &s, argc, argv);
    outbound_close(&outbound);
    return code;
}

/* Only what is there: asking must not make the file, as somebody else. */
static int open_memory(struct ctl *c, struct dead_hosts **ret)
{
    auto_fd int dir = -1;
    struct stat st;
    *ret = NULL;
    err e = dir_open(c->root_dir, STATE_DIR, &dir);
    if (!failed(e))
        e = file_stat(dir, STATE_FILE, &st);
    if (e.kind == ERR_NOTFOUND)
        return CTL_OK; /* nothing was ever remembered */
    if (!failed(e))
        e = dead_hosts_open(dir, STATE_FILE, ret);
    return failed(e) ? ctl_fail(c, CTL_TEMPORARY, "fatal: unable to read the memory of hosts: %s",
                                err_text(e))
                     : CTL_OK;
}

int old_tcpto(struct ctl *c, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    struct dead_hosts *memory;
    int code = open_memory(c, &memory);
    if (!memory)
        return code;
    struct dead_host *at = NEW_N(c->arena, struct dead_host, DEAD_HOSTS);
    size_t n = dead_hosts_list(memory, at, DEAD_HOSTS);
    dead_hosts_free(memory);
    auto_buf struct buf b;
    buf_init(&b, 1 << 16);
    int64_t now = clock_seconds();
    for (size_t i = 0; i < n; i++) {
        char ip[INET6_ADDRSTRLEN];
        str text = net_address_text(&at[i].address, ip, sizeof ip);
        buf_addf(&b, "%.*s timed out %lld seconds ago; # recent timeouts: %u\n", STR_ARG(text),
                 (long long)(now - at[i].when), at[i].count);
    }
    return ctl_print(c, buf_str(&b)) ? CTL_OK : CTL_TEMPORARY;
}

int old_tcpok(struct ctl *c, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    struct dead_hosts *memory;
    int code = open_memory(c, &memory);
    if (!memory)
        return code;
    err e = dead_hosts_clear(memory);
    dead_hosts_free(memory);
    return failed(e) ? ctl_fail(c, CTL_TEMPORARY, "fatal: unable to clear it: %s", err_text(e))
                     : CTL_OK;
}
