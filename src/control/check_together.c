/* SPDX-License-Identifier: ISC */
#include "control/check_private.h"

#include "control/schema.h"
#include "control/tcprules.h"
#include "os/file.h"

static bool is_own_only(str host)
{
    return str_ieq(host, S("localhost")) || str_istarts(host, S("localhost."));
}

static bool is_accepted(struct checker *c, str host)
{
    str address = arena_printf(c->a, "x@%.*s", STR_ARG(host));
    bool allowed = true;
    /* A damaged morercpthosts.cdb has a finding of its own. */
    if (failed(site_rcpthost_allowed(&c->site, address, &allowed)))
        return true;
    return allowed;
}

static bool is_virtual(const struct site *s, str host)
{
    const struct name_entry *e = names_find_host(&s->virtualdomains, host);
    if (!e)
        e = names_find(&s->virtualdomains, S(""));
    return e && e->value.n;
}

static void check_relay(struct checker *c)
{
    const struct site *s = &c->site;
    if (!s->rcpthosts.present) {
        if (s->role == ROLE_LIVE || s->locals.n)
            checker_add(c, MSG_OPEN_RELAY, S(CONTROL_DIR "rcpthosts"), 0, S(""), S(""));
        return;
    }
    for (size_t i = 0; i < s->locals.n; i++) {
        const struct name_entry *e = &s->locals.at[i];
        if (!is_own_only(e->key) && !is_accepted(c, e->key))
            checker_add(c, MSG_LOCAL_NOT_ACCEPTED,
                        s->locals.present ? S(CONTROL_DIR "locals") : S(CONTROL_DIR "me"), e->line,
                        e->key, S(""));
    }
    for (size_t i = 0; i < s->virtualdomains.n; i++) {
        const struct name_entry *e = &s->virtualdomains.at[i];
        ptrdiff_t at = str_rfind(e->key, '@');
        str host = str_from_at(e->key, (size_t)(at + 1));
        if (host.n && e->value.n && !is_accepted(c, host))
            checker_add(c, MSG_VIRTUAL_NOT_ACCEPTED, S(CONTROL_DIR "virtualdomains"), e->line, host,
                        S(""));
    }
    struct smtproute route;
    for (size_t i = 0; i < s->rcpthosts.n; i++) {
        const struct name_entry *e = &s->rcpthosts.at[i];
        bool here = is_own_only(e->key) || site_is_local(s, e->key) || is_virtual(s, e->key) ||
                    site_smtproute(s, e->key, &route);
        if (!here && e->key.p[0] != '.')
            checker_add(c, MSG_ACCEPTED_NOT_HERE, S(CONTROL_DIR "rcpthosts"), e->line, e->key,
                        S(""));
    }
}

/* Mail to this host's own name that is not local goes out, comes to itself as the best MX, and
 * the bounce of its bounce is dropped: the failure notice nobody ever sees. */
static void check_notices(struct checker *c)
{
    const struct site *s = &c->site;
    str names[] = {s->defaulthost, s->doublebouncehost, s->bouncehost};
    str told = {0};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct smtproute route;
        if (!str_ieq(names[i], s->me) || names[i].n == 0 || str_ieq(names[i], told))
            continue;
        bool routed = site_smtproute(s, names[i], &route) && !route.by_mx;
        if (site_is_local(s, names[i]) || is_virtual(s, names[i]) || routed)
            continue;
        told = names[i];
        checker_add(c, MSG_NOTICES_LOST, S(CONTROL_DIR "locals"), 0, names[i], S(""));
    }
}

static void check_role(struct checker *c)
{
    const struct site *s = &c->site;
    for (size_t i = 0; s->role == ROLE_STANDBY && i < s->locals.n; i++)
        if (!is_own_only(s->locals.at[i].key))
            checker_add(c, MSG_STANDBY_LOCAL,
                        s->locals.present ? S(CONTROL_DIR "locals") : S(CONTROL_DIR "role"),
                        s->locals.present ? s->locals.at[i].line : 1, s->locals.at[i].key, S(""));
}

/* text newer than its compiled form, or that one missing. */
static void check_compiled(struct checker *c, const char *text, const char *cdb, enum message none,
                           enum message old)
{
    struct stat t, b;
    if (failed(file_stat(c->root, text, &t)))
        return;
    if (failed(file_stat(c->root, cdb, &b)))
        checker_add(c, none, str_from(text), 0, S(""), S(""));
    else if (t.st_mtime > b.st_mtime)
        checker_add(c, old, str_from(text), 0, S(""), S(""));
}

void check_together(struct checker *c)
{
    const struct site *s = &c->site;
    if (s->me.n == 0)
        checker_add(c, MSG_NO_ME, S(CONTROL_DIR "me"), 0, S(""), S(""));
    else if (str_find(s->me, '.') < 0)
        checker_add(c, MSG_ME_NO_DOT, S(CONTROL_DIR "me"), 1, s->me, S(""));
    check_relay(c);
    check_role(c);
    check_notices(c);
    for (size_t i = 0; i < s->virtualdomains.n; i++) {
        const struct name_entry *e = &s->virtualdomains.at[i];
        if (e->key.n && site_is_local(s, e->key))
            checker_add(c, MSG_LOCAL_AND_VIRTUAL, S(CONTROL_DIR "virtualdomains"), e->line, e->key,
                        S(""));
    }
    check_compiled(c, CONTROL_DIR "morercpthosts", CONTROL_DIR "morercpthosts.cdb", MSG_MRH_NO_CDB,
                   MSG_MRH_OLD_CDB);
    str data;
    if (s->morercpthosts_cdb.n && cdb_find(s->morercpthosts_cdb, S("x"), &data).kind == ERR_SYNTAX)
        checker_add(c, MSG_CDB_DAMAGED, S(CONTROL_DIR "morercpthosts.cdb"), 0, S("qmail-newmrh"),
                    S(""));
    for (size_t i = 0; i < s->relayauth.n; i++) {
        const struct name_entry *e = &s->relayauth.at[i];
        bool used = false;
        for (size_t j = 0; j < s->smtproutes.n; j++)
            used |= str_istarts(s->smtproutes.at[j].value, e->key);
        if (!used)
            checker_add(c, MSG_AUTH_NO_ROUTE, S(CONTROL_DIR "relayauth"), e->line, e->key, S(""));
    }
}
