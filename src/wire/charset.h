/* SPDX-License-Identifier: ISC */
/* wire/charset.h -- text in UTF-8 and in the charsets that mail comes in.
 *
 * UTF-8, US-ASCII, ISO-8859-1 and windows-1252 are built in. Others come from iconv(3), which
 * opens its tables in the file system: a program that shuts itself in calls charset_warm()
 * before, and then has those for good.
 */
#pragma once
#include "base/base.h"

bool utf8_is_valid(str s);  /* RFC 3629: no surrogates, no overlong forms */
bool ascii_is_all(str s);   /* 7-bit only; NUL and controls are ASCII */
size_t ascii_length(str s); /* octets of ASCII at the front */
/* Octets of the well-formed character at the front of s, or 0. */
size_t utf8_length(str s);
/* Its code point; s starts with a well-formed character. */
uint32_t utf8_code(str s);
void utf8_write(struct buf *b, uint32_t code); /* U+FFFD for what is no character */
/* Adds s to b with every malformed sequence as U+FFFD. */
void utf8_repair(struct buf *b, str s);
/* Converts to UTF-8; what cannot be read becomes U+FFFD. ERR_NOTFOUND for an unknown charset,
 * and then nothing is added. Names are those of MIME, any case. */
err charset_to_utf8(struct buf *b, str charset, str in);
/* What undeclared octets probably are: "utf-8", "iso-2022-jp", "euc-jp", "shift_jis" or
 * "windows-1252". Looks at the first CHARSET_GUESS_MAX octets. */
enum { CHARSET_GUESS_MAX = 64 * 1024 };
str charset_guess(str s);
/* The code point of an octet of windows-1252; U+FFFD where it has none. */
uint32_t charset_windows1252(unsigned char c);
/* Opens and keeps the converters of what mail commonly comes in (Japanese, Chinese, Korean,
 * Cyrillic, Latin). How many the system has is returned. Not thread-safe. */
size_t charset_warm(void);
