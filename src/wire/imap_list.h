/* SPDX-License-Identifier: ISC */
/* wire/imap_list.h -- mailbox name patterns of LIST and LSUB (RFC 3501 6.3.8). */
#pragma once
#include "wire/imap_lex.h"

/* "*" matches anything, "%" anything without the separator. INBOX, alone or before a separator,
 * matches in any case. Time grows with pattern times name and no faster, whatever the pattern. */
bool imap_list_match(str pattern, str name, char separator);
/* The pattern that a reference and a mailbox argument mean together. */
str imap_list_pattern(struct arena *a, str reference, str mailbox);
/* Does the pattern end in "%", so that parents of matching names are shown (LSUB)? */
bool imap_list_wants_parents(str pattern);
