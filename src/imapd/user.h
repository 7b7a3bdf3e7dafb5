/* SPDX-License-Identifier: ISC */
/* imapd/user.h -- the session after its login, in a process that init started as the user. */
#pragma once
#include "imapd/facts.h"

/* b->session holds IPC_INIT_SESSION; on the heap, and freed. */
err user_run(struct boot *b, const struct imapd_facts *facts);
