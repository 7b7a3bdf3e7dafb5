/* SPDX-License-Identifier: ISC */
/* list/texts.h -- the built-in texts, a table a language, in one order. */
#pragma once

struct list_text {
    const char *name, *text; /* UTF-8 */
};
extern const struct list_text texts_english[], texts_japanese[]; /* ended by a NULL name */
