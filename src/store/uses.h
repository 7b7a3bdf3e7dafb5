/* SPDX-License-Identifier: ISC */
/* store/uses.h -- what folders are for (RFC 6154), by attribute or by name. */
#pragma once
#include "store/session.h"

/* "\Sent \Trash", any case, to enum store_use; words that are none are passed over. */
unsigned uses_read(str text);
/* The names that tell a use when no folder has its attribute: the first that exists gets it. At
 * the top or below INBOX. */
const str *uses_names(unsigned use, size_t *ret_n);
/* "Sent" is \Sent: the use of a folder with such a name; 0: of none. */
unsigned uses_of_name(str name);
