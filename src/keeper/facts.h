/* SPDX-License-Identifier: ISC */
/* keeper/facts.h -- the little that a keeper needs of the site's configuration. */
#pragma once
#include "control/site.h"
#include "ipc/boot.h"
#include "store/quota.h"

struct keeper_facts {
    str delivery; /* where mail of users without a .qmail lies */
    str host;     /* control/me */
    struct quota quota;
    bool shares;          /* control/sharedprefix */
    uint32_t expungedays; /* control/expungedays */
    const str *folders;   /* that a new user gets, as modified UTF-7 */
    size_t n_folders;
};
/* What cannot be read stays at its default: a keeper without it is better than none. */
void keeper_read_site(struct keeper_facts *f, const struct boot *b, struct arena *keep);
