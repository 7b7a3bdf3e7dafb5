/* SPDX-License-Identifier: ISC */
/* imapd/sync.h -- the one place that tells a client what changed in its mailbox.
 *
 * RFC 3501 7.4.1: EXPUNGE must not come while FETCH, STORE or SEARCH (without UID) run, nor
 * between commands; 5.2: everything else may come with any command. The mode comes from the
 * command table.
 */
#pragma once
#include "imapd/session.h"
#include "imapd/spans.h"

enum sync_flag {
    SYNC_HIDE_OWN = 1, /* flag changes of this session's last command are told elsewhere */
    SYNC_WITH_UID = 2, /* FETCH answers carry the UID */
    SYNC_ALWAYS = 4,   /* asks the keeper even when it did not say that there is news */
    SYNC_NO_FLAGS = 8, /* sync_say_flags(): the mod-sequence alone */
};
void sync_say(struct session *s, enum store_sync_mode mode, unsigned flags);

/* What this session's own STORE must have made of the flags. After large changes the keeper tells
 * the whole table again and not who did what: then a change that is just this one is our own. */
struct sync_own {
    const struct spans *spans; /* the messages it was for */
    const uint32_t *before;    /* their flags, one after another */
    enum store_flags_op op;
    const struct imap_flags *flags;
};
struct sync_own sync_remember(struct session *s, const struct spans *spans, enum store_flags_op op,
                              const struct imap_flags *flags);
/* As sync_say() with SYNC_ALWAYS and SYNC_HIDE_OWN, within a command: expunges wait. */
void sync_say_but_own(struct session *s, unsigned flags, const struct sync_own *own);
/* "* n FETCH (", or "* uid UIDFETCH (" where RFC 9586 is on. */
void sync_begin_fetch(const struct session *s, size_t index, struct buf *b);
/* "* n FETCH (…FLAGS (…))" for one message of the table. */
void sync_say_flags(struct session *s, size_t index, unsigned flags);
void sync_write_flags(const struct session *s, uint32_t flags, struct buf *b);
void sync_say_known_flags(struct session *s); /* FLAGS and PERMANENTFLAGS */
