/* SPDX-License-Identifier: ISC */
/* list/cookie.h -- the 20 letters by which a list knows its own addresses again.
 *
 * They are made of a hash named SURF over the list's key, a date, an address and an action, as
 * ezmlm makes them, so that confirmations under way survive a change of the list software.
 */
#pragma once
#include "base/base.h"

enum { COOKIE_LETTERS = 20, COOKIE_LIFE = 1'000'000, COOKIE_BOUNCE_LIFE = 3'000'000 };

struct cookie {
    char at[COOKIE_LETTERS + 1]; /* a to p, then NUL */
};

struct cookie cookie_make(str key, str date, str address, char action); /* action 0: none */
/* In constant time for a text of the right length. */
bool cookie_is(str text, const struct cookie *c);
/* The same letters over a text without blanks and case: subjects and authors of the archive. */
struct cookie cookie_of_text(str text);
