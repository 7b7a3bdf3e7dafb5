/* SPDX-License-Identifier: ISC */
/* guard/command.c -- administrators ask: fail2ban-client's words, answered in fail2ban-client's
 * words, since scripts parse them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guard/guard.h"
#include "ipc/admin.h"
#include "ipc/door.h"
#include "os/clock.h"
#include "os/fd.h"

enum { WORDS_MAX = 64, PIECE_MAX = 60000 };

struct asker {
    struct list link;
    struct guard *guard;
    struct channel *channel;
    struct loop_fd *watch;
};

struct request {
    struct guard *guard;
    str word[WORDS_MAX];
    size_t n;
    struct buf out;   /* lines */
    struct buf fault; /* for stderr */
    unsigned code;
};

static void refuse(struct request *r, const char *fmt, str what)
{
    r->code = 255;
    buf_addf(&r->fault, "%s%.*s", fmt, STR_ARG(what));
}

static bool is(const struct request *r, size_t i, const char *word)
{
    return i < r->n && str_eq(r->word[i], str_from(word));
}

static void say_banned(struct request *r, const struct post *p, const char *between, bool times)
{
    size_t at = 0, n = 0;
    str id;
    int64_t since, until;
    while (p->jail && jail_banned_next(p->jail, &at, &id, &since, &until)) {
        buf_addf(&r->out, "%s%.*s", n++ ? between : "", STR_ARG(id));
        if (times) {
            struct civil a = civil_from_epoch(since + clock_zone_minutes(since) * 60);
            int64_t end = until == INT64_MAX ? since : until;
            struct civil b = civil_from_epoch(end + clock_zone_minutes(end) * 60);
            buf_addf(&r->out,
                     " \t%04d-%02d-%02d %02d:%02d:%02d + %lld = %04d-%02d-%02d %02d:%02d:%02d",
                     a.year, a.month, a.day, a.hour, a.minute, a.second,
                     until == INT64_MAX ? -1LL : (long long)(until - since), b.year, b.month, b.day,
                     b.hour, b.minute, b.second);
        }
    }
}

static void status_of_jail(struct request *r, const struct post *p)
{
    struct jail_totals t = p->jail ? jail_totals(p->jail) : (struct jail_totals){0};
    buf_addf(&r->out, "Status for the jail: %.*s\n|- Filter\n", STR_ARG(p->def->name));
    buf_addf(&r->out, "|  |- Currently failed:\t%zu\n|  |- Total failed:\t%llu\n", t.failing_now,
             (unsigned long long)t.found);
    if (p->ours) {
        buf_add(&r->out, S("|  `- File list:\t"));
    } else if (p->def->journal) {
        buf_addf(&r->out, "|  `- Journal matches:\t%.*s",
                 STR_ARG(str_trim(p->def->filter.journalmatch.text.s)));
    } else {
        buf_add(&r->out, S("|  `- File list:\t"));
        const char *between = "";
        for (size_t i = 0; i < r->guard->logs.n; i++)
            for (size_t k = 0; k < r->guard->logs.at[i]->posts.n; k++)
                if (r->guard->logs.at[i]->posts.at[k] == p) {
                    buf_addf(&r->out, "%s%s", between, r->guard->logs.at[i]->path);
                    between = " ";
                }
    }
    buf_addf(&r->out, "\n`- Actions\n   |- Currently banned:\t%zu\n   |- Total banned:\t%llu\n",
             t.banned_now, (unsigned long long)t.banned);
    buf_add(&r->out, S("   `- Banned IP list:\t"));
    say_banned(r, p, " ", false);
    buf_addc(&r->out, '\n');
    if (p->why[0])
        buf_addf(&r->fault, "jail %.*s: %s", STR_ARG(p->def->name), p->why);
}

static void status_of_all(struct request *r)
{
    const struct guard *g = r->guard;
    buf_addf(&r->out, "Status\n|- Number of jail:\t%zu\n`- Jail list:\t", g->posts.n);
    for (size_t i = 0; i < g->posts.n; i++)
        buf_addf(&r->out, "%s%.*s", i ? ", " : "", STR_ARG(g->posts.at[i]->def->name));
    buf_addc(&r->out, '\n');
}

