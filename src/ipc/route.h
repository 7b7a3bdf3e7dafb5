/* SPDX-License-Identifier: ISC */
/* ipc/route.h -- whose address is this, and does it exist? */
#pragma once
#include "ipc/channel.h"

enum route_purpose {
    ROUTE_RCPT = 1, /* smtpd at RCPT: may it come in, does it exist */
    ROUTE_DELIVER,  /* sched: where does it go (rcpthosts are not asked) */
};

struct route_ask {
    uint32_t purpose;
    str address;    /* user@host or user */
    uint32_t relay; /* the client may send anywhere (RELAYCLIENT or logged in) */
};
extern const struct ipc_schema route_ask_schema;

enum route_outcome {
    ROUTE_LOCAL = 1,
    ROUTE_REMOTE,
    ROUTE_DENIED,  /* rcpthosts: not a host we take mail for */
    ROUTE_NO_USER, /* no mailbox here by that name */
    ROUTE_TEMP,
};
struct route_answer {
    uint32_t outcome;
    str address; /* after rewriting: what RECIPIENT will be; remote: user@host */
    str host;    /* domain of address */
    str user;    /* local: the account that owns it */
    uint32_t uid, gid;
    str home, dash, ext;
    str local; /* local part after rewriting (with a virtual domain's prefix) */
    str strip; /* virtual domain's prefix ("alias-v-") to be hidden in bounces, or empty */
    str text;  /* reason for a person when the answer is no: "Sorry, no mailbox here by that name.
                  (#5.1.1)" */
};
extern const struct ipc_schema route_answer_schema;
