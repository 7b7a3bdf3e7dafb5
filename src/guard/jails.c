/* SPDX-License-Identifier: ISC */
/* guard/jails.c -- the jails as configured, what they decide, and carrying it out. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "guard/guard.h"
#include "os/clock.h"
#include "os/interfaces.h"
#include "os/random.h"

enum { ARENA_MAX = 256 << 20 };

bool post_is_failing(const struct post *p)
{
    return p->why[0] != 0;
}

void post_fails(struct post *p, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(p->why, sizeof p->why, fmt, ap); /* cut when long */
    va_end(ap);
    log_event(NULL, EV_GUARD_FAILING, F_STR("jail", p->def->name),
              F_STR("reason", str_from(p->why)));
    f2b_log(p->guard, "fail2ban.jail", "ERROR", "[%.*s] %s", STR_ARG(p->def->name), p->why);
}

struct post *guard_post(const struct guard *g, str name)
{
    for (size_t i = 0; i < g->posts.n; i++)
        if (str_eq(g->posts.at[i]->def->name, name))
            return g->posts.at[i];
    return NULL;
}

/* ---- what a jail decides ---- */

static void date_text(int64_t at, char *room, size_t size)
{
    struct tm tm;
    time_t t = (time_t)at;
    (void)localtime_r(&t, &tm);                           /* a time of a log line has a year */
    (void)strftime(room, size, "%Y-%m-%d %H:%M:%S", &tm); /* fits */
}

static void carry_out(struct post *p, const struct jail_event *e)
{
    struct guard *g = p->guard;
    int64_t now = clock_seconds(), left = e->until == INT64_MAX ? -1 : e->until - now;
    bool address =
        kernel_ban(&g->kernel, &p->kernel, e->id, left < 0 && e->until != INT64_MAX ? 1 : left);
    if (address && p->at_door)
        door_ban(g, e->id, e->until);
    store_ban(g->store, p->def->name, e->id, e->time, e->until, e->bans, e->failures, e->matches);
}

static void on_ban(struct post *p, const struct jail_event *e)
{
    struct guard *g = p->guard;
    const struct jail_def *d = p->def;
    f2b_log(g, "fail2ban.actions", "NOTICE", "[%.*s] Ban %.*s", STR_ARG(d->name), STR_ARG(e->id));
    log_event(NULL, EV_GUARD_BANNED, F_STR("jail", d->name), F_STR("peer", e->id),
              F_INT("failures", e->failures), F_INT("ban", e->bans),
              F_INT("seconds", e->until == INT64_MAX ? -1 : e->until - e->time));
    carry_out(p, e);
    if (d->growth.on && e->bans > 1 && e->until != INT64_MAX) {
        char until[64];
        date_text(e->until, until, sizeof until);
        f2b_log(g, "fail2ban.observer", "NOTICE", "[%.*s] Increase Ban %.*s (%u # %llds -> %s)",
                STR_ARG(d->name), STR_ARG(e->id), e->bans, (long long)(e->until - e->time), until);
    }
}

static void on_event(void *ctx, struct jail *j, const struct jail_event *e)
{
    struct post *p = ctx;
    struct guard *g = p->guard;
    str name = p->def->name;
    char when[64];
    (void)j;
    guard_flush_later(g);
    switch (e->kind) {
    case JAIL_FOUND:
        date_text(e->time, when, sizeof when);
        f2b_log(g, "fail2ban.filter", "INFO", "[%.*s] Found %.*s - %s", STR_ARG(name),
                STR_ARG(e->id), when);
        break;
    case JAIL_IGNORED:
        f2b_log(g, "fail2ban.filter", "INFO", "[%.*s] Ignore %.*s by %s", STR_ARG(name),
                STR_ARG(e->id), e->by);
        break;
    case JAIL_BAN:
        on_ban(p, e);
        break;
    case JAIL_ALREADY: /* whoever still gets through: once more into the kernel */
        f2b_log(g, "fail2ban.actions", "NOTICE", "[%.*s] %.*s already banned", STR_ARG(name),
                STR_ARG(e->id));
        carry_out(p, e);
        break;
    case JAIL_UNBAN:
        f2b_log(g, "fail2ban.actions", "NOTICE", "[%.*s] Unban %.*s", STR_ARG(name),
                STR_ARG(e->id));
        log_event(NULL, EV_GUARD_UNBANNED, F_STR("jail", name), F_STR("peer", e->id));
        store_unban(g->store, name, e->id);
        if (kernel_unban(&g->kernel, &p->kernel, e->id) && p->at_door)
            door_ban(g, e->id, 0);
        break;
    case JAIL_NO_ADDRESS:
        f2b_log(g, "fail2ban.filter", "WARNING",
                "[%.*s] Unable to find a corresponding IP address for %.*s", STR_ARG(name),
                STR_ARG(e->id));
        break;
    }
}

