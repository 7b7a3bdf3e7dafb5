/* SPDX-License-Identifier: ISC */
/* dotqmail/owner.h -- whose local address is this: users/cdb, else the accounts, else alias.
 *
 * As qmail-lspawn and qmail-getpw decide it. The accounts are asked through a callback, so
 * that route, ctl and tests bring their own.
 */
#pragma once
#include "base/base.h"

struct account {
    str name;
    uint32_t uid, gid;
    str home;
};
struct accounts {
    void *ctx;
    str root; /* path of the house, put before homes that users/assign names; empty for "/" */
    /* ERR_NOTFOUND: no such account. Results live in a. */
    err (*find)(void *ctx, str name, struct arena *a, struct account *ret);
    /* Who owns that directory. ERR_NOTFOUND (or ERR_DENIED): not there; temporary kinds: the
     * file system does not answer, and the mail must wait. */
    err (*home_uid)(void *ctx, str home, uint32_t *ret_uid);
};

enum owner_source { OWNER_ASSIGN, OWNER_ACCOUNT, OWNER_ALIAS };
struct owner {
    str user;
    uint32_t uid, gid;
    str home, dash, ext;
    enum owner_source source;
    str rule; /* OWNER_ASSIGN: the entry that answered */
};
enum { OWNER_NAME_MAX = 32 }; /* account names shorter than this are looked for, as qmail-getpw */
#define OWNER_ROOT_TEXT "Not allowed to perform deliveries as root."
#define OWNER_NO_ALIAS_TEXT "Unable to find alias user!"

/* users_cdb empty: no users/cdb. Errors: ERR_DENIED (uid 0), ERR_TEMP and other temporary
 * kinds, ERR_NOTFOUND (there is no alias user), ERR_SYNTAX (users/cdb damaged); all of them mean
 * "later" to a delivery, and err.what is the text. */
err owner_find(str users_cdb, str local, const struct accounts *who, struct arena *a,
               struct owner *ret);
