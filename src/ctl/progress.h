/* SPDX-License-Identifier: ISC */
/* ctl/progress.h -- how far a long command has come, for a person who waits.
 *
 * On a terminal: one line on stderr that is written over, at most ten times a second. Elsewhere
 * (a log, a pipe): one line at the end of each part.
 */
#pragma once
#include "base/base.h"

struct progress {
    bool terminal, shown;
    int64_t next_ms, began_ms;
    size_t done, total; /* of the part */
    char part[64];
    size_t all; /* of all parts */
};
void progress_begin(struct progress *p);
/* total 0: unknown. A new name of a part ends the one before. */
void progress_show(struct progress *p, str part, size_t done, size_t total);
void progress_clear(struct progress *p); /* takes the line away: before other words on stderr */
void progress_end(struct progress *p);
