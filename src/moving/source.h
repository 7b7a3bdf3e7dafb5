/* SPDX-License-Identifier: ISC */
/* moving/source.h -- where mail comes from: Maildirs, mbox files, another IMAP server.
 *
 * A source lists its folders, and gives the messages of one folder after the other. Each message
 * has a key that is the same whenever the source is read again, so that a run that was cut short
 * goes on where it ended. Nothing at the source is changed. Files are opened without following
 * a last symlink, and only regular ones are read: the reader may be root in a user's folder.
 */
#pragma once
#include "base/base.h"
#include "client/imap.h"

enum {
    MOVING_MESSAGE_MAX = 256 * 1024 * 1024,
    MOVING_FOLDERS_MAX = 20000,
    MOVING_DEPTH_MAX = 16,          /* nested directories */
    MOVING_MESSAGES_MAX = 10000000, /* of one folder */
    MOVING_MBOX_MAX = 0x7fffffff,   /* bytes of one mbox file: it is mapped whole */
};

struct moving_folder {
    str name;        /* a Maildir++ name for the target: "INBOX", "Work.2026" in modified UTF-7 */
    str place;       /* for people: a path, or the server's name */
    size_t messages; /* an estimate, for the bar */
    bool subscribed;
};

struct moving_message {
    str key;        /* without tab or line end */
    uint32_t flags; /* enum store_flag, the system ones */
    const str *keywords;
    size_t n_keywords;
    int64_t date;        /* internal date; -1: unknown */
    str bytes;           /* with LF line ends */
    const char *problem; /* not NULL: it cannot be taken, and why; bytes are empty */
};

struct moving_source {
    struct moving_folder *folders;
    size_t n_folders;
    /* Then next() gives its messages. */
    err (*open)(struct moving_source *s, size_t folder);
    /* The message lives until the next call. */
    err (*next)(struct moving_source *s, struct moving_message *ret, bool *ret_end);
    /* The message with that key is known already: next() need not read it. May be NULL. */
    void (*free)(struct moving_source *s);
    /* Set by who reads: says whether a key is done, before the message is read. */
    bool (*is_done)(void *ctx, str key);
    void *done_ctx;
    str why; /* words of the last failure that the source has beyond its err */
};

/* path: a Maildir with its Maildir++ folders, a directory with Maildirs in it (Dovecot's
 * LAYOUT=fs), an mbox file, or a directory with mbox files. ERR_SYNTAX: none of these. */
err source_open_path(const char *path, struct arena *a, struct moving_source **ret);
err source_open_imap(struct imap_client *client, struct arena *a, struct moving_source **ret);

/* ---- for the sources ---- */
bool source_skips(const struct moving_source *s, str key);
/* The name of a level of the target's folder from any bytes: '.' and '/' become '_', what is not
 * ASCII must be modified UTF-7 already or valid UTF-8 (then it is encoded). */
err source_level(struct buf *b, str level);
err source_open_maildir(int dir, const char *path, struct arena *a, struct moving_source **ret);
err source_open_mbox(int dir, const char *path, struct arena *a, struct moving_source **ret);
