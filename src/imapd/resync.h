/* SPDX-License-Identifier: ISC */
/* imapd/resync.h -- what has gone and what has changed since the client was here (RFC 7162 3.2). */
#pragma once
#include "imapd/session.h"
#include "wire/imap_resync.h"

/* After SELECT (QRESYNC …): VANISHED (EARLIER), then FETCH for each change. */
err resync_say(struct session *s, const struct imap_select_params *p);
/* "* VANISHED (EARLIER) …" of those among `uids` (resolved) that went after `since`. */
err resync_say_vanished(struct session *s, uint64_t since, const struct imap_set *uids);
/* A command's set of UIDs, resolved for what is gone too: "*" is the highest there ever was. */
struct imap_set resync_wide_set(struct session *s, const struct imap_set *set);
