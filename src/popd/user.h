/* SPDX-License-Identifier: ISC */
/* popd/user.h -- the session after its login, in a process that init started as the user. */
#pragma once
#include "ipc/boot.h"

err user_run(struct boot *b, int64_t timeout_ms); /* b->session holds IPC_INIT_SESSION */
