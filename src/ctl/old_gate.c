/* SPDX-License-Identifier: ISC */
/* ctl/old_gate.c -- gate's command names. What is applied to the host is done by twinpost-gate,
 * the registrations are changed here; how they were called beyond their names is known of few,
 * so fields are named as in a card: --name_en="TIWAKU Tarou". */
#include <stdio.h>
#include <string.h>

#include "ctl/gate.h"
#include "ctl/old.h"
#include "os/clock.h"

/* ---- applications ---- */

struct applying {
    struct card card;
    str login, by;
    bool from_stdin;
};

static bool read_words(struct ctl *c, int argc, char **argv, bool host, struct applying *ap)
{
    ap->card.at[CARD_CLASS] = host ? S("host") : S("personal");
    for (int i = 1; i < argc; i++) {
        str w = str_from(argv[i]), login = S("login=");
        (void)str_skip(&w, S("--"));
        if (str_eq(str_from(argv[i]), S("-g")))
            ap->card.at[CARD_CLASS] = S("group");
        else if (str_eq(str_from(argv[i]), S("-")))
            ap->from_stdin = true;
        else if (str_skip(&w, S("by=")))
            ap->by = w;
        else if (str_starts(w, login))
            ap->login = str_from_at(w, login.n);
        else if (!gate_word(argv[i], c->arena, &ap->card))
            return false;
    }
    return true;
}

static int read_card(struct ctl *c, struct applying *ap)
{
    str text;
    struct card typed;
    unsigned line = 0;
    if (!ctl_read_stdin(c, CARD_TEXT_MAX, &text))
        return CTL_PERMANENT;
    err e = card_parse(text, c->arena, &typed, &line);
    if (failed(e))
        return ctl_fail(c, CTL_PERMANENT, "line %u: %s", line, err_text(e));
    for (enum card_key k = 0; k < CARD_KEYS; k++)
        if (typed.at[k].n)
            ap->card.at[k] = typed.at[k];
    ap->login = ap->card.at[CARD_LOGIN];
    return CTL_OK;
}

static void tell_application(struct ctl *c, const struct card *card, str password)
{
    str login = card->at[CARD_LOGIN];
    (void)ctl_print(
        c, arena_printf(c->arena, "%.*s: %.*s\n", STR_ARG(login), STR_ARG(card->at[CARD_STATE])));
    if (password.n)
        (void)ctl_print(c, arena_printf(c->arena, "password: %.*s\n", STR_ARG(password)));
    if (login.n > CARD_LOGIN_ADVISED && !card_is(card, CARD_CLASS, S("host")))
        (void)ctl_fail(c, 0, "a login of more than %d characters may go badly elsewhere",
                       CARD_LOGIN_ADVISED);
}

static int apply(struct ctl *c, int argc, char **argv, bool host)
{
    struct applying ap = {0};
    struct gate g = {0};
    struct card made;
    str password = S("");
    if (!read_words(c, argc, argv, host, &ap))
        return ctl_usage(c, command_find(old_names, c->name)->usage);
    int code = ap.from_stdin ? read_card(c, &ap) : CTL_OK;
    if (!code)
        code = gate_open(c, ap.by, &g);
    if (code)
        return code;
    if (str_eq(ap.card.at[CARD_CLASS], S("personal"))) {
        err e = gate_password(c->arena, &password, &ap.card.at[CARD_PWHASH]);
        if (failed(e))
            return gate_close(&g, ctl_fail_err(c, "cannot make a password", e));
    }
    struct reg_act act = {.event = REG_APPLY,
                          .host = host,
                          .login = ap.login,
                          .actor = g.actor,
                          .fields = &ap.card,
                          .now = clock_seconds()};
    code = gate_act(&g, &act, &made);
    if (!code)
        tell_application(c, &made, password);
    return gate_close(&g, code);
}

int old_gate_user_apply(struct ctl *c, int argc, char **argv)
{
    return apply(c, argc, argv, false);
}

int old_gate_ip_apply(struct ctl *c, int argc, char **argv)
{
    return apply(c, argc, argv, true);
}

/* ---- decisions ---- */

static bool event_of(str word, enum reg_event *ret)
{
    static const struct {
        const char *name;
        enum reg_event event;
    } words[] = {{"accept", REG_ACCEPT}, {"reject", REG_REJECT}, {"hold", REG_HOLD}};
    for (size_t i = 0; i < 3; i++) {
        if (str_eq(word, str_from(words[i].name))) {
            *ret = words[i].event;
            return true;
        }
    }
    return false;
}

