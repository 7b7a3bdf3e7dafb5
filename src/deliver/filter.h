/* SPDX-License-Identifier: ISC */
/* deliver/filter.h -- the user's Sieve script at his delivery.
 *
 * ~/.dovecot.sieve is the script in force, mostly a link into ~/sieve/ (Dovecot's places). A user
 * without one pays one stat. Whatever goes wrong with a script keeps the message in the INBOX. What
 * must be remembered (whom vacation has answered, which ids `duplicate` has seen) is in one small
 * file, written by deliver alone.
 */
#pragma once
#include "deliver/deliver.h"
#include "sieve/sieve.h"
#include "store/folders.h"

#define FILTER_ACTIVE ".dovecot.sieve"
#define FILTER_FOLDER "sieve"
#define FILTER_MEMORY ".twinpost-sieve"
#define FILTER_GLOBAL "/var/lib/twinpost/sieve" /* below the root: scripts for include :global */

enum {
    FILTER_MEMORY_MAX = 4096,      /* remembered at a time; the first to run out goes first */
    FILTER_NOTICE_SECONDS = 86400, /* a broken script is told once in that time */
    FILTER_DOUBT_SECONDS = 30,     /* a delivery older than this may be a repeated one */
};

struct filter {
    uint64_t inode, size;
    int64_t mtime_ns;
    struct arena *arena; /* of the script; NULL: none is loaded */
    struct sieve_script *script;
    struct sieve_problem first; /* when script is NULL */
    bool unreadable;
};

/* One message under its script. */
struct filtering {
    struct job *job;
    struct filter *filter;
    const struct instruction *inbox; /* where keep goes */
    struct folders folders;
    struct sieve_message message;
    str own[2]; /* the recipient, user@host */
    bool repeated;
};

/* filter_store.c: ret_path is the Maildir's, or the mbox file's. */
struct target {
    str path;
    bool is_mbox;
};
bool filter_mailbox_exists(struct filtering *f, str name);
bool filter_special_use(struct filtering *f, str name, str use);
bool filter_metadata(struct filtering *f, str mailbox, str annotation, struct arena *a,
                     str *ret_value);
/* Never fails: what is no mailbox, or cannot be made, is the INBOX, and *ret_lost. */
struct target filter_target(struct filtering *f, const struct sieve_action *a, bool *ret_lost);
bool filter_store(struct filtering *f, const struct sieve_action *a, const struct target *t);

/* filter_send.c */
bool filter_redirect(struct filtering *f, const struct sieve_action *a);
bool filter_vacation(struct filtering *f, const struct sieve_action *a);
bool filter_notify(struct filtering *f, const struct sieve_action *a);
void filter_notice(struct filtering *f, const struct sieve_problem *p); /* best effort */
bool filter_is_own(const struct filtering *f, str address);

/* filter_memory.c: kinds keep the users of the file apart. */
bool memory_has(int home, str kind, str what, int64_t now);
/* Durable. An older entry of the same is replaced, or kept with its time (keep_time). */
err memory_add(int home, str kind, str what, int64_t now, int64_t until, bool keep_time);
