/* SPDX-License-Identifier: ISC */
/* list/get_private.h -- several posts in one mail: answers to get, and digests. */
#pragma once
#include "list/list.h"

enum { GET_POSTS_MAX = 100, GET_INDEX_MAX = 2000 };

struct digest_mail {
    struct list_run *run;
    uint64_t from, to; /* these posts … */
    bool chosen;       /* … or those in posts[] */
    uint64_t posts[GET_POSTS_MAX];
    size_t n;
    char format;    /* m r v n x; 0: as digformat says, or m */
    uint64_t issue; /* of a digest; 0: an answer to get */
};

bool archive_has_any(const struct mlist *l, uint64_t from, uint64_t to);
err digest_mail_send(struct digest_mail *d, const str *to, size_t n);
