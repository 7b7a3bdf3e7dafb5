/* SPDX-License-Identifier: ISC */
#include "ipc/ban.h"

enum { ADDRESS_MAX = 64, REASON_MAX = 1000 };

static const struct ipc_field ban_add_fields[] = {
    IPC_TEXT(struct ban_add, address, ADDRESS_MAX),
    IPC_NUM(struct ban_add, seconds),
    IPC_NUM(struct ban_add, drop),
    IPC_TEXT(struct ban_add, reason, REASON_MAX),
};
const struct ipc_schema ban_add_schema = IPC_SCHEMA(IPC_BAN_ADD, "ban add", ban_add_fields);

static const struct ipc_field ban_lift_fields[] = {
    IPC_TEXT(struct ban_lift, address, ADDRESS_MAX),
};
const struct ipc_schema ban_lift_schema = IPC_SCHEMA(IPC_BAN_LIFT, "ban lift", ban_lift_fields);

static const struct ipc_field ban_list_fields[] = {
    IPC_NUM(struct ban_list, unused),
};
const struct ipc_schema ban_list_schema = IPC_SCHEMA(IPC_BAN_LIST, "ban list", ban_list_fields);

static const struct ipc_field ban_entry_fields[] = {
    IPC_TEXT(struct ban_entry, address, ADDRESS_MAX),
    IPC_NUM(struct ban_entry, seconds),
    IPC_NUM(struct ban_entry, by_rule),
    IPC_NUM(struct ban_entry, bans),
    IPC_TEXT(struct ban_entry, reason, REASON_MAX),
};
const struct ipc_schema ban_entry_schema = IPC_SCHEMA(IPC_BAN_ENTRY, "ban entry", ban_entry_fields);

static const struct ipc_field ban_done_fields[] = {
    IPC_NUM(struct ban_done, ok),
    IPC_NUM(struct ban_done, dropped),
    IPC_TEXT(struct ban_done, text, REASON_MAX),
};
const struct ipc_schema ban_done_schema = IPC_SCHEMA(IPC_BAN_DONE, "ban done", ban_done_fields);
