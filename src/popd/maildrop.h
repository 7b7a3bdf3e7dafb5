/* SPDX-License-Identifier: ISC */
/* popd/maildrop.h -- what POP3's transaction state works on, whoever keeps it.
 *
 * Two of them: the user's INBOX behind a keeper (drop_keeper.c, for sessions of the house) and
 * a Maildir read directly (drop_maildir.c, for an old run script's qmail-pop3d).
 *
 * No lock: as with qmail-pop3d, two sessions may have one maildrop open (a phone and a
 * notebook poll at the same time, and [IN-USE] has annoyed people for decades). Each sees
 * the messages that were there when it began; deleting one twice is deleting it once.
 */
#pragma once
#include "base/base.h"

struct maildrop;

struct maildrop_kind {
    uint64_t (*size)(struct maildrop *d, size_t i); /* octets, as LIST says */
    str (*uidl)(struct maildrop *d, size_t i);
    /* The message, valid until the next call. ERR_NOTFOUND: it is gone. */
    err (*body)(struct maildrop *d, size_t i, str *ret);
    /* QUIT: removes for good what is marked; what is new is not new any more. */
    err (*commit)(struct maildrop *d, const bool *deleted);
    void (*free)(struct maildrop *d);
};

struct maildrop {
    const struct maildrop_kind *kind;
    size_t n;
    bool extra_line; /* qmail-pop3d ends each message with one more empty line */
    void *data;
};

enum { MAILDROP_MAX = 10 * 1000 * 1000 };

struct store;
/* Takes s. ERR_…: there is no mailbox, or the keeper does not answer. */
err maildrop_from_store(struct store *s, struct maildrop *ret);
/* dir: the Maildir. now: files as young as that are left for the next time. */
err maildrop_from_maildir(int dir, int64_t now, struct maildrop *ret);
void maildrop_done(struct maildrop *d);
