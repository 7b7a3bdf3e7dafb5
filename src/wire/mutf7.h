/* SPDX-License-Identifier: ISC */
/* wire/mutf7.h -- IMAP's modified UTF-7 mailbox names (RFC 3501 5.1.3), both ways.
 *
 * Strict: a name has one spelling only. What is not canonical, has stray bits, encodes
 * printable ASCII or holds lone surrogates is ERR_SYNTAX.
 */
#pragma once
#include "base/base.h"

err mutf7_encode(struct buf *b, str utf8);
err mutf7_decode(struct buf *b, str name); /* to UTF-8 */
