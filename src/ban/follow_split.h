/* SPDX-License-Identifier: ISC */
/* ban/follow_split.h -- bytes of a log to lines, with bounded memory: of a longer line only the
 * first FILTER_LINE_MAX bytes come out. CR before LF is no part of a line. */
#pragma once
#include "ban/filter.h"

struct follow_split {
    struct buf part; /* a line that has begun in an earlier block */
};
void follow_split_init(struct follow_split *s);
void follow_split_done(struct follow_split *s);
/* Takes the next line off *block (which shrinks). False: the rest waits for the next block. The
 * line is valid until the next call. */
bool follow_split_next(struct follow_split *s, str *block, str *ret_line);
/* What stands there without LF at the end; false when nothing does. */
bool follow_split_rest(struct follow_split *s, str *ret_line);
