/* SPDX-License-Identifier: ISC */
/* moving/notes.h -- which messages of one source are at the target already.
 *
 * A text file, one line a fact, appended: so a run that was cut short, by whatever, goes on where
 * it ended, and no message comes twice. Before messages are added to a folder a mark is written
 * durably, with the UID from which on they will be; what was added after the last mark and not
 * noted is found by its digest (import.c).
 *   twinpost-moving 1
 *   >  FOLDER  UIDVALIDITY  UIDNEXT      (fields parted by tabs)
 *   +  FOLDER  KEY  DIGEST
 * A last line without its end is somebody's unfinished append and is cut off.
 */
#pragma once
#include "base/base.h"

enum { NOTES_MAX = 1 << 30 };

struct notes;
/* Makes the file when it is missing. Locked: ERR_TEMP when another run has it. */
err notes_open(int dir, const char *name, struct notes **ret);
void notes_close(struct notes *j); /* NULL is fine */
bool notes_has(const struct notes *j, str folder, str key);
size_t notes_count(const struct notes *j);

struct notes_mark {
    uint32_t uidvalidity, uidnext;
};
/* The last mark of the folder; false: none. */
bool notes_last_mark(const struct notes *j, str folder, struct notes_mark *ret);
/* How often a message with that digest was noted since the folder's last mark. */
size_t notes_since_mark(const struct notes *j, str folder, str digest);

err notes_set_mark(struct notes *j, str folder, struct notes_mark mark); /* durable */
/* Written with the next mark, or at the close. */
err notes_add(struct notes *j, str folder, str key, str digest);
err notes_flush(struct notes *j); /* durable */
