/* SPDX-License-Identifier: ISC */
/* gate/accounts.h -- the accounts that the cards ask for, ready to be written into /etc. */
#pragma once
#include "people/registry.h"

enum { ACCOUNTS_MAX = 100000 };

struct account {
    str login;
    uint32_t uid; /* and gid */
    bool group;   /* a group user: has members, no password */
    str gecos;
    str hash; /* of the first password; empty: none */
    str *members;
    size_t members_n;
    str keys, keys_setting;
};

struct accounts {
    const struct gate_settings *settings;
    struct account *at; /* by login */
    size_t n;
    struct map *by_login; /* -> struct account */
};

/* All stable cards. ERR_SYNTAX: a card that cannot be an account. Lives in `a`, but for the map:
 * accounts_done(). */
err accounts_read(struct registry *r, const struct gate_settings *settings, struct arena *a,
                  struct accounts *ret);
void accounts_done(struct accounts *all);
const struct account *accounts_find(const struct accounts *all, str login);
bool uid_is_general(const struct gate_settings *s, uint32_t uid);
