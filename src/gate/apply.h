/* SPDX-License-Identifier: ISC */
/* gate/apply.h -- brings the accounts into a house's /etc: built, compared, validated, kept as
 * NAME_old, replaced.
 *
 * Under the same lock as passwd(1), vipw(8) and useradd(8) take (lckpwdf(3): a write lock on
 * etc/.pwd.lock). First everything is built and validated; the first failure leaves all files as
 * they are. Then each file is replaced by rename, group first, passwd last: whoever is cut off
 * in between has a new group or shadow line without an account, never an account without them,
 * and the next run finishes. A file that somebody changed since it was read ends the run.
 */
#pragma once
#include "gate/build.h"

enum gate_file {
    GATE_GROUP = 1,
    GATE_GSHADOW = 2,
    GATE_SHADOW = 4,
    GATE_PASSWD = 8,
    GATE_SUDOERS = 16,
    GATE_ALL = 31,
};

struct gate_run {
    int root_dir;
    const char *root; /* its path, for the tools that validate */
    const struct gate_settings *settings;
    const struct accounts *accounts;
    unsigned files; /* of enum gate_file */
    bool dry_run, verbose;
    uint32_t max_remove;
    enum gate_sudoers sudoers;
    int64_t now;
    struct arena *arena;
    struct buf *said; /* what to tell: differences, refusals, warnings */
};

/* ERR_SYNTAX, ERR_DENIED: refused, nothing was changed, `said` tells why. */
err gate_apply(struct gate_run *run);
/* The memo's check: header, four lines and visudo's verdict. False: `said` tells. */
err gate_check_sudoers(struct gate_run *run, bool *ret_fine);

/* Makes the homes that are missing: skeleton, Maildir, .qmail. Whole or not at all. */
err gate_make_homes(struct gate_run *run, str only); /* only: one login; empty: all */
/* Carries out the order about public keys of one account, as that user. */
err gate_make_authkey(struct gate_run *run, const struct account *one);

/* validate.c: what the system's own tools say of the new files, if they are installed. */
struct gate_built {
    const char *path; /* below the root: "etc/passwd" */
    str fresh;
    str old;
    bool has_old;
};
err gate_validate(struct gate_run *run, const struct gate_built *files, size_t n);
/* visudo's verdict on a text. ERR_DENIED: it objects. ERR_NOTFOUND: there is no visudo here. */
err gate_visudo(struct gate_run *run, str text);