static int decide(struct ctl *c, int argc, char **argv, bool host)
{
    struct gate g = {0};
    struct card card;
    struct reg_act act = {.host = host, .now = clock_seconds()};
    str by = S("");
    if (argc < 3 || !event_of(str_from(argv[2]), &act.event))
        return ctl_usage(c, command_find(old_names, c->name)->usage);
    for (int i = 3; i < argc; i++) {
        str w = str_from(argv[i]);
        if (str_skip(&w, S("--by=")))
            by = w;
        else if (str_skip(&w, S("--reason=")))
            act.reason = w;
        else
            return ctl_usage(c, command_find(old_names, c->name)->usage);
    }
    if (act.reason.n > CARD_FIELD_MAX || !card_text_is_fine(act.reason))
        return ctl_fail(c, CTL_PERMANENT, "the reason is too long, or not clean UTF-8 text");
    int code = gate_open(c, by, &g);
    if (code)
        return code;
    act.login = str_from(argv[1]);
    act.actor = g.actor;
    code = gate_act(&g, &act, &card);
    if (!code)
        (void)ctl_print(
            c, arena_printf(c->arena, "%s: %.*s\n", argv[1], STR_ARG(card.at[CARD_STATE])));
    return gate_close(&g, code);
}

int old_gate_user_accept(struct ctl *c, int argc, char **argv)
{
    return decide(c, argc, argv, false);
}

int old_gate_ip_accept(struct ctl *c, int argc, char **argv)
{
    return decide(c, argc, argv, true);
}

/* ---- applying ---- */

enum { WORDS_MAX = 16 };

/* The options that gate-daily knew: -v, -N (of inetd: nobody waits here); and ours. */
static size_t pass_options(int argc, char **argv, const char *command, const char **words)
{
    size_t n = 0;
    words[n++] = command;
    for (int i = 1; i < argc && n < WORDS_MAX; i++)
        if (strcmp(argv[i], "-N") != 0)
            words[n++] = argv[i];
    return n;
}

static bool has_option(int argc, char **argv, const char *a, const char *b)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], a) == 0 || strcmp(argv[i], b) == 0)
            return true;
    return false;
}

static int run_part(struct ctl *c, int argc, char **argv, const char *command)
{
    const char *words[WORDS_MAX];
    if (argc >= WORDS_MAX)
        return ctl_usage(c, command_find(old_names, c->name)->usage);
    return gate_program(c, words, pass_options(argc, argv, command, words));
}

int old_gate_daily(struct ctl *c, int argc, char **argv)
{
    struct gate g = {0};
    bool only_looks = has_option(argc, argv, "-n", "--dry-run");
    int code = gate_open(c, S(""), &g);
    if (code)
        return code;
    int64_t now = clock_seconds();
    err e = only_looks ? OK_ERR : registry_daily(g.registry, now, c->arena);
    if (failed(e))
        return gate_close(&g, ctl_fail_err(c, "cannot look after the registrations", e));
    if (g.settings.user_mode)
        code = run_part(c, argc, argv, "apply");
    if (!code && g.settings.ip_mode)
        code = run_part(c, argc, argv, "zones");
    if (!code && !only_looks) {
        e = registry_settle(g.registry, now, c->arena);
        if (failed(e))
            code = ctl_fail_err(c, "cannot look after the registrations", e);
    }
    if (code && !only_looks) {
        struct audit_line l = {
            now,        g.actor,      S(""),
            S("apply"), S("refused"), arena_printf(c->arena, "twinpost-gate: exit code %d", code)};
        e = registry_note(g.registry, &l);
        if (failed(e))
            (void)ctl_fail_err(c, "cannot write the audit log", e);
    }
    return gate_close(&g, code);
}

int old_gate_db_to_passwd(struct ctl *c, int argc, char **argv)
{
    return run_part(c, argc, argv, "passwd");
}

int old_gate_db_to_shadow(struct ctl *c, int argc, char **argv)
{
    return run_part(c, argc, argv, "shadow");
}

int old_gate_db_to_group(struct ctl *c, int argc, char **argv)
{
    return run_part(c, argc, argv, "group");
}

int old_gate_db_to_sudoers(struct ctl *c, int argc, char **argv)
{
    if (!has_option(argc, argv, "--check", "--check"))
        return run_part(c, argc, argv, "sudoers");
    const char *words[] = {"check-sudoers", "--whole"};
    return gate_program(c, words, has_option(argc, argv, "--whole", "--whole") ? 2 : 1);
}

int old_gate_make_home(struct ctl *c, int argc, char **argv)
{
    return run_part(c, argc, argv, "make-home");
}

int old_gate_make_authkey(struct ctl *c, int argc, char **argv)
{
    return run_part(c, argc, argv, "make-authkey");
}

int old_gate_ip_update(struct ctl *c, int argc, char **argv)
{
    return run_part(c, argc, argv, "zones");
}
