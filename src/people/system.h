/* SPDX-License-Identifier: ISC */
/* people/system.h -- whether a system account's password is right: shadow, else PAM.
 *
 * ROOT/etc/shadow answers where it knows the name. For the root "/", a name that shadow does
 * not know and NSS does (a directory service) is asked of PAM, service "twinpost", when
 * /etc/pam.d/twinpost exists. Slow, and modules may block: for workers only.
 */
#pragma once
#include "people/passwd.h"

enum { SHADOW_FILE_MAX = 16 << 20 };

struct system_answer {
    bool match;
    bool known;     /* for the log, never for the client */
    bool cacheable; /* the answer stands as long as system_stamp() does */
};

/* A name that nobody has costs one check of `decoy`, so that time tells nothing. */
err system_password_verify(struct passwd_db *p, int root_dir, str name, str password, str decoy,
                           struct system_answer *ret);
/* Changes whenever ROOT/etc/shadow does. */
uint64_t system_stamp(int root_dir);
bool system_has_pam(int root_dir);
/* The hash of `name` in ROOT/etc/shadow, into `a`. expired: the account's last day is over. */
err shadow_find(int root_dir, str name, int64_t now_seconds, struct arena *a, str *ret_hash,
                bool *ret_expired);
