/* SPDX-License-Identifier: ISC */
/* list/subject.h -- subjects and authors as an ezmlm archive's index has them (ezmlm-idx(1)).
 *
 * Octets, not characters: encoded words are decoded, and stay in their charset.
 */
#pragma once
#include "base/base.h"

/* Without reply marks ("Re: ", "Aw: ", "Re[2]: ", "-Reply" behind) and without the list's prefix
 * among them; *ret_reply: there was one. A view or a text in the arena. */
str subject_of(struct arena *a, str raw_value, str prefix, bool *ret_reply);
/* The prefix stands in this text at the front; '#' of it is a number. Octets it takes, or 0. */
size_t prefix_length(str text, str prefix);
/* What of a From value is hashed: joe-list@h is joe@h. */
str author_key(struct arena *a, str raw_value);
/* The name to show. */
str author_name(struct arena *a, str raw_value);