static struct post *wanted(struct request *r, size_t i)
{
    struct post *p = i < r->n ? guard_post(r->guard, r->word[i]) : NULL;
    if (!p)
        refuse(r, "Sorry but the jail '", i < r->n ? r->word[i] : S(""));
    if (!p)
        buf_add(&r->fault, S("' does not exist"));
    return p;
}

static void do_status(struct request *r)
{
    if (r->n == 1) {
        status_of_all(r);
    } else if (is(r, 1, "--all")) {
        status_of_all(r);
        for (size_t i = 0; i < r->guard->posts.n; i++)
            status_of_jail(r, r->guard->posts.at[i]);
    } else {
        const struct post *p = wanted(r, 1);
        if (p)
            status_of_jail(r, p);
    }
}

static size_t unban_everywhere(struct guard *g, str id)
{
    size_t n = 0;
    for (size_t i = 0; i < g->posts.n; i++)
        n += g->posts.at[i]->jail && jail_unban(g->posts.at[i]->jail, id, clock_seconds());
    return n;
}

static size_t unban_all(struct post *p)
{
    size_t n = 0;
    str id;
    int64_t since, until;
    for (size_t at = 0; p->jail && jail_banned_next(p->jail, &at, &id, &since, &until); at = 0) {
        auto_arena struct arena *a = arena_new("unban", 4096);
        if (!jail_unban(p->jail, arena_copy(a, id), clock_seconds()))
            break;
        n++;
    }
    return n;
}

static void do_unban(struct request *r)
{
    size_t n = 0;
    for (size_t i = 0; is(r, 1, "--all") && i < r->guard->posts.n; i++)
        n += unban_all(r->guard->posts.at[i]);
    for (size_t i = 1; !is(r, 1, "--all") && i < r->n; i++)
        n += unban_everywhere(r->guard, r->word[i]);
    buf_addf(&r->out, "%zu\n", n);
}

static void ban_words(struct request *r, struct post *p, size_t from)
{
    size_t n = 0;
    for (size_t i = from; i < r->n; i++) {
        struct jail_net net;
        if (!jail_net_parse(r->word[i], &net)) {
            refuse(r, "that is no address: ", r->word[i]);
            return;
        }
        jail_ban(p->jail, r->word[i], clock_seconds());
        n++;
    }
    buf_addf(&r->out, "%zu\n", n);
}

static void unban_words(struct request *r, struct post *p, size_t from)
{
    bool report = is(r, from, "--report-absent");
    size_t n = 0;
    for (size_t i = from + report; i < r->n; i++) {
        bool was = jail_unban(p->jail, r->word[i], clock_seconds());
        n += was;
        if (!was && report) {
            refuse(r, "not banned: ", r->word[i]);
            return;
        }
    }
    buf_addf(&r->out, "%zu\n", n);
}

static void set_number(struct request *r, struct post *p)
{
    int64_t v;
    if (r->n < 4 || !conf_duration(r->word[3], &v) || (v <= 0 && !is(r, 2, "bantime"))) {
        refuse(r, "no such value for ", r->word[2]);
        return;
    }
    if (is(r, 2, "maxretry"))
        jail_override(p->jail, (unsigned)v, 0, 0);
    else if (is(r, 2, "findtime"))
        jail_override(p->jail, 0, v, 0);
    else
        jail_override(p->jail, 0, 0, v);
    buf_addf(&r->out, "%lld\n", (long long)v);
}

