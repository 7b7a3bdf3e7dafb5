/* SPDX-License-Identifier: ISC */
/* ctl/cmd_ban.c -- who is not let in, until when, and why: asks front (ipc/ban.h). */
#include <string.h>

#include "ctl/ctl.h"
#include "ctl/words.h"
#include "ipc/ban.h"
#include "os/clock.h"

enum { ANSWER_MS = 20000, LIST_MAX = 4 << 20, GUARD_LIST_MAX = 32 << 20 };

/* "90", "15m", "2h", "7d", "forever" in seconds; 0: until it is lifted. */
static bool duration(const char *text, uint64_t *ret)
{
    static const struct {
        char unit;
        uint64_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
    enum { MOST = INT32_MAX };
    str s = str_from(text);
    uint64_t n, by = 1;
    if (str_eq(s, S("forever"))) {
        *ret = 0;
        return true;
    }
    if (!str_take_u64(&s, &n) || s.n > 1 || n == 0 || n > MOST)
        return false;
    for (size_t i = 0; s.n && i < sizeof units / sizeof units[0]; i++)
        if (*s.p == units[i].unit) {
            by = units[i].seconds;
            s.n = 0;
        }
    if (s.n || n * by > MOST)
        return false;
    *ret = n * by;
    return true;
}

static int finish(struct ctl *c, const struct ban_done *d)
{
    if (!d->ok)
        return ctl_fail(c, CTL_PERMANENT, "%.*s", STR_ARG(d->text));
    if (d->dropped) {
        auto_buf struct buf b;
        buf_init(&b, 4096);
        str n = arena_printf(c->arena, "%u", d->dropped);
        words_add(c, &b, "%1 session(s) ended.", &n, 1);
        buf_addc(&b, '\n');
        if (!ctl_print(c, buf_str(&b)))
            return CTL_TEMPORARY;
    }
    return CTL_OK;
}

static int ask(struct ctl *c, const struct ipc_schema *schema, const void *question)
{
    struct channel *ch;
    struct ban_done d;
    err e = ctl_open(c, PROGRAM_FRONT, &ch);
    if (failed(e))
        return ctl_fail_err(c, "cannot reach the mail host", e);
    e = channel_ask(ch, schema, question, NULL, 0, &ban_done_schema, deadline_in_ms(ANSWER_MS), &d,
                    NULL);
    int code = failed(e) ? ctl_fail_err(c, "asking the mail host", e) : finish(c, &d);
    channel_free(ch);
    return code;
}

static void add_entry(struct ctl *c, const struct ban_entry *e, struct buf *out)
{
    str args[] = {arena_printf(c->arena, "%llu", (unsigned long long)e->seconds),
                  arena_printf(c->arena, "%u", e->bans)};
    buf_addf(out, "%.*s\t", STR_ARG(e->address));
    words_add(c, out, e->seconds ? "for %1 seconds more" : "until it is lifted", args, 2);
    buf_addc(out, '\t');
    if (e->by_rule)
        words_add(c, out, "misbehaved; ban number %2", args, 2);
    for (size_t i = 0; i < e->reason.n; i++) /* it may come from anywhere: one line, no escapes */
        buf_addc(out, e->reason.p[i] >= 0 && (e->reason.p[i] < ' ' || e->reason.p[i] == 0x7f)
                          ? '?'
                          : e->reason.p[i]);
    buf_addc(out, '\n');
}

/* The guard's: "JAIL ADDRESS SECONDS" a line, -1 for ever. */
static void add_guard(struct ctl *c, struct buf *out)
{
    static const char *const is_there[] = {"status"}, *const ask_bans[] = {"bans"};
    auto_buf struct buf house, bans;
    buf_init(&house, LIST_MAX);
    buf_init(&bans, GUARD_LIST_MAX);
    if (ctl_ask_text(c, PROGRAM_INIT, is_there, 1, &house) != CTL_OK ||
        str_find_str(buf_str(&house), S("guard pid ")) < 0 ||
        ctl_ask_text(c, PROGRAM_GUARD, ask_bans, 1, &bans) != CTL_OK)
        return;
    str text = buf_str(&bans), line, jail, rest, address, seconds;
    while (str_line(&text, &line)) {
        if (!str_cut(line, ' ', &jail, &rest) || !str_cut(rest, ' ', &address, &seconds))
            continue;
        buf_addf(out, "%.*s\t", STR_ARG(address));
        words_add(c, out, str_eq(seconds, S("-1")) ? "until it is lifted" : "for %1 seconds more",
                  &seconds, 1);
        buf_addf(out, "\tjail %.*s\n", STR_ARG(jail));
    }
}

static int list(struct ctl *c)
{
    struct channel *ch;
    auto_buf struct buf out;
    buf_init(&out, LIST_MAX + GUARD_LIST_MAX);
    err e = ctl_open(c, PROGRAM_FRONT, &ch);
    if (failed(e))
        return ctl_fail_err(c, "cannot reach the mail host", e);
    e = channel_send(ch, &ban_list_schema, 1, &(struct ban_list){0}, NULL, 0);
    while (!failed(e)) {
        struct packet p;
        struct ban_entry entry;
        struct ban_done d;
        e = channel_recv(ch, deadline_in_ms(ANSWER_MS), &p);
        if (!failed(e) && !failed(ipc_decode(&ban_done_schema, p.bytes, &d)))
            break;
        if (!failed(e))
            e = ipc_decode(&ban_entry_schema, p.bytes, &entry);
        if (!failed(e))
            add_entry(c, &entry, &out);
    }
    channel_free(ch);
    add_guard(c, &out);
    int code = failed(e) ? ctl_fail_err(c, "asking the mail host", e) : CTL_OK;
    return ctl_print(c, buf_str(&out)) ? code : CTL_TEMPORARY;
}

static int add(struct ctl *c, int argc, char **argv)
{
    struct ban_add q = {.drop = 1};
    auto_buf struct buf reason;
    buf_init(&reason, 1000);
    int i = 2;
    if (i < argc && strcmp(argv[i], "--keep-sessions") == 0) {
        q.drop = 0;
        i++;
    }
    if (i == argc)
        return ctl_usage(c, command_find(admin_commands, "ban")->usage);
    q.address = str_from(argv[i++]);
    if (i < argc && !duration(argv[i++], &q.seconds))
        return ctl_fail(c, CTL_PERMANENT, "%s is no length of time: 90, 15m, 2h, 7d, forever",
                        argv[i - 1]);
    for (; i < argc; i++) {
        buf_add(&reason, str_from(reason.n ? " " : ""));
        buf_add(&reason, str_from(argv[i]));
    }
    q.reason = reason.n ? buf_str(&reason) : S("by the administrator");
    return reason.over ? ctl_fail(c, CTL_PERMANENT, "the reason is too long")
                       : ask(c, &ban_add_schema, &q);
}

int cmd_ban(struct ctl *c, int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "list") == 0)
        return list(c);
    if (argc > 2 && strcmp(argv[1], "add") == 0)
        return add(c, argc, argv);
    if (argc == 3 && strcmp(argv[1], "lift") == 0)
        return ask(c, &ban_lift_schema, &(struct ban_lift){str_from(argv[2])});
    return ctl_usage(c, command_find(admin_commands, "ban")->usage);
}
