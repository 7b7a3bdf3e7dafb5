/* SPDX-License-Identifier: ISC */
/* ctl/cmd_accounts.c -- `twinpost user`: what the administrator sees and does of registrations. */
#include <stdio.h>
#include <string.h>

#include "ctl/gate.h"
#include "ctl/words.h"
#include "os/clock.h"
#include "people/passwd.h"

struct listing {
    struct ctl *ctl;
    struct buf out;
    const char *state; /* NULL: all */
};

static err list_one(void *ctx, const struct card *c)
{
    struct listing *l = ctx;
    if (l->state && !card_is(c, CARD_STATE, str_from(l->state)))
        return OK_ERR;
    str uid = c->at[CARD_UID], end = str_slice(c->at[CARD_EXPIRES_AT], 0, 10);
    buf_addf(&l->out, "%-12.*s %-9.*s %6.*s  %-9.*s %-10.*s %-12.*s %.*s\n",
             STR_ARG(c->at[CARD_LOGIN]), STR_ARG(c->at[CARD_STATE]), STR_ARG(uid.n ? uid : S("-")),
             STR_ARG(c->at[CARD_CLASS]), STR_ARG(end.n ? end : S("-")),
             STR_ARG(c->at[CARD_GUARANTOR]),
             STR_ARG(c->at[CARD_NAME_JA].n ? c->at[CARD_NAME_JA] : c->at[CARD_NAME_EN]));
    return OK_ERR;
}

static int list_cards(struct gate *g, int argc, char **argv, bool host)
{
    struct listing l = {.ctl = g->ctl, .state = argc > 0 ? argv[0] : NULL};
    buf_init(&l.out, 16 << 20);
    err e = registry_each(g->registry, host, list_one, &l);
    int code = failed(e)                            ? ctl_fail_err(g->ctl, "cannot show", e)
               : ctl_print(g->ctl, buf_str(&l.out)) ? CTL_OK
                                                    : CTL_TEMPORARY;
    buf_done(&l.out);
    return code;
}

static int show_card(struct gate *g, int argc, char **argv, bool host)
{
    struct card c;
    auto_buf struct buf out;
    if (argc != 1)
        return ctl_usage(g->ctl, command_find(admin_commands, "user")->usage);
    buf_init(&out, 2 * CARD_TEXT_MAX);
    err e = registry_find(g->registry, host, str_from(argv[0]), g->ctl->arena, &c);
    if (failed(e))
        return ctl_fail_err(g->ctl, argv[0], e);
    if (c.at[CARD_PWHASH].n)
        c.at[CARD_PWHASH] = S("(hidden)");
    card_write(&c, &out);
    return ctl_print(g->ctl, buf_str(&out)) ? CTL_OK : CTL_TEMPORARY;
}

static err audit_one(void *ctx, const struct audit_line *l)
{
    struct buf *out = ctx;
    time_write(out, l->at);
    buf_addf(out, " %.*s %.*s %.*s: %.*s", STR_ARG(l->actor), STR_ARG(l->event), STR_ARG(l->login),
             STR_ARG(l->outcome));
    if (l->detail.n)
        buf_addf(out, " (%.*s)", STR_ARG(l->detail));
    buf_addc(out, '\n');
    return OK_ERR;
}

static int show_audit(struct gate *g, int argc, char **argv, bool host)
{
    (void)host;
    auto_buf struct buf out;
    buf_init(&out, 4 << 20);
    str login = argc > 0 ? str_from(argv[0]) : S("");
    err e = registry_audit(g->registry, login, 200, audit_one, &out);
    if (failed(e))
        return ctl_fail_err(g->ctl, "cannot show", e);
    return ctl_print(g->ctl, buf_str(&out)) ? CTL_OK : CTL_TEMPORARY;
}

