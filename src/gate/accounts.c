/* SPDX-License-Identifier: ISC */
#include "gate/accounts.h"

struct reading {
    struct arena *arena;
    VEC(struct account) all;
};

/* passwd(5) knows ':' and finger knows ','; a name in Latin letters is all that goes there. */
static str gecos_of(const struct card *c, struct arena *a)
{
    auto_buf struct buf b;
    buf_init(&b, CARD_FIELD_MAX + 1);
    str name = c->at[CARD_NAME_EN];
    for (size_t i = 0; i < name.n; i++)
        if (name.p[i] >= ' ' && name.p[i] <= '~' && name.p[i] != ':' && name.p[i] != ',')
            buf_addc(&b, name.p[i]);
    return arena_copy(a, buf_str(&b));
}

static void take_members(struct account *one, str members, struct arena *a)
{
    str rest = members, member;
    size_t n = 0;
    while (card_member_next(&rest, &member))
        n++;
    one->members = NEW_N(a, str, n + 1);
    rest = members;
    while (card_member_next(&rest, &member))
        one->members[one->members_n++] = arena_copy(a, member);
}

static bool hash_is_fine(str hash)
{
    return str_find(hash, ':') < 0 && str_find(hash, '\n') < 0;
}

static err take_card(void *ctx, const struct card *c)
{
    struct reading *rd = ctx;
    enum reg_state state;
    if (!reg_state_find(c->at[CARD_STATE], &state) || !reg_state_is_stable(state))
        return OK_ERR;
    if (!card_login_is_fine(c->at[CARD_LOGIN]) || card_uid(c) == 0 ||
        !hash_is_fine(c->at[CARD_PWHASH]))
        return err_new(ERR_SYNTAX, "a card cannot become an account");
    if (rd->all.n == ACCOUNTS_MAX)
        return err_new(ERR_LIMIT, "too many accounts");
    struct account one = {
        .login = arena_copy(rd->arena, c->at[CARD_LOGIN]),
        .uid = card_uid(c),
        .group = card_is(c, CARD_CLASS, S("group")),
        .gecos = gecos_of(c, rd->arena),
        .hash = arena_copy(rd->arena, c->at[CARD_PWHASH]),
        .keys = arena_copy(rd->arena, c->at[CARD_AUTHORIZED_KEYS]),
        .keys_setting = arena_copy(rd->arena, c->at[CARD_AUTHORIZED_KEYS_SETTING]),
    };
    if (one.group)
        take_members(&one, c->at[CARD_MEMBERS], rd->arena);
    vec_push(&rd->all, one);
    return OK_ERR;
}

/* Members that have left meanwhile are in no group. */
static void drop_strangers(const struct accounts *all, struct account *one)
{
    size_t kept = 0;
    for (size_t i = 0; i < one->members_n; i++) {
        const struct account *m = accounts_find(all, one->members[i]);
        if (m && !m->group)
            one->members[kept++] = one->members[i];
    }
    one->members_n = kept;
}

err accounts_read(struct registry *r, const struct gate_settings *settings, struct arena *a,
                  struct accounts *ret)
{
    struct reading rd = {.arena = a};
    err e = registry_each(r, false, take_card, &rd);
    if (failed(e)) {
        vec_done(&rd.all);
        return e;
    }
    struct accounts all = {.settings = settings, .by_login = map_new(), .n = rd.all.n};
    all.at = NEW_N(a, struct account, rd.all.n + 1);
    for (size_t i = 0; i < rd.all.n; i++) {
        all.at[i] = rd.all.at[i];
        map_put(all.by_login, all.at[i].login, &all.at[i]);
    }
    vec_done(&rd.all);
    for (size_t i = 0; i < all.n; i++)
        drop_strangers(&all, &all.at[i]);
    *ret = all;
    return OK_ERR;
}

void accounts_done(struct accounts *all)
{
    map_free(all->by_login);
    all->by_login = NULL;
}

const struct account *accounts_find(const struct accounts *all, str login)
{
    return map_get(all->by_login, login);
}

bool uid_is_general(const struct gate_settings *s, uint32_t uid)
{
    return uid >= s->uid_min && uid <= s->uid_max;
}
