/* SPDX-License-Identifier: ISC */
/* Who may do what, and which names and numbers can be given. */
#include <stdio.h>

#include "os/file.h"
#include "people/passwd.h"
#include "people/registry_db.h"

static bool is_admin(str actor)
{
    return str_eq(actor, S("gate"));
}

/* The tree below gate: a guarantor is a person in use whose own guarantor is gate. */
static err guarantor_is_one(struct registry *r, str login, struct arena *a)
{
    struct card g;
    enum reg_state state;
    err e = registry_find(r, false, login, a, &g);
    if (failed(e) && e.kind != ERR_NOTFOUND)
        return e;
    if (failed(e) || !reg_state_find(g.at[CARD_STATE], &state) || !reg_state_is_stable(state) ||
        !card_is(&g, CARD_CLASS, S("personal")) || !card_is(&g, CARD_GUARANTOR, S("gate")))
        return err_new(ERR_DENIED, "that guarantor is none here");
    return OK_ERR;
}

static err member_is_one(struct registry *r, str login, struct arena *a)
{
    struct card m;
    enum reg_state state;
    err e = registry_find(r, false, login, a, &m);
    if (failed(e) && e.kind != ERR_NOTFOUND)
        return e;
    if (failed(e) || !reg_state_find(m.at[CARD_STATE], &state) || !reg_state_is_stable(state) ||
        !card_is(&m, CARD_CLASS, S("personal")))
        return err_new(ERR_DENIED, "a member is no user here");
    return OK_ERR;
}

err registry_check_card(struct registry *r, const struct card *card, str actor, struct arena *a,
                        enum card_key *ret_key)
{
    *ret_key = CARD_KEYS;
    err e = card_check(card, ret_key);
    if (failed(e))
        return e;
    if (is_admin(card->at[CARD_GUARANTOR])) {
        if (is_admin(actor))
            e = OK_ERR;
        else
            e = err_new(ERR_DENIED, "only the administrator vouches as gate");
    } else {
        e = guarantor_is_one(r, card->at[CARD_GUARANTOR], a);
    }
    if (failed(e)) {
        *ret_key = CARD_GUARANTOR;
        return e;
    }
    str rest = card->at[CARD_MEMBERS], member;
    while (!failed(e) && card_member_next(&rest, &member))
        e = member_is_one(r, member, a);
    if (failed(e))
        *ret_key = CARD_MEMBERS;
    return e;
}

err registry_may(struct registry *r, const struct reg_act *act, const struct card *before,
                 struct arena *a)
{
    (void)r;
    (void)a;
    bool own = !act->host && str_eq(act->actor, act->login);
    bool vouches = str_eq(act->actor, before->at[CARD_GUARANTOR]);
    switch (act->event) {
    case REG_APPLY:
        return OK_ERR;
    case REG_SETTLE:
    case REG_WARN:
        return is_admin(act->actor) ? OK_ERR : err_new(ERR_DENIED, "this is the host's own event");
    case REG_CHANGE:
    case REG_RETIRE:
        if (is_admin(act->actor) || vouches || own)
            return OK_ERR;
        return err_new(ERR_DENIED, "only the user, the guarantor or the administrator may");
    default:
        if (is_admin(act->actor) || vouches)
            return OK_ERR;
        return err_new(ERR_DENIED, "only the guarantor or the administrator may decide");
    }
}

/* ---- names ---- */

static err file_has_name(struct registry *r, const char *path, str login, struct arena *a,
                         bool *ret)
{
    str text, line, name, rest;
    err e = file_read(r->root_dir, path, PASSWD_FILE_MAX, a, &text);
    *ret = false;
    if (e.kind == ERR_NOTFOUND)
        return OK_ERR;
    if (failed(e))
        return e;
    while (!*ret && str_line(&text, &line))
        *ret = str_cut(line, ':', &name, &rest) && str_eq(name, login);
    return OK_ERR;
}

/* Free of cards that count, of accounts and groups of the system, and of mail aliases. */
err registry_name_is_free(struct registry *r, bool host, str login, struct arena *a)
{
    struct card c;
    enum reg_state state;
    bool taken = false;
    err e = registry_find(r, host, login, a, &c);
    if (failed(e) && e.kind != ERR_NOTFOUND)
        return e;
    if (!failed(e) && !(reg_state_find(c.at[CARD_STATE], &state) && state == REG_REJECTED))
        return err_new(ERR_DENIED, "this name has been given before");
    if (host)
        return OK_ERR;
    e = file_has_name(r, "etc/passwd", login, a, &taken);
    if (!failed(e) && !taken)
        e = file_has_name(r, "etc/group", login, a, &taken);
    if (failed(e))
        return e;
    struct stat st;
    str alias = arena_printf(a, "var/qmail/alias/.qmail-%.*s", STR_ARG(login));
    e = file_stat(r->root_dir, alias.p, &st);
    if (failed(e) && e.kind != ERR_NOTFOUND)
        return e;
    return taken || !failed(e) || str_eq(login, S("gate"))
               ? err_new(ERR_DENIED, "this name belongs to the system")
               : OK_ERR;
}

/* ---- numbers: never one twice, since files may still belong to it ---- */

static err highest_in_passwd(struct registry *r, struct arena *a, uint32_t *highest)
{
    str text, line;
    struct person p;
    err e = file_read(r->root_dir, "etc/passwd", PASSWD_FILE_MAX, a, &text);
    if (failed(e))
        return e.kind == ERR_NOTFOUND ? OK_ERR : e;
    while (str_line(&text, &line))
        if (!failed(passwd_line_parse(line, &p)) && p.uid >= r->settings->uid_min &&
            p.uid <= r->settings->uid_max && p.uid > *highest)
            *highest = p.uid;
    return OK_ERR;
}

static err used_anywhere(struct registry *r, uint32_t uid, str passwd, bool *ret)
{
    int64_t n = 0;
    str line;
    struct person p;
    err e = db_number(r, &n, "SELECT count(*) FROM card WHERE uid = ?", "i", (int64_t)uid);
    *ret = n > 0;
    while (!*ret && str_line(&passwd, &line))
        *ret = !failed(passwd_line_parse(line, &p)) && (p.uid == uid || p.gid == uid);
    return e;
}

err registry_next_uid(struct registry *r, struct arena *a, uint32_t *ret_uid)
{
    uint32_t highest = r->settings->uid_min - 1;
    int64_t given = 0;
    err e = highest_in_passwd(r, a, &highest);
    if (!failed(e))
        e = db_number(r, &given, "SELECT max(uid) FROM card WHERE uid BETWEEN ? AND ?", "ii",
                      (int64_t)r->settings->uid_min, (int64_t)r->settings->uid_max);
    if (failed(e))
        return e;
    if (given > (int64_t)highest)
        highest = (uint32_t)given;
    if (highest < r->settings->uid_max) {
        *ret_uid = highest + 1;
        return OK_ERR;
    }
    str passwd = S("");
    e = file_read(r->root_dir, "etc/passwd", PASSWD_FILE_MAX, a, &passwd);
    if (failed(e) && e.kind != ERR_NOTFOUND)
        return e;
    for (uint32_t uid = r->settings->uid_min; uid <= r->settings->uid_max; uid++) {
        bool used = false;
        e = used_anywhere(r, uid, passwd, &used);
        if (failed(e))
            return e;
        if (!used) {
            *ret_uid = uid;
            return OK_ERR;
        }
    }
    return err_new(ERR_LIMIT, "no user number is left");
}
