/* SPDX-License-Identifier: ISC */
/* imapd/incoming.h -- a message on its way from the client to the store.
 *
 * Octets come in pieces; a small message stays in memory, a large one goes to a spool of the
 * keeper's. Line ends become LF on the way. A message that may hold binary parts is gathered as it
 * comes and rewritten at the end (wire/unbinary.h). Nothing shows in the mailbox before the store
 * is asked to show it.
 */
#pragma once
#include "imapd/session.h"

enum { INCOMING_MEMORY_MAX = 60 * 1024 }; /* with the rest of its request it fits one packet */

struct incoming {
    struct store *store;
    str folder;
    bool raw;          /* as it comes, to be looked at in the end */
    struct buf memory; /* all of a small message, or the piece being turned */
    int fd;            /* -1: memory only */
    uint32_t spool;
    bool held_cr; /* the last piece ended in a CR whose LF may come */
    err problem;  /* of the spool: the literal is still read to its end */
    uint64_t octets;
};

/* `folder` must live as long. `large`: a spool is opened at once, so that what is wrong with the
 * folder shows before the message is sent. */
err incoming_open(struct incoming *in, struct store *store, str folder, bool raw, bool large);
void incoming_add(struct incoming *in, str piece);
/* Whole: what is left to do to it. Then bytes and spool of `m` are set. */
err incoming_finish(struct incoming *in, struct store_append *m);
/* The store has the spool now, or it is not wanted. */
void incoming_close(struct incoming *in, bool keep_spool);
