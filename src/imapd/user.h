/* SPDX-License-Identifier: ISC */
/* imapd/user.h -- the session after its login, in a process that init started as the user. */
#pragma once
#include "ipc/boot.h"

err user_run(struct boot *b,
             int64_t idle_ms); /* b->session holds IPC_INIT_SESSION; on the heap, and freed */
