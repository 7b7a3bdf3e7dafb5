/* SPDX-License-Identifier: ISC */
/* wire/lex.h -- the lexical pieces that all structured header fields share (RFC 5322 3.2):
 * comments, quoted strings, white space. For the parsers of this folder.
 *
 * What is not closed ends with the text, so that every scan goes forward only.
 */
#pragma once
#include "base/base.h"

enum { LEX_COMMENT_DEPTH = 64 }; /* deeper parentheses count as text of the innermost */

/* s starts with the opening octet; through the closing one, or 0 when there is none. */
size_t lex_comment_closed(str s);
size_t lex_quoted_closed(str s);
str lex_skip_blanks(str s);            /* spaces, tabs, line ends */
str lex_skip_cfws(str s);              /* and comments */
str lex_inside(str s);                 /* without the first octet, and the last if it closes s[0] */
str lex_unquote(struct arena *a, str); /* "\x" becomes x, line ends go; a view if it can be */
bool lex_is_blank(char c);             /* space, tab, CR, LF */
