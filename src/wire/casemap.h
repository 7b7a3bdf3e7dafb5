/* SPDX-License-Identifier: ISC */
/* wire/casemap.h -- i;unicode-casemap (RFC 5051), the order in which SORT compares text.
 *
 * Each character becomes its title case and is then decomposed, all the way; results compare octet
 * by octet. Searching asks for less (wire/normal.h). Octets that are no UTF-8 become U+FFFD.
 */
#pragma once
#include "base/base.h"

void casemap_add(struct buf *b, str utf8);
