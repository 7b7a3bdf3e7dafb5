/* SPDX-License-Identifier: ISC */
/* list/archive.h -- the numbered posts of a list: num, archive/N/NN, archive/N/index (ezmlm(5)).
 *
 * A post is complete when its file is executable for its owner; readers pass others over. That bit
 * is set after the sync, and num is written after it.
 */
#pragma once
#include "list/list.h"

struct list_num {
    uint64_t number; /* of the last post */
    uint64_t units;  /* of 256 octets, of all bodies */
};

/* Absent: 0. */
err num_read(const struct mlist *l, const char *file, struct list_num *ret);
err num_write(const struct mlist *l, const struct list_num *n);

/* "archive/12/34" of 1234. */
const char *archive_path(struct arena *a, uint64_t number);
/* Writes, syncs, marks as complete. */
err archive_write(const struct mlist *l, uint64_t number, str text);
/* ERR_NOTFOUND: no such post, or not complete. */
err archive_read(const struct mlist *l, uint64_t number, struct arena *a, str *ret);
/* Appends the two lines of a post to its index; a post that is there already is replaced. */
err archive_index(const struct mlist *l, uint64_t number, str message);
/* Makes the index of a hundred posts anew from their files. */
err archive_reindex(const struct mlist *l, uint64_t hundred);
/* The two lines. */
void index_lines(struct buf *b, const struct mlist *l, uint64_t number, str message);

struct index_entry {
    uint64_t number;
    str hash, subject, date, author_hash, author;
    bool reply;
};
/* Takes one entry (with or without its author line) off the front. */
bool index_next(str *rest, struct index_entry *ret);
/* "archive/N/index", or empty. */
str archive_index_read(const struct mlist *l, uint64_t hundred, struct arena *a);