static void do_set(struct request *r)
{
    struct post *p = wanted(r, 1);
    if (!p)
        return;
    if (!p->jail) {
        refuse(r, "the jail does not run: ", str_from(p->why));
    } else if (is(r, 2, "banip")) {
        ban_words(r, p, 3);
    } else if (is(r, 2, "unbanip")) {
        unban_words(r, p, 3);
    } else if (is(r, 2, "attempt") && r->n > 3) {
        jail_attempt(p->jail, r->word[3], 1, r->n > 4 ? r->word[4] : S(""), clock_seconds());
        buf_add(&r->out, S("1\n"));
    } else if (is(r, 2, "maxretry") || is(r, 2, "findtime") || is(r, 2, "bantime")) {
        set_number(r, p);
    } else {
        refuse(r, "write it into jail.local and reload: this cannot be set here: ",
               r->n > 2 ? r->word[2] : S(""));
    }
}

static void get_regexes(struct request *r, const struct filter_text *t, const char *name)
{
    str rest = t->present ? str_trim(t->text.s) : S(""), line;
    size_t n = 0;
    if (!rest.n) {
        buf_addf(&r->out, "No %s is defined\n", name);
        return;
    }
    buf_addf(&r->out, "The following regular expression are defined:\n");
    while (str_line(&rest, &line))
        if (str_trim(line).n)
            buf_addf(&r->out, "%s [%zu]: %.*s\n", rest.n ? "|-" : "`-", n++,
                     STR_ARG(str_trim(line)));
}

static void get_logs(struct request *r, const struct post *p)
{
    size_t n = 0, total = 0;
    for (int turn = 0; turn < 2; turn++)
        for (size_t i = 0; i < r->guard->logs.n; i++)
            for (size_t k = 0; k < r->guard->logs.at[i]->posts.n; k++) {
                if (r->guard->logs.at[i]->posts.at[k] != p)
                    continue;
                if (!turn) {
                    total++;
                    continue;
                }
                if (!n++)
                    buf_add(&r->out, S("Current monitored log file(s):\n"));
                buf_addf(&r->out, "%s %s\n", n == total ? "`-" : "|-", r->guard->logs.at[i]->path);
            }
    if (!total)
        buf_add(&r->out, S("No file is currently monitored\n"));
}

static void do_get(struct request *r)
{
    struct post *p = wanted(r, 1);
    if (!p)
        return;
    const struct jail_def *d = p->def;
    if (is(r, 2, "banip")) {
        bool times = is(r, 3, "--with-time");
        say_banned(r, p, times || r->n < 4 ? "\n" : " ", times);
        buf_addc(&r->out, '\n');
    } else if (is(r, 2, "banned") && r->n > 3) {
        for (size_t i = 3; i < r->n; i++)
            buf_addf(&r->out, "%d\n", p->jail && jail_is_banned(p->jail, r->word[i]));
    } else if (is(r, 2, "banned")) {
        buf_addc(&r->out, '[');
        if (p->jail && jail_totals(p->jail).banned_now) {
            buf_addc(&r->out, '\'');
            say_banned(r, p, "', '", false);
            buf_addc(&r->out, '\'');
        }
        buf_add(&r->out, S("]\n"));
    } else if (is(r, 2, "maxretry")) {
        buf_addf(&r->out, "%u\n", d->maxretry);
    } else if (is(r, 2, "findtime")) {
        buf_addf(&r->out, "%lld\n", (long long)d->findtime);
    } else if (is(r, 2, "bantime")) {
        buf_addf(&r->out, "%lld\n", (long long)d->bantime);
    } else if (is(r, 2, "maxmatches")) {
        buf_addf(&r->out, "%u\n", d->maxmatches);
    } else if (is(r, 2, "ignoreself")) {
        buf_add(&r->out, d->ignoreself ? S("True\n") : S("False\n"));
    } else if (is(r, 2, "failregex")) {
        get_regexes(r, &d->filter.failregex, "failregex");
    } else if (is(r, 2, "ignoreregex")) {
        get_regexes(r, &d->filter.ignoreregex, "ignoreregex");
    } else if (is(r, 2, "logpath")) {
        get_logs(r, p);
    } else if (is(r, 2, "dropped")) { /* ours: what the kernel has dropped for this jail */
        uint64_t n;
        if (kernel_counted(&r->guard->kernel, &p->kernel, &n))
            buf_addf(&r->out, "%llu\n", (unsigned long long)n);
        else
            refuse(r, "nftables does not say: ", str_from(r->guard->kernel.why));
    } else {
        refuse(r, "Invalid command (no get action or not yet implemented): ",
               r->n > 2 ? r->word[2] : S(""));
    }
}

