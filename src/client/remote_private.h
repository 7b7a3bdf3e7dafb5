/* SPDX-License-Identifier: ISC */
/* client/remote_private.h -- what the files of an outbound delivery share. Not for others. */
#pragma once
#include "client/remote.h"

enum {
    REMOTE_EXCHANGERS_MAX = 30,  /* looked up; a domain with more has its reasons elsewhere */
    REMOTE_CANDIDATES_MAX = 100, /* addresses kept; all are asked whether they are us */
    REMOTE_TRIES_MAX = 20,       /* addresses tried in one delivery */
};

struct candidate {
    struct net_address address; /* with its port */
    str host;                   /* SNI */
    uint16_t preference;
};

struct candidates {
    struct candidate *at;
    size_t n;
};

/* Who takes mail for `host`, best first. False: *report says why nobody. */
bool remote_candidates(const struct remote_options *o, struct arena *a, str host,
                       const struct remote_route *route, struct candidates *ret,
                       struct remote_report *report);
void remote_say(struct remote_report *report, char letter, str text);
/* The words for what smtp_open() or smtp_deliver() gave. */
void remote_describe(struct remote_report *report, struct arena *a, const struct smtp_client *c,
                     err e, const struct smtp_recipient *recipients, size_t n);
