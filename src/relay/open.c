/* SPDX-License-Identifier: ISC */
#include "relay/relay.h"

#include "log/event.h"
#include "os/fd.h"

enum { SITE_ARENA = 256 << 20, JOB_ARENA = 64 << 20 };

/* relayauth: init reads it as root and gives it to us alone. */
static err read_secrets(struct relay *r)
{
    str archive;
    int fd = boot_dir(r->boot, "secrets");
    if (fd < 0)
        return OK_ERR; /* none: nobody logs in */
    err e = fd_map(fd, SITE_ARCHIVE_MAX, &archive);
    if (failed(e))
        return e;
    e = site_parse_secrets(arena_copy(r->site_arena, archive), r->site_arena, &r->site);
    fd_unmap(archive);
    return e;
}

static err read_site(struct relay *r)
{
    err e = fd_map(r->boot->site_fd, SITE_ARCHIVE_MAX, &r->archive);
    if (failed(e))
        return e;
    e = site_parse(r->archive, r->site_arena, &r->site);
    return failed(e) ? e : read_secrets(r);
}

static str resolver_text(struct relay *r)
{
    auto_buf struct buf text;
    buf_init(&text, 1 << 20);
    for (size_t i = 0; i < r->site.resolvers.n; i++) {
        buf_add(&text, r->site.resolvers.at[i].key);
        buf_addc(&text, '\n');
    }
    return arena_copy(r->site_arena, buf_str(&text));
}

static err open_outbound(struct relay *r)
{
    const struct site *s = &r->site;
    struct outbound_facts f = {
        .root = boot_dir(r->boot, "root"),
        .state = boot_dir(r->boot, "relay"),
        .me = s->me,
        .helo = s->helohost,
        .resolvers = resolver_text(r),
        .outgoingip = s->outgoingip,
        .connect_ms = (int64_t)s->timeoutconnect * 1000,
        .command_ms = (int64_t)s->timeoutremote * 1000,
        .tls = s->tlsrelay == TLSRELAY_OPPORTUNISTIC,
    };
    size_t line = 0;
    err e = outbound_open(&f, &r->outbound, &line);
    if (failed(e) && e.kind == ERR_SYNTAX) { /* a wrong line must not stop the mail */
        log_event(NULL, EV_CONFIG_PROBLEM, F_STR("file", S("control/resolvers")),
                  F_INT("entry", line), F_ERR(e));
        f.resolvers = S("");
        e = outbound_open(&f, &r->outbound, NULL);
    }
    if (!failed(e) && r->outbound.degraded)
        log_event(NULL, EV_CONFIG_PROBLEM, F_STR("doing", str_from(r->outbound.degraded)));
    return e;
}

err relay_open(struct relay *r, struct boot *boot)
{
    *r = (struct relay){.boot = boot};
    if (boot->peer < 0)
        return err_new(ERR_NOTFOUND, "channel to sched");
    r->sched = channel_new(fd_take(&boot->peer));
    r->site_arena = arena_new("site", SITE_ARENA);
    r->job_arena = arena_new("job", JOB_ARENA);
    err e = read_site(r);
    if (!failed(e))
        e = open_outbound(r);
    if (!failed(e))
        r->remote = remote_new(&r->outbound.options);
    return e;
}

void relay_close(struct relay *r)
{
    remote_free(r->remote);
    outbound_close(&r->outbound);
    channel_free(r->sched);
    arena_free(r->job_arena);
    arena_free(r->site_arena);
    fd_unmap(r->archive);
}
