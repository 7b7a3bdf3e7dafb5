/* SPDX-License-Identifier: ISC */
/* wire/fold.h -- letters without their case, for searching in UTF-8 text.
 *
 * Latin with its accents, Greek, Cyrillic and full-width Latin: the one-to-one pairs whose UTF-8
 * has the same length, so text is folded where it lies. (i;unicode-casemap of RFC 5051 does
 * more; nobody who searches for a word misses it.)
 */
#pragma once
#include "base/base.h"

void fold_in_place(char *p, size_t n);
str fold_copy(struct arena *a, str s);
/* Both sides folded. An empty needle is everywhere. Linear. */
bool folded_has(str text, str needle);
