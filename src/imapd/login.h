/* SPDX-License-Identifier: ISC */
/* imapd/login.h -- a session before its login: what front told about it, and the ways to auth
 * and init. It has no files and no store; a login that succeeds ends it.
 */
#pragma once
#include "imapd/facts.h"
#include "imapd/session.h"
#include "ipc/auth.h"
#include "ipc/boot.h"

enum { LOGIN_FAILURES_MAX = 10, LOGIN_AUTH_MS = 60 * 1000 };

struct login {
    int auth_door, init_door;
    struct channel *auth; /* opened with the first attempt */
    struct arena *arena;  /* what `start` points to */
    struct session_start start;
    unsigned failures;
};

/* Talks to one stranger until the end. `start` as decoded from front's packet. Takes the
 * descriptors of data and control; the doors stay the caller's. */
void login_run(const struct imapd_facts *facts, const struct session_start *start, int data,
               int control);

/* cmd_login.c: one attempt, however it came. `tag`: of the command. */
struct reply login_attempt(struct session *s, str tag, struct auth_start *ask);
/* Front says the tagged OK, in the one place where no octet can be on the wrong side of it, then
 * does the handshake and gives us a new socket. */
struct reply login_begin_tls(struct session *s, str tag);
/* PLAIN and LOGIN cross the wire as they are: only under TLS or from this host. */
bool login_may_be_plain(const struct session *s);
struct reply login_needs_privacy(void);
