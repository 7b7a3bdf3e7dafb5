/* SPDX-License-Identifier: ISC */
/* imapd/sort.h -- brings what a search found into order (RFC 5256, 5957). */
#pragma once
#include "imapd/search.h"
#include "wire/imap_sort.h"

enum { SORT_MEMORY_MAX = 512 << 20 }; /* texts of all keys of all messages; then ERR_LIMIT */

/* Sorts found->at, which ascends before. n log n; messages are opened only for keys that the table
 * does not hold. */
err sort_found(struct session *s, const struct imap_sort_args *args, struct search_found *found);
