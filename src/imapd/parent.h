/* SPDX-License-Identifier: ISC */
/* imapd/parent.h -- waits for front's clients and forks a session for each. It reads nothing
 * that a client wrote. */
#pragma once
#include "ipc/boot.h"
#include "ipc/session.h"

typedef void parent_session_fn(const struct boot *b, const struct session_start *start, int data,
                               int control);
/* Until init says that the house closes. `session` runs in the child, which then ends. */
err parent_run(struct boot *b, parent_session_fn *session);
