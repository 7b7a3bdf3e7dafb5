/* SPDX-License-Identifier: ISC */
/* sieved/talk.h -- both lives of a session: reading a whole command, saying an answer. */
#pragma once
#include "os/io.h"
#include "wire/managesieve.h"

struct talk {
    struct io *io;
    struct buf command; /* the lines of one command, and its literals */
    size_t literal_max;
};

enum talk_read {
    TALK_COMMAND,
    TALK_TOO_LONG,    /* read and thrown away: say so, go on */
    TALK_OUT_OF_STEP, /* there is no way to find the next command: say so, end */
};
/* ERR_…: the client is gone or silent. */
err talk_read(struct talk *t, deadline by, enum talk_read *ret);
/* "NO (CODE) \"text\"": code and text may be empty. Buffered. */
err talk_say(struct talk *t, const char *word, const char *code, str text);
/* Flushes unless another whole command waits already. */
err talk_flush(struct talk *t, int64_t timeout_ms);
/* The capabilities before and after the login (RFC 5804 1.7), without the OK. sasl: what may be
 * used now; owner: empty before the login. */
err talk_capabilities(struct talk *t, str sasl, bool starttls, str owner, uint64_t redirects);
