/* SPDX-License-Identifier: ISC */
/* people/passwd.h -- the house's users: who has which uid and home.
 *
 * For the root "/" the system's own answer (getpwnam, thus NSS). For any other root the file
 * ROOT/etc/passwd alone, read again when it changes: a demo or test house never asks the
 * machine it stands on. Homes are full paths on this machine: a home that the file names as
 * "/home/ann" is ROOT/home/ann, as everything hangs off the root.
 */
#pragma once
#include "base/base.h"

enum {
    PASSWD_FILE_MAX = 16 << 20,
    PASSWD_NAME_MAX = 255,
    PASSWD_PATH_MAX = 1000,
};

struct person {
    str name;
    uint32_t uid, gid;
    str gecos, home, shell;
};

struct passwd_db;

err passwd_open(int root_dir, struct passwd_db **ret); /* root_dir stays the caller's, open */
void passwd_free(struct passwd_db *p);                 /* NULL is fine */
bool passwd_is_system(const struct passwd_db *p);      /* the root is "/" */
/* ERR_NOTFOUND: no such user. ERR_TEMP and ERR_SYS: cannot tell now. Copies into `a`. */
err passwd_find(struct passwd_db *p, str name, struct arena *a, struct person *ret);
err passwd_find_uid(struct passwd_db *p, uint32_t uid, struct arena *a, struct person *ret);
/* Every user, in the file's order; a failure from `each` stops. The person lives for the call. */
err passwd_each(struct passwd_db *p, err (*each)(void *ctx, const struct person *one), void *ctx);
/* One line of passwd(5). Views into the line; homes as written. ERR_SYNTAX. */
err passwd_line_parse(str line, struct person *ret);
