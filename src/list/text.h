/* SPDX-License-Identifier: ISC */
/* list/text.h -- the texts that a list answers with: from its own files, or built in.
 *
 * text/NAME of the directory (or where it may be instead), in the list's charset, counts before
 * ours, which are kept in UTF-8, in English and Japanese, and written in that charset. Tags:
 * <#L#> <#l#> list, <#H#> <#h#> host, <#A#> <#a#> target, <#t#> target with '=', <#R#> <#r#> reply
 * address, <#c#> cookie part, <#C#> hash, <#T#> time, <#X#> action, <#n#> number, <#d#> dir; others
 * vanish. A line <=Bn=> begins lines that are there only if flag n is on and b is not. Lines with
 * # are left out.
 */
#pragma once
#include "list/list.h"

struct text_tags {
    str target, reply, cookie, hash, time, action;
    uint64_t number;
};

/* One piece of text with its tags filled in. */
void text_expand(struct buf *b, const struct mlist *l, const struct text_tags *t, str text);
/* text/NAME in the list's charset. False: there is no such text. */
bool text_write(struct buf *b, const struct mlist *l, const struct text_tags *t, const char *name);
/* One of the short texts of `messages` (NAME:text); subjects, mostly. */
void text_message(struct buf *b, const struct mlist *l, const struct text_tags *t,
                  const char *name);
/* UTF-8 in the list's charset; what that cannot hold as '?'. */
void text_in_charset(struct buf *b, const struct mlist *l, str utf8);
/* The built-in text; p == NULL: none of that name. */
str text_builtin(const char *name, bool japanese);
