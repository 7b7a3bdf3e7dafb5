/* SPDX-License-Identifier: ISC */
/* sieved/login.h -- ManageSieve before the login: a stranger's session, without any file.
 *
 * It relays SASL blobs to auth. When auth said yes, init gets the sockets and starts the session
 * again as the user, where the OK to the login is said.
 */
#pragma once
#include "ipc/auth.h"
#include "ipc/session.h"
#include "log/event.h"
#include "sieved/facts.h"
#include "sieved/talk.h"

enum {
    LOGIN_FAILURES_MAX = 3,
    LOGIN_ERRORS_MAX = 20,
    LOGIN_AUTH_MS = 60 * 1000,
    LOGIN_FLUSH_MS = 60 * 1000,
};

struct login {
    struct talk talk;
    struct channel *control, *auth;
    const struct boot *boot;
    const struct sieved_facts *facts;
    struct session_start start;
    struct arena *arena;
    struct log *log;
    deadline by;
    unsigned failures, errors;
    bool over;
};

/* One session; takes both descriptors. */
void login_run(const struct sieved_facts *facts, const struct session_start *start, int data,
               int control);
/* login_auth.c: asks auth, relays its challenges, says what came of it. */
err login_attempt(struct login *l, str mechanism, const str *initial);
bool login_may_be_plain(const struct login *l);
