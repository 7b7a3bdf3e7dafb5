/* SPDX-License-Identifier: ISC */
/* ctl/mailbox.h -- an administrator's command at a user's mail, through that user's keeper. */
#pragma once
#include "ctl/ctl.h"
#include "store/session.h"

/* A conversation with the keeper, which init starts when it does not run: the house must run.
 * ERR_NOTFOUND: no such user, or no running house (the text says which). Free with
 * store_free(). */
err ctl_mailbox(struct ctl *c, str user, struct store **ret);
