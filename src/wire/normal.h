/* SPDX-License-Identifier: ISC */
/* wire/normal.h -- text without what a searcher does not mean to tell apart.
 *
 * Unicode NFKC and full case folding (what RFC 5051 aims at): full-width Latin is Latin, half-width
 * kana are kana with their voice marks, ligatures are letters, "STRASSE" is "straße". What
 * searchers type and what they search in go through this one function, and then compare octet by
 * octet. Octets that are no UTF-8 become U+FFFD. Linear; output is at most NORMAL_GROWTH times
 * as long as the input.
 */
#pragma once
#include "base/base.h"

enum {
    NORMAL_GROWTH = 12,   /* U+FDFA: three octets become 33 */
    NORMAL_RUN_MAX = 512, /* characters put together at once where neither ASCII, kana nor kanji
                           * lie between; longer runs are cut where a character begins */
    NORMAL_MARKS_MAX = 64 /* marks on one character that are put in order; more stay as they come */
};

void normal_add(struct buf *b, str utf8);
str normal_copy(struct arena *a, str utf8);