static int do_event(struct gate *g, int argc, char **argv, bool host, enum reg_event event)
{
    struct card fields = {0}, after;
    if (argc < 1 || (event == REG_CHANGE && argc < 2))
        return ctl_usage(g->ctl, command_find(admin_commands, "user")->usage);
    struct reg_act act = {.event = event,
                          .host = host,
                          .login = str_from(argv[0]),
                          .actor = g->actor,
                          .fields = event == REG_CHANGE ? &fields : NULL,
                          .now = clock_seconds()};
    for (int i = 1; i < argc; i++) {
        str w = str_from(argv[i]);
        if (str_skip(&w, S("--reason=")))
            act.reason = w;
        else if (!gate_word(argv[i], g->ctl->arena, &fields))
            return ctl_fail(g->ctl, CTL_PERMANENT, "no field of a card: %s", argv[i]);
    }
    if (act.reason.n > CARD_FIELD_MAX || !card_text_is_fine(act.reason))
        return ctl_fail(g->ctl, CTL_PERMANENT, "the reason is too long, or not clean UTF-8 text");
    int code = gate_act(g, &act, &after);
    if (!code)
        (void)ctl_print(g->ctl, arena_printf(g->ctl->arena, "%s: %.*s\n", argv[0],
                                             STR_ARG(after.at[CARD_STATE])));
    return code;
}

static int change_card(struct gate *g, int argc, char **argv, bool host)
{
    return do_event(g, argc, argv, host, REG_CHANGE);
}

static int renew_card(struct gate *g, int argc, char **argv, bool host)
{
    return do_event(g, argc, argv, host, REG_RENEW);
}

static int retire_card(struct gate *g, int argc, char **argv, bool host)
{
    return do_event(g, argc, argv, host, REG_RETIRE);
}

/* Accounts that the host has and gate did not make: before a run would take them away. */
static int adopt(struct gate *g, int argc, char **argv, bool host)
{
    struct passwd_db *db;
    struct person p;
    if (argc < 1 || host)
        return ctl_usage(g->ctl, command_find(admin_commands, "user")->usage);
    err e = passwd_open(g->ctl->root_dir, &db);
    for (int i = 0; i < argc && !failed(e); i++) {
        e = passwd_find(db, str_from(argv[i]), g->ctl->arena, &p);
        if (!failed(e) && (p.uid < g->settings.uid_min || p.uid > g->settings.uid_max))
            e = err_new(ERR_DENIED, "the user number is outside the general range");
        if (!failed(e) && p.uid != p.gid)
            e = err_new(ERR_DENIED, "a general user's group is not his own");
        if (!failed(e))
            e = registry_adopt(g->registry, p.name, p.uid, p.gecos, clock_seconds());
        if (failed(e))
            (void)ctl_fail_err(g->ctl, argv[i], e);
    }
    passwd_free(db);
    return failed(e) ? CTL_PERMANENT : CTL_OK;
}

static const struct {
    const char *name;
    int (*run)(struct gate *g, int argc, char **argv, bool host);
    bool may_be_others; /* not the administrator's alone */
} verbs[] = {
    {"list", list_cards, false},   {"show", show_card, false},  {"audit", show_audit, false},
    {"change", change_card, true}, {"renew", renew_card, true}, {"retire", retire_card, true},
    {"adopt", adopt, false},
};

int cmd_accounts(struct ctl *c, int argc, char **argv)
{
    bool host = argc > 1 && strcmp(argv[1], "--host") == 0;
    int at = host ? 2 : 1;
    str by = S("");
    struct gate g = {0};
    if (at < argc && str_starts(str_from(argv[at]), S("--by=")))
        by = str_from_at(str_from(argv[at++]), 5);
    for (size_t i = 0; at < argc && i < sizeof verbs / sizeof verbs[0]; i++) {
        if (strcmp(argv[at], verbs[i].name) != 0)
            continue;
        int code = gate_open(c, by, &g);
        if (code)
            return code;
        if (!verbs[i].may_be_others && !str_eq(g.actor, S("gate")))
            code = ctl_fail(c, CTL_PERMANENT, "only the administrator may");
        else
            code = verbs[i].run(&g, argc - at - 1, argv + at + 1, host);
        return gate_close(&g, code);
    }
    return ctl_usage(c, command_find(admin_commands, "user")->usage);
}
