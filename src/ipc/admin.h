/* SPDX-License-Identifier: ISC */
/* ipc/admin.h -- an administrator's command and the service it concerns.
 *
 * ctl connects to ROOT/run/twinpost/control and names the service; init checks the peer's
 * uid and passes the socket on. Then ASK (words, NUL after each), any number of LINEs, END.
 */
#pragma once
#include "ipc/channel.h"

struct admin_open {
    uint32_t service; /* enum program */
};
extern const struct ipc_schema admin_open_schema;
/* Instead of OPEN: the keeper of that user's mail. init answers END; after exit_code 0 the same
 * socket speaks ipc/keeper.h (store/session.h is the face for it). */
struct admin_mailbox {
    str user;
    uint32_t uid, gid;
    str home;
};
extern const struct ipc_schema admin_mailbox_schema;
struct admin_ask {
    str words; /* "queue" NUL "list" NUL */
};
extern const struct ipc_schema admin_ask_schema;
struct admin_line {
    str text; /* as printed, without LF; may hold several lines */
};
extern const struct ipc_schema admin_line_schema;
struct admin_end {
    uint32_t exit_code;
    str text; /* an error for stderr, or empty */
};
extern const struct ipc_schema admin_end_schema;
