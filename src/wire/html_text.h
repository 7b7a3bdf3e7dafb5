/* SPDX-License-Identifier: ISC */
/* wire/html_text.h -- HTML as plain text: what a browser shows, roughly.
 *
 * Tags go (those of blocks as line ends), so do comments, scripts, styles and the head but its
 * title; entities are decoded; white space is single. No tree is built: an unclosed tag or
 * comment ends with the text, a '<' that starts no tag is a '<'. Linear.
 */
#pragma once
#include "base/base.h"

enum { HTML_LINKS_MAX = 256 * 1024 }; /* octets of links of one document */

/* `html` is UTF-8 (or near it). links: receives what href, src, alt and title say, a line each;
 * NULL: not wanted. alt texts are in the text too. */
void html_to_text(struct buf *b, str html, struct buf *links);
