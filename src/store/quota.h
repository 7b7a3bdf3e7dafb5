/* SPDX-License-Identifier: ISC */
/* store/quota.h -- how much mail a user may keep, and how much he has: Maildir++'s "maildirsize".
 *
 * The file in the root Maildir counts the octets on disk and the messages of all folders: its first
 * line is the limit ("1000000S,5000C"), each further one "octets messages", which add up. Whoever
 * adds or removes messages appends a line; so Courier and Dovecot 2.3 ("maildir" quota), this
 * keeper and deliver all see one count, and deliver needs no keeper. It is derived: missing, too
 * long, of another limit, or full and not new, it is counted again from the messages' names. A
 * crash between a message and its line leaves a count that is wrong until then.
 *
 * An mbox INBOX counts with the octets of its file, and not in messages.
 */
#pragma once
#include "base/base.h"

#define QUOTA_FILE "maildirsize"

enum {
    QUOTA_FILE_MAX = 5120,   /* Maildir++: then it is counted again */
    QUOTA_TRUST_S = 15 * 60, /* what is full is counted again after so long */
    QUOTA_WARN_FIRST = 80,   /* percent, at which the user gets a mail */
    QUOTA_WARN_LAST = 95,
};

struct quota {
    uint64_t bytes, messages; /* 0: no limit */
};

/* "1000000S,5000C", also "2G", "500M,10000C" (binary multiples). ERR_SYNTAX. */
err quota_parse(str text, struct quota *ret_limit);
static inline bool quota_is_set(const struct quota *q)
{
    return q->bytes > 0 || q->messages > 0;
}

/* What is used. home: a directory; root: of the Maildir below it; mbox: of INBOX, or NULL. */
err quota_used(int home, const char *root, const char *mbox, const struct quota *limit,
               struct quota *ret_used);
/* Would so much more be too much? ERR_LIMIT with sys EDQUOT. */
err quota_room(int home, const char *root, const char *mbox, const struct quota *limit,
               uint64_t bytes, uint64_t messages);
/* Messages came or went; best effort. */
void quota_note(int home, const char *root, int64_t bytes, int64_t messages);
/* The root of the Maildir that a folder's path is of: "Maildir/.Work" is of "Maildir". */
str quota_root(str path);

/* Percent used, of whichever is nearer to its limit. */
unsigned quota_percent(const struct quota *limit, const struct quota *used);
/* The warning (80, 95) that is due now, 0: none. Each comes once until the use has fallen below it
 * again; which was given last is kept in the root ("twinpost-quota-warned"). */
unsigned quota_warning(int home, const char *root, const struct quota *limit,
                       const struct quota *used);
/* The mail that says so. */
void quota_warning_text(struct buf *b, str user, str host, unsigned percent,
                        const struct quota *limit, const struct quota *used, int64_t now);
/* Puts it into the root's new/; best effort. */
void quota_warn(int home, const char *root, str user, str host, const struct quota *limit,
                const struct quota *used);