static bool is_self(void *ctx, str address)
{
    const struct post *p = ctx;
    char text[ADDRESS_TEXT];
    struct net_address a;
    if (address.n >= sizeof text)
        return false;
    (void)snprintf(text, sizeof text, "%.*s", STR_ARG(address)); /* fits */
    return !failed(net_address_parse(str_from(text), 0, &a)) &&
           own_addresses_has(p->guard->own, &a);
}

static unsigned earlier_bans(void *ctx, const struct jail *j, str id)
{
    const struct post *p = ctx;
    (void)j;
    return store_bans_of(p->guard->store, p->def->growth.all_jails ? S("") : p->def->name, id,
                         clock_seconds() - GUARD_HISTORY_S);
}

static uint64_t random_number(void *ctx)
{
    (void)ctx;
    return random_u64();
}

/* ---- carrying out, in rounds ---- */

static void flush(void *ctx)
{
    struct guard *g = ctx;
    g->flush_due = false;
    bool worked = g->kernel.works;
    if (!kernel_flush(&g->kernel) && worked)
        guard_enforce(g); /* somebody flushed the ruleset: all of it anew */
    f2b_log_flush(g);
    if (!store_commit(g->store))
        log_event(NULL, EV_PROGRAM_FAILED,
                  F_STR("what", S("the ledger of bans cannot be written")));
}

void guard_flush_later(struct guard *g)
{
    if (g->flush_due)
        return;
    g->flush_due = true;
    loop_defer(g->loop, flush, g);
}

void guard_enforce(struct guard *g)
{
    int64_t now = clock_seconds();
    kernel_begin(&g->kernel);
    for (size_t i = 0; i < g->posts.n; i++) {
        struct post *p = g->posts.at[i];
        size_t at = 0;
        str id;
        int64_t since, until;
        if (!p->jail)
            continue;
        kernel_add_jail(&g->kernel, &p->kernel);
        while (jail_banned_next(p->jail, &at, &id, &since, &until))
            (void)kernel_ban(&g->kernel, &p->kernel, id, /* an id that is no address stays ours */
                             until == INT64_MAX ? -1
                             : until > now      ? until - now
                                                : 1);
        kernel_end_jail(&g->kernel, &p->kernel);
    }
    if (!kernel_flush(&g->kernel) && !g->said_without) {
        g->said_without = true;
        log_event(NULL, EV_HOUSE_WITHOUT,
                  F_STR("what", S("nftables: bans hold at our own door alone")),
                  F_STR("reason", str_from(g->kernel.why)));
    }
}

static void on_next(void *ctx)
{
    guard_tick(ctx);
}

void guard_tick(struct guard *g)
{
    int64_t now = clock_seconds(), next = INT64_MAX;
    for (size_t i = 0; i < g->posts.n; i++) {
        struct post *p = g->posts.at[i];
        if (!p->jail)
            continue;
        if (jail_next(p->jail) <= now)
            jail_tick(p->jail, now);
        int64_t n = jail_next(p->jail);
        next = n < next ? n : next;
    }
    if (!g->next)
        g->next = loop_at(g->loop, DEADLINE_NEVER, on_next, g);
    int64_t wait = next == INT64_MAX ? 60 : next - now;
    loop_timer_move(g->next, deadline_in_ms(wait < 1 ? 1000 : (wait > 60 ? 60 : wait) * 1000));
}

/* ---- reading ---- */

static void restore_one(void *ctx, str id, int64_t since, int64_t until, unsigned bans)
{
    struct post *p = ctx;
    jail_restore(p->jail, id, since, until, bans);
    f2b_log(p->guard, "fail2ban.actions", "NOTICE", "[%.*s] Restore Ban %.*s",
            STR_ARG(p->def->name), STR_ARG(id));
}

static bool has_mail_port(const struct kernel_jail *k)
{
    static const char *const mail[] = {"25", "465", "587", "143", "993", "110", "995", "4190"};
    str word, rest = str_from(k->ports);
    if (!rest.n)
        return true;
    while (rest.n) {
        (void)str_cut(rest, ',', &word, &rest);
        for (size_t i = 0; i < sizeof mail / sizeof mail[0]; i++)
            if (str_eq(word, str_from(mail[i])))
                return true;
    }
    return false;
}

