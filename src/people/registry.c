/* SPDX-License-Identifier: ISC */
#include "people/registry.h"

#include <stdlib.h>
#include <unistd.h>

#include "os/file.h"
#include "people/registry_db.h"

enum { DAY = 86400 };

/* Whoever writes there decides who has an account: root alone, as who applies it. */
static err nobody_else_writes(int dir)
{
    struct stat st;
    if (fstat(dir, &st) < 0)
        return err_sys("fstat");
    if (st.st_uid != geteuid() || st.st_mode & (S_IWGRP | S_IWOTH))
        return err_new(ERR_DENIED, "somebody else may write the registrations");
    return OK_ERR;
}

static err open_any(int root_dir, const struct gate_settings *settings,
                    const struct registry_post *post, bool to_write, struct registry **ret)
{
    struct registry *r = mem_alloc("registry", sizeof *r);
    r->people_dir = -1;
    r->root_dir = root_dir;
    r->settings = settings;
    r->reads_only = !to_write;
    if (post)
        r->post = *post;
    err e = to_write ? dir_make_all(root_dir, "var/lib/twinpost", 0755) : OK_ERR;
    if (!failed(e) && to_write)
        e = dir_make(root_dir, REGISTRY_DIR, 0700);
    if (!failed(e))
        e = file_open(root_dir, REGISTRY_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0,
                      &r->people_dir);
    if (!failed(e))
        e = nobody_else_writes(r->people_dir);
    if (!failed(e))
        e = db_open(r, to_write);
    if (!failed(e) && to_write)
        e = link_key(r->people_dir, r->key);
    if (!failed(e) && to_write)
        e = registry_export(r); /* what a crash left */
    if (failed(e)) {
        registry_close(r);
        return e;
    }
    *ret = r;
    return OK_ERR;
}

err registry_open(int root_dir, const struct gate_settings *settings,
                  const struct registry_post *post, struct registry **ret)
{
    return open_any(root_dir, settings, post, true, ret);
}

err registry_open_to_read(int root_dir, const struct gate_settings *settings, struct registry **ret)
{
    return open_any(root_dir, settings, NULL, false, ret);
}

void registry_close(struct registry *r)
{
    if (!r)
        return;
    (void)sqlite3_close(r->db); /* no statement is left that could refuse it */
    fd_close(r->people_dir);
    free(r);
}

/* ---- cards ---- */

static err card_of_row(sqlite3_stmt *s, struct arena *a, struct card *ret)
{
    unsigned line;
    err e = card_parse(db_text(s, 0), a, ret, &line);
    return failed(e) ? err_new(ERR_TEMP, "a stored card cannot be read") : OK_ERR;
}

err registry_find(struct registry *r, bool host, str login, struct arena *a, struct card *ret)
{
    auto_stmt sqlite3_stmt *s = NULL;
    bool row = false;
    err e = db_prepare(r, &s, "SELECT text FROM card WHERE host = ? AND login = ?", "is",
                       (int64_t)host, login);
    if (!failed(e))
        e = db_step(r, s, &row);
    if (failed(e))
        return e;
    return row ? card_of_row(s, a, ret)
               : err_new(ERR_NOTFOUND, "nobody is registered by this name");
}

err registry_each(struct registry *r, bool host, err (*each)(void *ctx, const struct card *card),
                  void *ctx)
{
    auto_arena struct arena *a = arena_new("card", 1 << 20);
    auto_stmt sqlite3_stmt *s = NULL;
    bool row = true;
    err e = db_prepare(r, &s, "SELECT text FROM card WHERE host = ? ORDER BY login", "i",
                       (int64_t)host);
    while (!failed(e) && row) {
        struct card c;
        arena_reset(a);
        e = db_step(r, s, &row);
        if (!failed(e) && row)
            e = card_of_row(s, a, &c);
        if (!failed(e) && row)
            e = each(ctx, &c);
    }
    return e;
}

