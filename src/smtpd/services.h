/* SPDX-License-Identifier: ISC */
/* smtpd/services.h -- what a session asks of route, sched and auth.
 *
 * Channels are opened at the first question and kept for the session. That an address is
 * accepted is remembered for ten seconds, so that a flow of mail to some addresses asks about
 * each now and then; one that vanishes meanwhile is refused by the queue, which asks anew.
 */
#pragma once
#include "base/map.h"
#include "ipc/auth.h"
#include "ipc/route.h"
#include "ipc/submit.h"

enum { ROUTES_KEPT = 128, ROUTE_KEPT_MS = 10000, ROUTE_KEPT_ADDRESS = 256 };

struct services {
    /* A new channel to a service. ERR_NOTFOUND: this house has none (sessions by hand). */
    err (*open)(void *ctx, enum program service, struct channel **ret);
    void *ctx;
    struct channel *route, *sched, *auth;
    struct map *kept; /* ROUTES_KEPT addresses that route accepted: int64_t, until when */
};

void services_close(struct services *v);

/* ERR_NOTFOUND: there is no route here to ask. Views live until the next question. */
err services_route(struct services *v, str address, bool relay, struct route_answer *ret);
err services_submit(struct services *v, const struct submit *m, int memory_fd,
                    struct submit_done *ret);
/* A file for a large message. *ret_file 0: refused, text says why. */
err services_file(struct services *v, uint64_t hint, struct submit_file *ret, int *ret_fd);
err services_auth(struct services *v, struct channel **ret);
