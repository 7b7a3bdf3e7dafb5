/* SPDX-License-Identifier: ISC */
/* imapd/catenate.h -- the URL parts of CATENATE (RFC 4469): text that lies in a mailbox already. */
#pragma once
#include "imapd/incoming.h"

/* Adds what the URL names to the message. ERR_NOTFOUND: there is no such text (BADURL). */
err catenate_url(struct session *s, str url, struct incoming *to);
