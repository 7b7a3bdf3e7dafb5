/* SPDX-License-Identifier: ISC */
/* ctl/check_homes.h -- what is wrong with users' own .qmail files, as delivery would meet it.
 *
 * Only root can look into everybody's home. Homes are their users' ground: no symbolic link is
 * followed there, nothing but regular files is read, and what is printed is never their text.
 */
#pragma once
#include "ctl/ctl.h"

enum {
    CHECK_HOMES_USERS = 100000,
    CHECK_HOMES_FILES = 1000,  /* .qmail files of one user */
    CHECK_HOMES_FOUND = 10000, /* findings printed */
};

struct homes_findings {
    size_t errors, warnings;
};
/* One finding a line, as findings_print() writes them. */
err check_homes(struct ctl *c, struct buf *out, struct homes_findings *ret);