err registry_store(struct registry *r, const struct card *card)
{
    auto_buf struct buf text;
    buf_init(&text, 2 * CARD_TEXT_MAX);
    card_write(card, &text);
    int64_t host = card_is(card, CARD_CLASS, S("host"));
    uint32_t uid = card_uid(card);
    err e = db_run(
        r,
        "INSERT INTO card(host, login, state, uid, text) VALUES(?, ?, ?, nullif(?, 0), ?)"
        " ON CONFLICT(host, login) DO UPDATE SET state = excluded.state,"
        " uid = excluded.uid, text = excluded.text",
        "issis", host, card->at[CARD_LOGIN], card->at[CARD_STATE], (int64_t)uid, buf_str(&text));
    if (!failed(e))
        e = db_run(r, "INSERT OR IGNORE INTO export(host, login) VALUES(?, ?)", "is", host,
                   card->at[CARD_LOGIN]);
    return failed(e) ? e : db_exec(r, "UPDATE generation SET number = number + 1");
}

/* ---- the audit log ---- */

err registry_audit_add(struct registry *r, const struct audit_line *l)
{
    return db_run(r,
                  "INSERT INTO audit(at, actor, login, event, outcome, detail)"
                  " VALUES(?, ?, ?, ?, ?, ?)",
                  "isssss", l->at, str_slice(l->actor, 0, 64), str_slice(l->login, 0, 64), l->event,
                  l->outcome, str_slice(l->detail, 0, 1000));
}

err registry_note(struct registry *r, const struct audit_line *l)
{
    return registry_audit_add(r, l);
}

err registry_audit(struct registry *r, str login, unsigned n,
                   err (*each)(void *ctx, const struct audit_line *l), void *ctx)
{
    auto_stmt sqlite3_stmt *s = NULL;
    bool row = true;
    err e =
        db_prepare(r, &s,
                   "SELECT * FROM (SELECT at, actor, login, event, outcome, detail, id FROM audit"
                   " WHERE ? = '' OR login = ? ORDER BY id DESC LIMIT ?) ORDER BY id",
                   "ssi", login, login, (int64_t)n);
    while (!failed(e)) {
        e = db_step(r, s, &row);
        if (failed(e) || !row)
            return e;
        struct audit_line l = {sqlite3_column_int64(s, 0),
                               db_text(s, 1),
                               db_text(s, 2),
                               db_text(s, 3),
                               db_text(s, 4),
                               db_text(s, 5)};
        e = each(ctx, &l);
    }
    return e;
}

uint64_t registry_generation(struct registry *r)
{
    int64_t n = 0;
    err e = db_number(r, &n, "SELECT number FROM generation", "");
    return failed(e) ? 0 : (uint64_t)n;
}

err registry_copy(struct registry *r, const char *path)
{
    return db_run(r, "VACUUM INTO ?", "s", str_from(path));
}

/* ---- events ---- */

static const struct {
    enum letter_kind letter;
    bool has_letter;
} letters[REG_EVENTS] = {
    [REG_APPLY] = {LETTER_APPLIED, true},   [REG_ACCEPT] = {LETTER_ACCEPTED, true},
    [REG_REJECT] = {LETTER_REJECTED, true}, [REG_HOLD] = {LETTER_HELD, true},
    [REG_CHANGE] = {LETTER_CHANGED, true},  [REG_WARN] = {LETTER_EXPIRING, true},
    [REG_RENEW] = {LETTER_RENEWED, true},   [REG_RETIRE] = {LETTER_RETIRED, true},
};

static void set_text(struct card *c, enum card_key key, str value, struct arena *a)
{
    c->at[key] = arena_copy(a, value);
}

static void set_end(struct registry *r, struct card *c, int64_t from, struct arena *a)
{
    c->at[CARD_EXPIRES_AT] = S("");
    if (r->settings->valid_days)
        c->at[CARD_EXPIRES_AT] = time_text(a, from + (int64_t)r->settings->valid_days * DAY);
}

static err accepted(struct registry *r, struct card *c, const struct reg_act *act, struct arena *a)
{
    uint32_t uid = 0;
    set_end(r, c, act->now, a);
    if (act->host || card_uid(c))
        return OK_ERR;
    err e = registry_next_uid(r, a, &uid);
    if (!failed(e))
        c->at[CARD_UID] = arena_printf(a, "%u", uid);
    return e;
}

static void renewed(struct registry *r, struct card *c, const struct reg_act *act, struct arena *a)
{
    int64_t end;
    bool later = time_read(c->at[CARD_EXPIRES_AT], &end) && end > act->now;
    set_end(r, c, later ? end : act->now, a);
    c->at[CARD_REMINDED_AT] = S("");
}

