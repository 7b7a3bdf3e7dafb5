/* SPDX-License-Identifier: ISC */
/* control/rewrite.h -- local or remote, and under which address: qmail-send's rewriting.
 *
 * Pure: the same site and address always give the same answer. The trace is what
 * `twinpost explain` prints; it says also what was asked and did not match.
 */
#pragma once
#include "control/site.h"

enum rewrite_rule {
    RULE_ENVNOATHOST,    /* no @: the presumed domain was added */
    RULE_PERCENTHACK,    /* last % became @ */
    RULE_LOCALS,         /* asked: is the domain in locals */
    RULE_VIRTUALDOMAINS, /* asked: is key in virtualdomains */
    RULE_EXCEPTION,      /* virtualdomains has key with nothing after the colon: remote */
};
struct rewrite_step {
    enum rewrite_rule rule;
    bool hit;
    str key;     /* domain or virtualdomains key that was asked */
    str address; /* address after this step */
};
struct rewritten {
    bool local;
    str address; /* what RECIPIENT will be */
    str user;    /* before the last @ (with a virtual domain's prefix) */
    str host;
    str prefix; /* virtual domain's "alias-v-", to be hidden in bounces; or empty */
    const struct rewrite_step *steps;
    size_t n_steps;
};
void rewrite_address(const struct site *s, str address, struct arena *a, struct rewritten *ret);
/* One step in words, English: "virtualdomains has no user@dom". */
void rewrite_step_text(const struct rewrite_step *s, struct buf *b);
