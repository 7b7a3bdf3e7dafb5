/* SPDX-License-Identifier: ISC */
/* wire/netstring.h -- "5:hello," (cr.yp.to/proto/netstrings.txt): what QMTP and QMQP are made of.
 */
#pragma once
#include "base/base.h"

enum { NETSTRING_DIGITS_MAX = 10 };

/* Takes one netstring off the front of *text. ERR_SYNTAX: there is none; ERR_LIMIT: longer than
 * max; ERR_TEMP: *text ends within it. */
err netstring_take(str *text, size_t max, str *ret);
/* The length at the front ("5:"), with what the digits and the colon take. Same errors. */
err netstring_head(str text, size_t max, size_t *ret_length, size_t *ret_used);
void netstring_write(struct buf *b, str s);
