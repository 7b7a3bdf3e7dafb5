/* SPDX-License-Identifier: ISC */
/* control/names.h -- the lines of a control file, with case-insensitive lookup.
 *
 * As qmail reads them: trailing space and tab cut, empty lines and lines that begin with #
 * skipped, leading spaces kept. In a map the key ends at the first colon and lines without
 * one are ignored. Where a key stands twice the later line answers. Entries are views into
 * the text given, in file order; the keys are the administrator's, so the hash needs no secret.
 */
#pragma once
#include "base/base.h"

struct name_entry {
    str key, value; /* list: the whole line is the key, value is empty */
    size_t line;    /* 1 is the first */
};
struct names {
    bool present; /* the file exists: an empty one is not an absent one */
    size_t n;
    const struct name_entry *at;
    const uint32_t *slots; /* index + 1 into at, 0: free */
    size_t mask;
};

struct names names_parse(str text, bool map, struct arena *a);
/* NULL when absent. */
const struct name_entry *names_find(const struct names *n, str key);
bool names_has(const struct names *n, str key);
/* Tries host, then each ".suffix" from left to right. */
const struct name_entry *names_find_host(const struct names *n, str host);
str line_first(str text); /* the first line, trailing space, tab and line ends cut */
/* Takes one line off *text, its LF only: control files keep their CRs, as with qmail. */
bool line_next(str *text, str *ret_line);
str line_trim(str line); /* trailing space, tab and LF cut, nothing else */
