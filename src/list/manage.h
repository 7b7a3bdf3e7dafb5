/* SPDX-License-Identifier: ISC */
/* list/manage.h -- what people ask of a list by mail: subscribe, unsubscribe, confirm, help
 * (ezmlm-manage(1)); the same by a Subject (ezmlm-request(1)). */
#pragma once
#include "list/list.h"

struct manage_rules {
    bool no_sub_confirm, no_unsub_confirm; /* -S -U */
    bool mod_unsub;                        /* -m: moderators agree to removals too */
    bool quiet;                            /* -q: no WELCOME and no GOODBYE */
};

/* r->address_rest says what; always answers, unless it is a mail that none may answer. */
struct verdict list_manage(struct list_run *r, const struct manage_rules *rules);
/* L-request: the command stands in Subject, or else in the first line of the body. It goes on to
 * the address that means it. 0: not for L-request; 99: done. */
struct verdict list_request(struct list_run *r);
