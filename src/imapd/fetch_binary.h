/* SPDX-License-Identifier: ISC */
/* imapd/fetch_binary.h -- BINARY[…] and BINARY.SIZE[…] (RFC 3516): a part with its transfer
 * encoding undone. */
#pragma once
#include "imapd/fetch.h"

/* Adds the item to f->out, and sends what gathers there. What is encoded in a way that we do not
 * know is told as NIL, and f->unknown_encoding set. */
err fetch_binary(struct fetch *f, const struct mime_part *root, str message,
                 const struct imap_section *sec);
