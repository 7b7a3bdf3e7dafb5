/* SPDX-License-Identifier: ISC */
/* wire/words.h -- RFC 2047 encoded words in header text.
 *
 * The decoder is tolerant as the mail it meets: long words, words glued to text, a multi-octet
 * character cut between two words of one charset, unknown charsets (their octets taken as UTF-8).
 */
#pragma once
#include "base/base.h"

struct word {
    bool encoded;
    str text; /* plain: the text with its blanks; encoded: what stands between the last two '?' */
    str raw;  /* as it stands */
    str charset;   /* encoded only, without the language */
    str language;  /* RFC 2231 5; mostly empty */
    char encoding; /* 'B' or 'Q' */
};

/* Takes the next stretch off *rest. Blanks between two encoded words do not appear. */
bool words_next(str *rest, struct word *ret_word);
/* The octets of an encoded word, in its charset. */
void word_decode(struct buf *b, const struct word *word);
/* The whole value as UTF-8: unfolded, words decoded and converted, the rest repaired. */
void words_to_utf8(struct buf *b, str value);
/* UTF-8 text as encoded words of at most 75 characters in lines of at most 76, folded with eol
 * and a space; ASCII text that needs nothing is written as it is. `column`: what stands before it
 * on the line. Invalid UTF-8 is repaired first. */
void words_encode(struct buf *b, str utf8, size_t column, str eol);
