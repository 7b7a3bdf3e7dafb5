/* SPDX-License-Identifier: ISC */
/* popd/transaction.h -- POP3 after the login: RFC 1939 5 and 6 over any maildrop.
 *
 * Pipelining is free: output is flushed when no whole command waits in the input.
 */
#pragma once
#include "log/event.h"
#include "os/io.h"
#include "popd/maildrop.h"

struct transaction {
    struct io *io;
    struct log *log;
    struct maildrop *drop;
    int64_t timeout_ms;
    bool *deleted;
    uint64_t fetched, fetched_bytes;
    size_t last; /* LAST: the highest message fetched */
};

/* Until QUIT (deletes for good), the end of input or the timeout (deletes nothing). */
err transaction_run(struct transaction *t);
/* Writes the capability list's lines that hold in both states. */
void capabilities_write(struct io *io);
/* Flushes unless another whole command waits already. */
err pop_flush(struct io *io, int64_t timeout_ms);
err pop_say(struct io *io, const char *line); /* with CRLF; buffered */
