/* SPDX-License-Identifier: ISC */
/* log/line.h -- reading events back: one flat JSON object a line, as event.h writes it.
 *
 * Pure. Anything that is not such a line simply ends the walk: readers of logs go on with
 * the next line.
 */
#pragma once
#include "base/base.h"

struct log_pair {
    str key;
    str raw; /* as it stands: for text without the quotes, escapes undone by log_text() */
    bool is_text;
};

/* Starts at a line and takes one pair after another: *rest begins as the whole line. */
bool log_line_next(str *rest, struct log_pair *ret);
/* The value of one key; false when absent. */
bool log_line_get(str line, str key, struct log_pair *ret);
bool log_line_is(str line, str key, str text); /* has this key with exactly this text or number */
/* Undoes the escapes of RFC 8259 7 into the buffer (\u0000..\u00ff become UTF-8). */
void log_text(str raw, struct buf *out);
/* A line for a person: local time, event, then key=value; no colour, no LF. */
void log_line_readable(str line, struct buf *out);