static void do_banned(struct request *r)
{
    const struct guard *g = r->guard;
    if (r->n > 1) { /* for each address: the jails that ban it */
        for (size_t i = 1; i < r->n; i++) {
            const char *between = "";
            buf_add(&r->out, i == 1 ? S("[[") : S(", ["));
            for (size_t k = 0; k < g->posts.n; k++)
                if (g->posts.at[k]->jail && jail_is_banned(g->posts.at[k]->jail, r->word[i])) {
                    buf_addf(&r->out, "%s'%.*s'", between, STR_ARG(g->posts.at[k]->def->name));
                    between = ", ";
                }
            buf_addc(&r->out, ']');
        }
        buf_add(&r->out, S("]\n"));
        return;
    }
    buf_addc(&r->out, '[');
    for (size_t i = 0; i < g->posts.n; i++) {
        buf_addf(&r->out, "%s{'%.*s': [", i ? ", " : "", STR_ARG(g->posts.at[i]->def->name));
        if (g->posts.at[i]->jail && jail_totals(g->posts.at[i]->jail).banned_now) {
            buf_addc(&r->out, '\'');
            say_banned(r, g->posts.at[i], "', '", false);
            buf_addc(&r->out, '\'');
        }
        buf_add(&r->out, S("]}"));
    }
    buf_add(&r->out, S("]\n"));
}

/* Ours: "JAIL ok" or "JAIL failing WHY" a line, for `twinpost status` and `twinpost ban list`. */
static void do_health(struct request *r)
{
    const struct guard *g = r->guard;
    buf_addf(&r->out, "nftables %s\n", g->kernel.works ? "ok" : g->kernel.why);
    for (size_t i = 0; i < g->posts.n; i++) {
        const struct post *p = g->posts.at[i];
        buf_addf(&r->out, "jail %.*s %s%s\n", STR_ARG(p->def->name),
                 post_is_failing(p) ? "failing " : "ok", p->why);
    }
}

static void do_bans(struct request *r)
{
    int64_t now = clock_seconds();
    for (size_t i = 0; i < r->guard->posts.n; i++) {
        const struct post *p = r->guard->posts.at[i];
        size_t at = 0;
        str id;
        int64_t since, until;
        while (p->jail && jail_banned_next(p->jail, &at, &id, &since, &until))
            buf_addf(&r->out, "%.*s %.*s %lld\n", STR_ARG(p->def->name), STR_ARG(id),
                     until == INT64_MAX ? -1LL : (long long)(until > now ? until - now : 0));
    }
}

static void do_in_kernel(struct request *r)
{
    const struct post *p = wanted(r, 1);
    if (p && r->n > 2)
        buf_addf(&r->out, "%d\n", kernel_has(&r->guard->kernel, &p->kernel, r->word[2]));
}

static void do_reload(struct request *r)
{
    for (size_t i = 1; i < r->n; i++)
        if (is(r, i, "--unban"))
            for (size_t k = 0; k < r->guard->posts.n; k++)
                (void)unban_all(r->guard->posts.at[k]);
    guard_reload(r->guard);
    bool failing = false;
    for (size_t i = 0; i < r->guard->posts.n; i++) {
        const struct post *p = r->guard->posts.at[i];
        if (!p->jail) {
            buf_addf(&r->fault, "%sjail %.*s: %s", failing ? "\n" : "", STR_ARG(p->def->name),
                     p->why);
            failing = true;
        }
    }
    r->code = failing ? 255 : 0;
    buf_add(&r->out, S("OK\n"));
}

static void do_ping(struct request *r)
{
    buf_add(&r->out, S("Server replied: pong\n"));
}