/* What the user himself may say of himself; the administrator may more. */
static bool may_set(enum card_key key, str actor)
{
    switch (key) {
    case CARD_NAME_JA:
    case CARD_NAME_EN:
    case CARD_PHONE:
    case CARD_FAX:
    case CARD_AFFILIATION:
    case CARD_ADDRESS:
    case CARD_EMAIL:
    case CARD_CATEGORY:
    case CARD_LANGUAGE:
    case CARD_MEMBERS:
    case CARD_IP:
    case CARD_IP6:
    case CARD_AUTHORIZED_KEYS:
    case CARD_AUTHORIZED_KEYS_SETTING:
        return true;
    case CARD_GUARANTOR:
    case CARD_EXPIRES_AT:
        return str_eq(actor, S("gate"));
    default:
        return false;
    }
}

static err take_fields(struct registry *r, struct card *c, const struct reg_act *act,
                       struct arena *a, enum card_key *ret_key)
{
    for (enum card_key k = 0; act->fields && k < CARD_KEYS; k++) {
        bool new_card =
            act->event == REG_APPLY && (k == CARD_CLASS || k == CARD_GUARANTOR || k == CARD_PWHASH);
        if (act->fields->at[k].p == NULL || k == CARD_LOGIN)
            continue;
        if (!new_card && !may_set(k, act->actor)) {
            if (act->fields->at[k].n == 0)
                continue;
            *ret_key = k;
            return err_new(ERR_DENIED, "this field is not for you to set");
        }
        set_text(c, k, act->fields->at[k], a);
    }
    return registry_check_card(r, c, act->actor, a, ret_key);
}

static err change_card(struct registry *r, struct card *c, const struct reg_act *act,
                       struct arena *a, enum card_key *ret_key)
{
    err e = OK_ERR;
    str now = time_text(a, act->now);
    if (act->event == REG_APPLY || act->event == REG_CHANGE)
        e = take_fields(r, c, act, a, ret_key);
    if (!failed(e) && act->event == REG_APPLY) {
        e = registry_name_is_free(r, act->host, act->login, a);
        if (failed(e) && e.kind == ERR_DENIED)
            *ret_key = CARD_LOGIN;
        c->at[CARD_APPLIED_AT] = now;
    }
    if (!failed(e) && act->event == REG_ACCEPT)
        e = accepted(r, c, act, a);
    if (act->event == REG_ACCEPT || act->event == REG_REJECT || act->event == REG_HOLD) {
        c->at[CARD_DECIDED_AT] = now;
        set_text(c, CARD_DECIDED_BY, act->actor, a);
        set_text(c, CARD_REASON, act->reason, a);
        c->at[CARD_REMINDED_AT] = S("");
    }
    if (act->event == REG_RENEW)
        renewed(r, c, act, a);
    if (act->event == REG_WARN)
        c->at[CARD_REMINDED_AT] = now;
    if (act->event == REG_SETTLE)
        c->at[CARD_AUTHORIZED_KEYS_SETTING] = S("");
    if (act->event == REG_RETIRE) {
        c->at[CARD_RETIRED_AT] = now;
        c->at[CARD_PWHASH] = S(""); /* nobody needs it any more */
        set_text(c, CARD_REASON, act->reason, a);
    }
    c->at[CARD_SERIAL] = arena_printf(a, "%llu", (unsigned long long)card_serial(c) + 1);
    return e;
}

/* A rejected card's serial goes on, so that old links stay worthless for the new applicant. */
static void start_card(struct card *c, const struct reg_act *act, struct arena *a)
{
    str serial = c->at[CARD_SERIAL];
    *c = (struct card){0};
    for (enum card_key k = 0; k < CARD_KEYS; k++)
        c->at[k] = S("");
    c->unknown = S("");
    c->at[CARD_SERIAL] = serial.p ? serial : S("");
    set_text(c, CARD_LOGIN, act->login, a);
    set_text(c, CARD_CLASS, act->host ? S("host") : S("personal"), a);
}

