/* SPDX-License-Identifier: ISC */
/* wire/unbinary.h -- a message with binary parts (RFC 3030, RFC 3516) as one that any mailbox can
 * keep: what says "Content-Transfer-Encoding: binary" becomes base64, the multiparts and messages
 * around it 8bit. Files keep LF line ends and other programs read them as text, so a part of
 * arbitrary octets would not survive there; its octets do.
 */
#pragma once
#include "base/base.h"

/* Must the message be rewritten: does some part of it say "binary", or a NUL lie in it? */
bool unbinary_is_needed(struct arena *a, str message);
/* Writes the message to `out`, piece by piece: `flush` is called when some has gathered, and
 * empties it. NULs outside of binary parts (where nothing may hold them) are left out. */
err unbinary_write(struct arena *a, str message, struct buf *out, err (*flush)(void *ctx),
                   void *ctx);
