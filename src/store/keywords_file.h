/* SPDX-License-Identifier: ISC */
/* store/keywords_file.h -- letters for keywords in a Maildir that a keeper may have open as well.
 *
 * Two programs give letters away: the keeper, and deliver for a Sieve script's flags. Each does it
 * under dovecot-keywords.lock, after reading the file again, so that no letter is given twice.
 */
#pragma once
#include "store/keywords.h"

err keywords_lock(int maildir, int *ret_lock);
void keywords_unlock(int maildir, int *lock);
/* Bit i: letter 'a' + i. Names that can have none (all letters are taken) are left out. */
err keywords_file_need(int maildir, const str *names, size_t n, uint32_t *ret_letters);
