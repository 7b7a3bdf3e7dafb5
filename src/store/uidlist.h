/* SPDX-License-Identifier: ISC */
/* store/uidlist.h -- dovecot-uidlist: which UID belongs to which Maildir base name.
 *
 * Version 3: "3 V<uidvalidity> N<nextuid> G<guid>", then "UID [fields] :NAME" a line; version
 * 1 (Courier, old Dovecot): "1 UIDVALIDITY NEXTUID", then "UID NAME". New messages are
 * appended; a rewrite goes through a temporary file and rename. Both happen only with
 * dovecot-uidlist.lock held, as Dovecot does. UIDs ascend and are never given twice.
 */
#pragma once
#include "base/base.h"

#define UIDLIST_FILE "dovecot-uidlist"
#define UIDLIST_LOCK "dovecot-uidlist.lock"
enum { UIDLIST_MAX = 1 << 30, UIDLIST_STALE_S = 120 };

struct uidlist {
    uint32_t version; /* 3 or 1; 0: no usable header */
    uint32_t uidvalidity, nextuid;
    char guid[33];  /* 32 hex digits, or empty */
    size_t damaged; /* lines that could not be read */
};
struct uidlist_record {
    uint32_t uid;
    uint32_t wire_size; /* field W, 0: unknown */
    str base;           /* up to ':' */
    str line;           /* as it stands, with its LF; version 1: empty */
};

/* ---- pure ---- */
/* Reads the header off *text. version 0: damaged or empty. */
struct uidlist uidlist_header(str *text);
/* The next good record; damaged lines are counted in l, and l->nextuid grows past every UID
 * seen, also those on damaged lines. False at the end. A last line without LF is somebody's
 * unfinished append and not there yet. */
bool uidlist_next(struct uidlist *l, str *text, struct uidlist_record *ret);
void uidlist_header_write(struct buf *b, const struct uidlist *l);
void uidlist_record_write(struct buf *b, uint32_t uid, uint32_t wire_size, str base);

/* ---- files ---- */
err uidlist_lock(int maildir, deadline by, int *ret_lock);
/* The whole list anew, atomic and durable. With the lock held. */
err uidlist_replace(int maildir, str bytes);
void uidlist_unlock(int maildir, int *lock);
/* Adds lines at the end; synced, or for the caller to sync. With the lock held. */
enum uidlist_sync { UIDLIST_SYNC, UIDLIST_SYNC_LATER };
err uidlist_append(int maildir, str lines, enum uidlist_sync sync);
void uidlist_make_guid(char ret[33]);
