/* SPDX-License-Identifier: ISC */
/* wire/preview.h -- the first words of a message (RFC 8970), as UTF-8 on one line.
 *
 * From the first text part that is no attachment: white space is single, lines of quotation and the
 * lines that introduce them are passed over where other words follow. Nothing but spaces to
 * show: an empty preview.
 */
#pragma once
#include "base/base.h"
#include "wire/mime.h"

enum {
    PREVIEW_CHARS = 200,          /* RFC 8970 3.1: at most so many characters */
    PREVIEW_LOOK_MAX = 256 << 10, /* octets of the part that are looked at */
};
void preview_write(struct buf *b, const struct mime_part *root);
