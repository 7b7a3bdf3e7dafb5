/* SPDX-License-Identifier: ISC */
/* wire/msgid.h -- the message identifiers of Message-ID, References and In-Reply-To.
 *
 * RFC 5256 3 compares them without their quoting: <"01KF8JCEOCBS0045PS"@xxx.yyy.com> is
 * <01KF8JCEOCBS0045PS@xxx.yyy.com>. What is no identifier between them is passed over. Linear.
 */
#pragma once
#include "base/base.h"

enum { MSGID_MAX = 998 }; /* octets of one, quoting undone; a longer one is none */

/* Takes the next identifier off *rest (a raw header value) and puts "left@right" into b, which is
 * reset first. False when there is none. */
bool msgid_next(str *rest, struct buf *b);
