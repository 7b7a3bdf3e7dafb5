/* SPDX-License-Identifier: ISC */
/* control/tcprules_key.h -- the key of an IPv6 rule: "[32 hex digits/length]". */
#pragma once
#include "base/base.h"

enum { TCPRULES_V6_KEY = 40 };

/* The address with all but its first bits cleared. False when text is no IPv6 address. */
bool tcprules_v6_key(str text, unsigned bits, char *ret_key);
