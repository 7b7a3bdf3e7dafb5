/* SPDX-License-Identifier: ISC */
/* imapd/rights.h -- MYRIGHTS, also for LIST (RFC 8440). */
#pragma once
#include "imapd/session.h"

/* "* MYRIGHTS …". ERR_NOTFOUND: nothing that this session may know of. */
err rights_say(struct session *s, str mailbox);
