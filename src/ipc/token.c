/* SPDX-License-Identifier: ISC */
#include "ipc/token.h"

static const struct ipc_field token_ask_fields[] = {
    IPC_TEXT(struct token_ask, token, TOKEN_MAX),
};
const struct ipc_schema token_ask_schema = IPC_SCHEMA(IPC_TOKEN_ASK, "token ask", token_ask_fields);

static const struct ipc_field token_answer_fields[] = {
    IPC_NUM(struct token_answer, outcome),
    IPC_TEXT(struct token_answer, user, 255),
    IPC_NUM(struct token_answer, expires),
    IPC_TEXT(struct token_answer, reason, 500),
};
const struct ipc_schema token_answer_schema =
    IPC_SCHEMA(IPC_TOKEN_ANSWER, "token answer", token_answer_fields);
