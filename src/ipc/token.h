/* SPDX-License-Identifier: ISC */
/* ipc/token.h -- auth asks whose OAuth token that is: one question and one answer a channel. */
#pragma once
#include "ipc/channel.h"

enum { TOKEN_MAX = 4096, TOKEN_ANSWER_MS = 12000 };

struct token_ask {
    str token;
};
extern const struct ipc_schema token_ask_schema;

enum token_outcome { TOKEN_ACTIVE = 1, TOKEN_REFUSED, TOKEN_UNKNOWN /* cannot tell now */ };
struct token_answer {
    uint32_t outcome;
    str user;         /* on TOKEN_ACTIVE: as the server names him */
    uint64_t expires; /* seconds since the epoch; 0: not told */
    str reason;       /* for the log */
};
extern const struct ipc_schema token_answer_schema;