static err do_act(struct registry *r, const struct reg_act *act, struct arena *a, struct card *c,
                  enum card_key *ret_key)
{
    enum reg_state state = REG_NONE;
    err e = registry_find(r, act->host, act->login, a, c);
    if (failed(e) && (e.kind != ERR_NOTFOUND || act->event != REG_APPLY))
        return e;
    if (!failed(e) && !reg_state_find(c->at[CARD_STATE], &state))
        return err_new(ERR_TEMP, "a stored card cannot be read");
    enum reg_state next = reg_next(state, act->event);
    if (next == REG_ILLEGAL) {
        *ret_key = act->event == REG_APPLY ? CARD_LOGIN : CARD_STATE;
        return err_new(ERR_DENIED, act->event == REG_APPLY ? "this name has been given before"
                                                           : "its state does not allow that");
    }
    if (act->event == REG_APPLY)
        start_card(c, act, a);
    e = registry_may(r, act, c, a);
    if (!failed(e))
        e = change_card(r, c, act, a, ret_key);
    if (failed(e))
        return e;
    c->at[CARD_STATE] = str_from(reg_state_name(next));
    e = registry_store(r, c);
    if (!failed(e) && letters[act->event].has_letter)
        e = registry_letters(r, letters[act->event].letter, c, act->now, a);
    if (!failed(e))
        e = registry_audit_add(r, &(struct audit_line){act->now, act->actor, act->login,
                                                       str_from(reg_event_name(act->event)),
                                                       c->at[CARD_STATE], act->reason});
    return e;
}

static void note_refusal(struct registry *r, const struct reg_act *act, err e, enum card_key key,
                         struct arena *a)
{
    str field = key < CARD_KEYS ? arena_printf(a, "%s: ", card_key_name(key)) : S("");
    str login = card_text_is_fine(act->login) ? act->login : S("?");
    err noted = registry_audit_add(
        r,
        &(struct audit_line){act->now, act->actor, login, str_from(reg_event_name(act->event)),
                             S("refused"), arena_printf(a, "%.*s%s", STR_ARG(field), err_text(e))});
    (void)failed(noted); /* the refusal itself is what the caller hears */
}

err registry_act(struct registry *r, const struct reg_act *act, struct arena *a,
                 struct card *ret_card, enum card_key *ret_key)
{
    struct card c = {0};
    *ret_key = CARD_KEYS;
    err e = db_exec(r, "BEGIN IMMEDIATE");
    if (failed(e))
        return e;
    e = do_act(r, act, a, &c, ret_key);
    err end = db_exec(r, failed(e) ? "ROLLBACK" : "COMMIT");
    if (failed(e)) {
        note_refusal(r, act, e, *ret_key, a);
        return e;
    }
    if (failed(end))
        return end;
    *ret_card = c;
    return registry_export(r);
}

err registry_adopt(struct registry *r, str login, uint32_t uid, str name, int64_t now)
{
    auto_arena struct arena *a = arena_new("adopt", 1 << 20);
    struct card c;
    if (!card_login_is_fine(login))
        return err_new(ERR_SYNTAX, "lower-case letters and digits, first a letter");
    err e = registry_find(r, false, login, a, &c);
    if (!failed(e))
        return err_new(ERR_DENIED, "this name has been given before");
    if (e.kind != ERR_NOTFOUND)
        return e;
    struct reg_act act = {.event = REG_APPLY, .login = login};
    start_card(&c, &act, a);
    c.at[CARD_STATE] = str_from(reg_state_name(REG_ACCEPTED));
    c.at[CARD_UID] = arena_printf(a, "%u", uid);
    c.at[CARD_GUARANTOR] = S("gate");
    c.at[CARD_SERIAL] = S("1");
    c.at[CARD_DECIDED_BY] = S("gate");
    c.at[CARD_DECIDED_AT] = time_text(a, now);
    if (card_text_is_fine(name))
        set_text(&c, CARD_NAME_EN, name, a);
    e = db_exec(r, "BEGIN IMMEDIATE");
    if (failed(e))
        return e;
    e = registry_store(r, &c);
    if (!failed(e))
        e = registry_audit_add(
            r, &(struct audit_line){now, S("gate"), login, S("adopt"), c.at[CARD_STATE], S("")});
    err end = db_exec(r, failed(e) ? "ROLLBACK" : "COMMIT");
    if (failed(e) || failed(end))
        return failed(e) ? e : end;
    return registry_export(r);
}
