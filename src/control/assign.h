/* SPDX-License-Identifier: ISC */
/* control/assign.h -- users/assign and users/cdb: who owns which local addresses.
 *
 * `=local:user:uid:gid:home:dash:ext:` names one address, `+prefix:…` all that begin so; a
 * line with a dot at its start ends the file (qmail-newu(8), qmail-pw2u(8)).
 */
#pragma once
#include "control/cdb.h"

/* ERR_SYNTAX: ret_line is the bad line (or the last one when the final dot is missing). */
err assign_compile(str text, struct buf *ret_cdb, size_t *ret_line);
#define ASSIGN_BAD_FORMAT "qmail-newu: fatal: bad format in users/assign\n"

struct assign {
    str user;
    uint32_t uid, gid;
    str home, dash, ext;
    str key; /* the "=" or "+" entry that answered, for explain */
    bool wild;
};
/* ERR_NOTFOUND: nobody there (then the password file decides). ERR_SYNTAX: damaged. */
err assign_find(str cdb, str local, struct arena *a, struct assign *ret);

enum pw2u_homes { PW2U_SKIP, PW2U_REQUIRE, PW2U_IGNORE }; /* -o, -h, -H */
struct pw2u {
    enum pw2u_homes homes;
    bool upper;      /* -u: names with capitals too */
    char delimiter;  /* -c; 0 is -C: none */
    bool dash_slash; /* -/ */
    str alias;       /* who takes the rest: "alias" */
    bool has_include, has_exclude, has_mailnames, has_subusers, has_append;
    str include, exclude, mailnames, subusers, append;
    /* Owner of a home. ERR_NOTFOUND when it does not exist. */
    err (*home_uid)(void *ctx, str home, uint32_t *ret_uid);
    void *ctx;
};
/* The assign file for a password file. On failure ret_why (in `a`) is the message that
 * qmail-pw2u prints after "qmail-pw2u: fatal: ". */
err pw2u_run(const struct pw2u *o, str passwd, struct arena *a, struct buf *out, str *ret_why);
