/* SPDX-License-Identifier: ISC */
/* What time does to registrations, and what the host's having applied them does. */
#include "os/file.h"
#include "people/registry_db.h"

enum { DAY = 86400 };

struct due {
    struct registry *r;
    int64_t now;
    struct arena *arena;
    bool settling;
    VEC(str) held, warn, end, settle;
};

static bool older(str since, int64_t now, uint32_t days)
{
    int64_t at;
    return time_read(since, &at) && now - at >= (int64_t)days * DAY;
}

/* Held since it came or was decided, and not reminded of as recently. */
static bool held_too_long(const struct due *d, const struct card *c)
{
    uint32_t days = d->r->settings->held_days;
    str since = c->at[CARD_REMINDED_AT].n  ? c->at[CARD_REMINDED_AT]
                : c->at[CARD_DECIDED_AT].n ? c->at[CARD_DECIDED_AT]
                                           : c->at[CARD_APPLIED_AT];
    return days > 0 && older(since, d->now, days);
}

static err look_at(void *ctx, const struct card *c)
{
    struct due *d = ctx;
    enum reg_state state;
    int64_t end;
    str login = c->at[CARD_LOGIN];
    if (!reg_state_find(c->at[CARD_STATE], &state))
        return OK_ERR;
    if (d->settling) {
        if (state == REG_CHANGED ||
            (reg_state_is_stable(state) && c->at[CARD_AUTHORIZED_KEYS_SETTING].n))
            vec_push(&d->settle, arena_copy(d->arena, login));
        return OK_ERR;
    }
    if (state == REG_APPLIED || state == REG_HELD) {
        if (held_too_long(d, c))
            vec_push(&d->held, arena_copy(d->arena, login));
    } else if (reg_state_is_stable(state) && time_read(c->at[CARD_EXPIRES_AT], &end)) {
        if (d->now >= end)
            vec_push(&d->end, arena_copy(d->arena, login));
        else if (state != REG_EXPIRING && d->now >= end - (int64_t)d->r->settings->warn_days * DAY)
            vec_push(&d->warn, arena_copy(d->arena, login));
    }
    return OK_ERR;
}

static err remind(struct registry *r, bool host, str login, int64_t now, struct arena *a)
{
    struct card c;
    err e = db_exec(r, "BEGIN IMMEDIATE");
    if (failed(e))
        return e;
    e = registry_find(r, host, login, a, &c);
    if (!failed(e)) {
        c.at[CARD_REMINDED_AT] = time_text(a, now);
        e = registry_store(r, &c);
    }
    if (!failed(e))
        e = registry_letters(r, LETTER_HELD_LONG, &c, now, a);
    if (!failed(e))
        e = registry_audit_add(
            r, &(struct audit_line){now, S("gate"), login, S("remind"), c.at[CARD_STATE], S("")});
    err end = db_exec(r, failed(e) ? "ROLLBACK" : "COMMIT");
    return failed(e) ? e : end;
}

static err act_on(struct registry *r, bool host, enum reg_event event, const str *logins, size_t n,
                  int64_t now, struct arena *a)
{
    err e = OK_ERR;
    for (size_t i = 0; i < n && !failed(e); i++) {
        struct card c;
        enum card_key key;
        struct reg_act act = {.event = event,
                              .host = host,
                              .login = logins[i],
                              .actor = S("gate"),
                              .reason = event == REG_RETIRE ? S("its time is over") : S(""),
                              .now = now};
        e = registry_act(r, &act, a, &c, &key);
    }
    return e;
}

static err one_kind(struct registry *r, bool host, bool settling, int64_t now, struct arena *a)
{
    struct due d = {.r = r, .now = now, .arena = a, .settling = settling};
    err e = registry_each(r, host, look_at, &d);
    for (size_t i = 0; i < d.held.n && !failed(e); i++)
        e = remind(r, host, d.held.at[i], now, a);
    if (!failed(e))
        e = act_on(r, host, REG_WARN, d.warn.at, d.warn.n, now, a);
    if (!failed(e))
        e = act_on(r, host, REG_RETIRE, d.end.at, d.end.n, now, a);
    if (!failed(e))
        e = act_on(r, host, REG_SETTLE, d.settle.at, d.settle.n, now, a);
    vec_done(&d.held);
    vec_done(&d.warn);
    vec_done(&d.end);
    vec_done(&d.settle);
    return failed(e) ? e : registry_export(r);
}

err registry_daily(struct registry *r, int64_t now, struct arena *a)
{
    err e = one_kind(r, false, false, now, a);
    return failed(e) ? e : one_kind(r, true, false, now, a);
}

err registry_settle(struct registry *r, int64_t now, struct arena *a)
{
    err e = one_kind(r, false, true, now, a);
    return failed(e) ? e : one_kind(r, true, true, now, a);
}
