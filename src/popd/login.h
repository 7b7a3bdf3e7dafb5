/* SPDX-License-Identifier: ISC */
/* popd/login.h -- POP3 before the login: a stranger's session, without any file.
 *
 * It relays passwords and SASL blobs to auth. When auth said yes, init gets the sockets and
 * starts the session again as the user; the OK to the login is said there, once the maildrop
 * is open (RFC 1939 4).
 */
#pragma once
#include "base/base.h"
#include "ipc/auth.h"
#include "ipc/boot.h"
#include "ipc/session.h"
#include "log/event.h"
#include "os/io.h"
#include "popd/facts.h"

enum {
    LOGIN_FAILURES_MAX = 3,
    LOGIN_ERRORS_MAX = 20,
    LOGIN_AUTH_MS = 60 * 1000,
    LOGIN_NAME_MAX = 255,
};

struct login {
    struct io *io;
    struct channel *control, *auth;
    const struct boot *boot;
    struct session_start start;
    struct arena *arena;
    struct log *log;
    deadline by;
    bool plain_allowed; /* by configuration */
    bool tokens;        /* OAuth is offered */
    str host;           /* control/me: in the greeting */
    str timestamp;
    str user; /* of USER, waiting for PASS */
    unsigned failures, errors;
    bool over;
};

/* One session; takes both descriptors. */
void login_run(const struct boot *boot, const struct popd_facts *facts,
               const struct session_start *start, int data, int control);
/* login_auth.c: asks auth, relays its challenges, says what came of it. */
err login_attempt(struct login *l, str mechanism, const str *initial);
bool login_may_be_plain(const struct login *l);
err login_refuse_plain(struct login *l);
