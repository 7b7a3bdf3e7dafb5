/* SPDX-License-Identifier: ISC */
/* ban/follow.h -- one log file followed through rotation.
 *
 * follow_line() gives line after line and says ERR_TEMP when there is nothing more for now: then
 * wait for a change of the file or its directory (inotify is the caller's) and ask again. A file
 * that was replaced is read to its end first, then the new one from its start; one that was cut
 * is read from its start again. A file that is not there is waited for in the same way.
 * A large file at first start is not read but searched: follow_seek() halves it by its lines'
 * dates until what is left is not older than a time.
 */
#pragma once
#include "ban/follow_split.h"

enum { FOLLOW_BLOCK = 1 << 16 };

struct follow {
    const char *path; /* the caller's */
    int fd;           /* -1: not there at present */
    uint64_t dev, ino, pos;
    struct follow_split split;
    char *block;
    str rest; /* of the block */
};

/* from: where to begin, from an earlier run; it counts only while the file is as long as that.
 * tail: begin at the end. */
void follow_init(struct follow *f, const char *path, uint64_t from, bool tail);
void follow_done(struct follow *f);
/* ERR_TEMP: nothing now. Others: why the file cannot be read (it will be tried again). The line
 * is valid until the next call. */
err follow_line(struct follow *f, str *ret_line);
/* Goes to the first line that is not older than `since`, before the first follow_line(). Dates
 * are read by a detector of its own. Steps: at most 64 reads. */
err follow_seek(struct follow *f, struct date_detector *dates, int64_t since, int64_t now);
/* Up to where lines have been given out; to be kept over a restart. */
uint64_t follow_position(const struct follow *f);
