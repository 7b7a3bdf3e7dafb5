/* SPDX-License-Identifier: ISC */
#include "ipc/route.h"

static const struct ipc_field route_ask_fields[] = {
    IPC_NUM(struct route_ask, purpose),
    IPC_TEXT(struct route_ask, address, 1003),
    IPC_NUM(struct route_ask, relay),
};
const struct ipc_schema route_ask_schema = IPC_SCHEMA(IPC_ROUTE_ASK, "route ask", route_ask_fields);

static const struct ipc_field route_answer_fields[] = {
    IPC_NUM(struct route_answer, outcome),      IPC_TEXT(struct route_answer, address, 2048),
    IPC_TEXT(struct route_answer, host, 1023),  IPC_TEXT(struct route_answer, user, 255),
    IPC_NUM(struct route_answer, uid),          IPC_NUM(struct route_answer, gid),
    IPC_TEXT(struct route_answer, home, 1023),  IPC_TEXT(struct route_answer, dash, 16),
    IPC_TEXT(struct route_answer, ext, 1100),   IPC_TEXT(struct route_answer, local, 2048),
    IPC_TEXT(struct route_answer, strip, 1023), IPC_TEXT(struct route_answer, text, 1024),
};
const struct ipc_schema route_answer_schema =
    IPC_SCHEMA(IPC_ROUTE_ANSWER, "route answer", route_answer_fields);
