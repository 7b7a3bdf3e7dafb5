/* SPDX-License-Identifier: ISC */
#include "ipc/admin.h"

static const struct ipc_field admin_open_fields[] = {
    IPC_NUM(struct admin_open, service),
};
const struct ipc_schema admin_open_schema =
    IPC_SCHEMA(IPC_ADMIN_OPEN, "admin open", admin_open_fields);

static const struct ipc_field admin_ask_fields[] = {
    IPC_TEXT(struct admin_ask, words, 16384),
};
const struct ipc_schema admin_ask_schema = IPC_SCHEMA(IPC_ADMIN_ASK, "admin ask", admin_ask_fields);

static const struct ipc_field admin_line_fields[] = {
    IPC_TEXT(struct admin_line, text, 65536),
};
const struct ipc_schema admin_line_schema =
    IPC_SCHEMA(IPC_ADMIN_LINE, "admin line", admin_line_fields);

static const struct ipc_field admin_end_fields[] = {
    IPC_NUM(struct admin_end, exit_code),
    IPC_TEXT(struct admin_end, text, 4096),
};
const struct ipc_schema admin_end_schema = IPC_SCHEMA(IPC_ADMIN_END, "admin end", admin_end_fields);

static const struct ipc_field admin_mailbox_fields[] = {
    IPC_TEXT(struct admin_mailbox, user, 255),
    IPC_NUM(struct admin_mailbox, uid),
    IPC_NUM(struct admin_mailbox, gid),
    IPC_TEXT(struct admin_mailbox, home, 4095),
};
const struct ipc_schema admin_mailbox_schema =
    IPC_SCHEMA(IPC_ADMIN_MAILBOX, "admin mailbox", admin_mailbox_fields);