static void do_version(struct request *r)
{
    buf_addf(&r->out, "%s\n", GUARD_F2B_VERSION);
}

static void do_flushlogs(struct request *r)
{
    f2b_log_open(r->guard);
    buf_add(&r->out, S("flushed\n"));
}

static const struct {
    const char *word;
    void (*run)(struct request *r);
} commands[] = {
    {"ping", do_ping},     {"version", do_version}, {"status", do_status},
    {"set", do_set},       {"get", do_get},         {"unban", do_unban},
    {"banned", do_banned}, {"reload", do_reload},   {"flushlogs", do_flushlogs},
    {"health", do_health}, {"bans", do_bans},       {"in-kernel", do_in_kernel},
};

static void carry_out(struct request *r)
{
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (is(r, 0, commands[i].word)) {
            commands[i].run(r);
            guard_tick(r->guard);
            return;
        }
    refuse(r, "Invalid command: ", r->n ? r->word[0] : S(""));
}

static void leave(struct asker *a)
{
    list_del(&a->link);
    loop_del(a->watch);
    channel_free(a->channel);
    a->guard->n_askers--;
    free(a);
}

static void answer(struct asker *a, str words)
{
    struct request r = {.guard = a->guard};
    buf_init(&r.out, GUARD_ANSWER_MAX);
    buf_init(&r.fault, PIECE_MAX);
    str word;
    while (words.n && r.n < WORDS_MAX) {
        (void)str_cut(words, '\0', &word, &words);
        r.word[r.n++] = word;
    }
    carry_out(&r);
    str text = str_trim_end(buf_str(&r.out));
    err e = OK_ERR;
    while (!failed(e) && text.n) { /* a list of 100,000 bans is more than a packet */
        str piece = str_slice(text, 0, PIECE_MAX);
        ptrdiff_t lf = piece.n < text.n ? str_rfind(piece, '\n') : -1;
        if (lf > 0)
            piece = str_slice(piece, 0, (size_t)lf);
        text = str_from_at(text, piece.n + (lf > 0));
        e = channel_send(a->channel, &admin_line_schema, 0, &(struct admin_line){piece}, NULL, 0);
    }
    if (!failed(e))
        e = channel_send(a->channel, &admin_end_schema, 0,
                         &(struct admin_end){r.code, buf_str(&r.fault)}, NULL, 0);
    buf_done(&r.out);
    buf_done(&r.fault);
    (void)failed(e); /* gone: nobody to tell */
}

static void on_asker(void *ctx, int fd, unsigned events)
{
    struct asker *a = ctx;
    (void)fd, (void)events;
    struct packet p;
    err e = channel_try_recv(a->channel, &p);
    if (e.kind == ERR_TEMP)
        return;
    struct admin_ask ask;
    if (!failed(e) && !failed(ipc_decode(&admin_ask_schema, p.bytes, &ask)))
        answer(a, ask.words);
    leave(a);
}

static void on_knock(void *ctx, int fd, unsigned events)
{
    struct guard *g = ctx;
    (void)fd, (void)events;
    struct door_knock who;
    int theirs;
    while (!failed(door_answer(g->boot->clients[PROGRAM_CTL], &who, &theirs))) {
        if (g->n_askers >= GUARD_ASKERS_MAX) {
            fd_close(theirs);
            continue;
        }
        struct asker *a = mem_alloc("asker", sizeof *a);
        *a = (struct asker){.guard = g, .channel = channel_new(theirs)};
        list_add(&g->askers, &a->link);
        g->n_askers++;
        a->watch = loop_add(g->loop, theirs, LOOP_IN, on_asker, a);
    }
}

void commands_serve(struct guard *g)
{
    struct channel *door = g->boot->clients[PROGRAM_CTL];
    if (door)
        g->knock_watch = loop_add(g->loop, channel_fd(door), LOOP_IN, on_knock, g);
}

void commands_close(struct guard *g)
{
    loop_del(g->knock_watch);
    while (!list_empty(&g->askers))
        leave(container_of(g->askers.next, struct asker, link));
}
