/* SPDX-License-Identifier: ISC */
/* smtpd/services.h -- what a session asks of route, sched and auth.
 *
 * Channels are opened at the first question and kept for the session. A recipient's answer
 * is remembered for two seconds, so that a burst of mails to one address asks once.
 */
#pragma once
#include "ipc/auth.h"
#include "ipc/route.h"
#include "ipc/submit.h"

enum { ROUTES_KEPT = 128, ROUTE_KEPT_MS = 2000, ROUTE_KEPT_ADDRESS = 256 };

struct kept_route {
    int64_t until_ms;
    bool relay;
    size_t n;
    char address[ROUTE_KEPT_ADDRESS];
};

struct services {
    /* A new channel to a service. ERR_NOTFOUND: this house has none (sessions by hand). */
    err (*open)(void *ctx, enum program service, struct channel **ret);
    void *ctx;
    struct channel *route, *sched, *auth;
    struct kept_route *kept; /* ROUTES_KEPT addresses that route accepted; NULL: none yet */
    size_t next_kept;
};

void services_close(struct services *v);

/* ERR_NOTFOUND: there is no route here to ask. Views live until the next question. */
err services_route(struct services *v, str address, bool relay, struct route_answer *ret);
err services_submit(struct services *v, const struct submit *m, int memory_fd,
                    struct submit_done *ret);
/* A file for a large message. *ret_file 0: refused, text says why. */
err services_file(struct services *v, uint64_t hint, struct submit_file *ret, int *ret_fd);
err services_auth(struct services *v, struct channel **ret);
