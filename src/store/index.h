/* SPDX-License-Identifier: ISC */
/* store/index.h -- what an owner's keeper remembers of his messages and could find out again.
 *
 * One SQLite file a user, the keeper's alone: INDEX_NAME in the Maildir's root; beside an mbox
 * INBOX, MBOX.INDEX_NAME. No Maildir++ reader takes it for a folder: those begin with a dot. WAL;
 * commits are not synced, but for one: see index_begin_changes().
 *
 * Nothing here is the truth. A file that is missing, damaged, of another version, of another
 * mailbox, on a full disk, or held by another keeper costs time and nothing else: every function
 * may fail and says so with false, and no caller passes that on to a session. What cannot be found
 * out again are mod-sequences: a mailbox that the index does not know well begins anew with ones
 * greater than any before (box_modseq.c).
 */
#pragma once
#include "base/base.h"

#define INDEX_NAME "twinpost-index"
enum {
    INDEX_VERSION = 2,
    INDEX_CHUNK_BITS = 7,       /* messages are kept by 128 UIDs, one page of the file */
    INDEX_GONE_MAX = 100'000,   /* expunged UIDs remembered of one mailbox */
    INDEX_RETRY_MS = 60 * 1000, /* after a failure to open it */
};

struct index;

struct index_row { /* of a message */
    uint64_t modseq;
    uint32_t uid, flags, size, date;
    uint32_t saved; /* when it came into this mailbox */
    uint32_t name;  /* a hash of its base name: a UID with another one is another message */
};
struct index_gone {
    uint64_t modseq;
    uint32_t uid;
};

struct index_box {    /* a mailbox in the index */
    uint32_t id;      /* 0: not there */
    uint64_t inode;   /* of the directory (or mbox) it was last seen in */
    uint64_t highest; /* modseq */
    uint64_t floor;   /* the expunged with a greater modseq are all known */
    uint32_t n_gone;  /* UIDs in the history */
    bool clean;       /* nothing happened since this was written */
    bool fresh;       /* made by this call: there is nothing in it */
};

/* Takes no file yet. path: of the file, relative to the working directory. */
struct index *index_new(const char *path);
void index_free(struct index *x); /* NULL is fine, also for all below: then there is no index */
/* Commits, and gives file and memory back until somebody needs it again. */
void index_rest(struct index *x);
bool index_commit(struct index *x);
bool index_is_busy(const struct index *x); /* something waits for index_commit() */
/* Changes whenever the file was begun anew: what was in it is gone. */
uint32_t index_generation(const struct index *x);

/* By the folder's name, of this UIDVALIDITY and guid; else a fresh one. */
bool index_box_find(struct index *x, str folder, uint32_t uidvalidity, str guid,
                    struct index_box *ret);
/* highest, floor, inode, clean. */
bool index_box_save(struct index *x, const struct index_box *b);
/* On the disk when it returns: from here on the mailbox is not clean. So what a loss of power
 * takes away is noticed. */
bool index_begin_changes(struct index *x, const struct index_box *b);
void index_box_renamed(struct index *x, str from, str to); /* with all folders below it */
void index_box_deleted(struct index *x, str folder);

/* All rows, UIDs ascending, on the heap. */
bool index_rows(struct index *x, uint32_t box, struct index_row **ret, size_t *ret_n);
/* All rows of one chunk (uid >> INDEX_CHUNK_BITS), in place of those before; n may be 0. */
bool index_chunk_save(struct index *x, uint32_t box, uint32_t chunk, const struct index_row *rows,
                      size_t n);

/* Of one modseq, ascending; no more than INDEX_GONE_MAX. */
bool index_gone_add(struct index *x, uint32_t box, uint64_t modseq, const uint32_t *uids, size_t n);
/* Forgets the oldest until INDEX_GONE_MAX are left; raises b->floor. */
bool index_gone_trim(struct index *x, struct index_box *b);
bool index_gone_clear(struct index *x, struct index_box *b);
/* Adds the UIDs above `since` to `out`, four octets each, as they come. */
bool index_gone_since(struct index *x, uint32_t box, uint64_t since, struct buf *out);

/* Appends a digest (wire/digest.h). False: none, or of another message. */
bool index_digest(struct index *x, uint32_t box, uint32_t uid, uint32_t name, struct buf *out);
bool index_digest_save(struct index *x, uint32_t box, uint32_t uid, uint32_t name, str digest);
bool index_digest_drop(struct index *x, uint32_t box, uint32_t uid);
