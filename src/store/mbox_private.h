/* SPDX-License-Identifier: ISC */
/* store/mbox_private.h -- what the mbox files share. */
#pragma once
#include "store/mbox.h"

bool mbox_is_ours(str line); /* a header line that only we write */
/* The header fields of m but ours, without the empty line. */
void mbox_header_write(struct buf *b, str text, const struct mbox_message *m);
