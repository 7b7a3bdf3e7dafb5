/* SPDX-License-Identifier: ISC */
/* wire/find.h -- finds octets in octets, at memory's speed.
 *
 * Looks for the two rarest octets of the needle, 64 places at a time; Japanese in UTF-8 has the
 * same first octet everywhere, so which two matters. A text made to defeat that goes the linear
 * way of the C library from there on. An empty needle is everywhere.
 */
#pragma once
#include "base/base.h"

struct finder {
    str needle;  /* the caller's; lives as long as the finder */
    size_t a, b; /* where in it the two octets are */
};
struct finder finder_of(str needle);
/* Index of the first occurrence at or after `from`, or -1. */
ptrdiff_t finder_next(const struct finder *f, str text, size_t from);