static void set_ports(struct post *p, size_t index)
{
    const struct jail_def *d = p->def;
    bool all = false;
    str bad;
    for (size_t i = 0; i < d->actions.n; i++)
        all = all || (d->actions.at[i].kind == ACTION_NFTABLES && d->actions.at[i].all_ports);
    kernel_name(&p->kernel, d->name, index);
    if (!kernel_ports(&p->kernel, all ? S("") : d->port, d->protocol, &bad))
        post_fails(p, "port or protocol %.*s is not known: all are closed", STR_ARG(bad));
    p->at_door = p->ours || has_mail_port(&p->kernel);
}

static void last_finding(struct post *p)
{
    struct guard *g = p->guard;
    for (size_t i = g->findings.list.n; i-- > 0;) {
        const struct finding *f = &g->findings.list.at[i];
        if (f->level == FINDING_ERROR && str_eq(f->jail, p->def->name)) {
            post_fails(p, "%.*s:%u: %.*s", STR_ARG(f->place.file), f->place.line, STR_ARG(f->text));
            return;
        }
    }
    post_fails(p, "the jail cannot be loaded");
}

/* Better said than hoped for. */
static void tell_what_is_not_done(struct post *p)
{
    const struct jail_def *d = p->def;
    size_t done = 0;
    for (size_t i = 0; i < d->actions.n; i++)
        done += d->actions.at[i].kind == ACTION_NFTABLES;
    if (d->journal)
        post_fails(p, "backend = systemd: the journal is not read; set logpath and backend = auto");
    else if (d->ignorecommand.n)
        post_fails(p, "ignorecommand is not run: %.*s", STR_ARG(d->ignorecommand));
    else if (done < d->actions.n)
        for (size_t i = 0; i < d->actions.n; i++)
            if (d->actions.at[i].kind != ACTION_NFTABLES)
                post_fails(p, "action %.*s is not run%s", STR_ARG(d->actions.at[i].name),
                           done ? "; the others are" : "; bans go to nftables");
}

static void add_post(struct guard *g, const struct jail_def *d, bool ours)
{
    struct post *p = mem_alloc("jail", sizeof *p);
    *p = (struct post){.guard = g, .def = d, .ours = ours};
    p->hooks = (struct jail_hooks){.ctx = p,
                                   .event = on_event,
                                   .is_self = is_self,
                                   .earlier_bans = earlier_bans,
                                   .random = random_number};
    vec_push(&g->posts, p);
    if (!d->broken)
        p->jail = jail_new(d, g->dates, &g->findings, &p->hooks);
    if (!p->jail) {
        last_finding(p);
        return;
    }
    set_ports(p, g->posts.n);
    tell_what_is_not_done(p);
    store_each(g->store, d->name, clock_seconds(), restore_one, p);
    f2b_log(g, "fail2ban.jail", "INFO", "Jail '%.*s' started", STR_ARG(d->name));
}

void guard_load(struct guard *g)
{
    g->arena = arena_new("jails", ARENA_MAX);
    findings_init(&g->findings, g->arena);
    jail_files_init(&g->files, &g->findings);
    g->dates = date_cache_new(clock_seconds(), false);
    g->has_jails =
        jails_load(&g->jails, g->arena, &g->files.files, &g->findings, str_from(g->config), false);
    own_jails(g);
    for (size_t i = 0; i < g->own_defs.n; i++)
        add_post(g, g->own_defs.at[i], true);
    for (size_t i = 0; g->has_jails && i < g->jails.list.n; i++)
        if (g->jails.list.at[i]->enabled)
            add_post(g, g->jails.list.at[i], false);
    guard_enforce(g);
    logs_open(g);
    log_event(NULL, EV_GUARD_LOADED, F_INT("jails", g->posts.n), F_INT("logs", g->logs.n));
}

void guard_unload(struct guard *g)
{
    logs_close(g);
    for (size_t i = 0; i < g->posts.n; i++) {
        if (g->posts.at[i]->jail)
            f2b_log(g, "fail2ban.jail", "INFO", "Jail '%.*s' stopped",
                    STR_ARG(g->posts.at[i]->def->name));
        jail_free(g->posts.at[i]->jail);
        free(g->posts.at[i]);
    }
    vec_done(&g->posts);
    for (size_t i = 0; i < g->own_defs.n; i++)
        vec_done(&g->own_defs.at[i]->ignored_nets);
    vec_done(&g->own_defs);
    jails_done(&g->jails);
    findings_done(&g->findings);
    date_cache_free(g->dates);
    arena_free(g->arena);
    g->arena = NULL;
    g->dates = NULL;
}
