/* SPDX-License-Identifier: ISC */
/* imapd/status.h -- one STATUS answer: for STATUS, LIST … RETURN (STATUS …) and NOTIFY. */
#pragma once
#include "imapd/session.h"

enum { STATUS_APPEND_MAX_MB = 1024 };

/* The largest message that APPEND takes (RFC 7889). */
uint64_t append_limit(void);
/* "* STATUS name (…)". `items`: enum imap_status_item. */
err status_say(struct session *s, str name, unsigned items);
