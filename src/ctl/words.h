/* SPDX-License-Identifier: ISC */
/* ctl/words.h -- what `twinpost` says to people, in their language.
 *
 * The English text is the key, so a text without a translation is still said. The old names'
 * messages have none: scripts read them.
 */
#pragma once
#include "ctl/ctl.h"

struct word_pair {
    const char *en, *ja;
};
extern const struct word_pair words_table[];
extern const size_t words_n;

const char *word(const struct ctl *c, const char *en) __attribute__((format_arg(2)));
/* Adds the translated text; %1 to %9 become the args, control characters in them '?'. */
void words_add(const struct ctl *c, struct buf *out, const char *en, const str *args, size_t n);
