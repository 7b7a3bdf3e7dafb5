/* SPDX-License-Identifier: ISC */
/* list/members.h -- the addresses of a list: 53 files of T address NUL, shared with ezmlm's tools.
 *
 * An address is looked for in all files, whatever width of hash put it there, and compared
 * without case. A change takes the lock that the old tools take, reads everything once, and
 * writes each file that changes once (beside it, synced, renamed): many changes cost no more
 * than the largest. Bytes behind the last NUL are a torn record and count as nothing.
 */
#pragma once
#include "base/base.h"

enum {
    MEMBER_MAX = 400,           /* ezmlm's limit of one address */
    MEMBER_FILE_MAX = 256 << 20 /* one of the 53 files */
};

struct members {
    int dir; /* the directory that has `lock` and `subscribers/`; borrowed by all calls */
};

/* `sub` is "" for the list itself, else digest, allow, deny, mod or another directory of it. A
 * directory without members is one without addresses. Close with members_close(). */
err members_open(int list_dir, str sub, struct members *ret);
void members_close(struct members *m);

/* The domain in lower case. ERR_SYNTAX: no '@', too long, or octets that no record may hold. */
err member_normal(struct arena *a, str address, str *ret);

bool members_has(const struct members *m, str address, err *ret_problem);
/* As issub does: the address, then "@domain" alone (for allow and deny). */
bool members_covers(const struct members *m, str address, err *ret_problem);

typedef err members_fn(void *ctx, str address);
err members_each(const struct members *m, members_fn *fn, void *ctx);

struct member_change {
    str address; /* member_normal() */
    bool add;    /* else remove */
    int bucket;  /* >= 0: this one of the 53 files (ezmlm-sub -h); -1: as its hash says */
    bool done;   /* out: there was something to change */
};
/* Several for one address: the last one counts. Takes the lock. */
err members_change(struct members *m, struct member_change *changes, size_t n);

struct member_report {
    size_t members, misplaced; /* in no file that either width says */
    size_t wide, narrow;       /* in the file of one width alone */
    size_t torn, doubled;
};
/* repair: writes every address once, where the 64-bit hash says, and drops torn records. */
err members_check(struct members *m, bool repair, struct member_report *ret);
