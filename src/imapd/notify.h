/* SPDX-License-Identifier: ISC */
/* imapd/notify.h -- NOTIFY (RFC 5465): what a client hears without asking, of the selected mailbox
 * and of others. cmd_notify.c sets it; the session's loop and IDLE let it speak. */
#pragma once
#include "imapd/session.h"
#include "wire/imap_notify.h"

struct notify;

/* How the selected mailbox is told between commands; false: not at all. */
bool notify_tells_selected(const struct session *s, enum store_sync_mode *ret_mode);
/* Says what there is to be said now: between commands, or in IDLE. */
void notify_say(struct session *s);
/* In the place of what was asked before. */
err notify_set(struct session *s, const struct imap_notify_args *args, str text);
void notify_forget(struct session *s); /* NOTIFY NONE, the session's end */
