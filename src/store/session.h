/* SPDX-License-Identifier: ISC */
/* store/session.h -- a session's face of the mail store: what imapd and popd call.
 *
 * Linear and blocking. Behind it is the keeper of the mailbox owner (ipc/keeper.h), the only
 * writer; a session holds one conversation with it and at most one open mailbox. A call that
 * the keeper does not answer within STORE_ANSWER_MS fails with ERR_TIMEOUT, and the
 * conversation is over then (ERR_CLOSED from there on).
 *
 * Folder names are Maildir++ names without the leading dot: "INBOX" (any case on input), or
 * modified UTF-7 with '.' between levels ("Work.2026"), just what IMAP4rev1 says on the wire.
 * Bodies have LF line ends on disk; sizes are octets with CRLF line ends (RFC822.SIZE).
 *
 * The open mailbox is a table sorted by UID; a sequence number is index + 1. It changes only
 * inside store_sync() (and store_select()), so a command may walk it in peace. The table is
 * a copy-on-write view of memory that all sessions of one mailbox share: 16 bytes a message,
 * and next to nothing of its own for a session that sees no changes.
 */
#pragma once
#include "base/base.h"
#include "wire/acl.h"
#include "wire/digest.h"

enum {
    STORE_ANSWER_MS = 60 * 1000,
    STORE_FETCH_MAX = 32,    /* bodies asked for with one packet */
    STORE_KEYWORDS_MAX = 26, /* Maildir has a letter a..z for each */
    STORE_KEYWORD_BYTES = 128,
    STORE_NAME_MAX = 255,      /* of a folder: it is one file name on disk */
    STORE_FOLDERS_MAX = 20000, /* of one owner */
    STORE_ID_MAX = 64,         /* octets of a MAILBOXID */
    STORE_STAGED_MAX = 200,
    STORE_ATTRIBUTE_MAX = 32 * 1024,
    STORE_ATTRIBUTES_MAX = 128, /* of one folder */
    STORE_MESSAGES_MAX = 10 * 1000 * 1000,
};

/* One word holds a message's flags: six of the system, then the keywords. */
enum store_flag {
    STORE_SEEN = 1,
    STORE_ANSWERED = 2,
    STORE_FLAGGED = 4,
    STORE_DELETED = 8,
    STORE_DRAFT = 16,
    STORE_RECENT = 32, /* of this session; cannot be stored */
    STORE_SYSTEM_FLAGS = 63,
    STORE_KEYWORD_SHIFT = 6,
};
#define STORE_KEYWORD(i) (UINT32_C(1) << (STORE_KEYWORD_SHIFT + (i)))

struct store_message {
    uint32_t uid;
    uint32_t flags; /* enum store_flag, STORE_KEYWORD(i) */
    uint32_t size;  /* octets with CRLF */
    uint32_t date;  /* internal date: seconds since the epoch, UTC */
};

struct store_range { /* UIDs, both ends included */
    uint32_t from, to;
};

/* The open mailbox. Pointers are valid until the next store_sync() or store_select(). */
struct store_box {
    const struct store_message *messages;
    size_t n;
    uint32_t uidvalidity, uidnext;
    bool writable;
    unsigned rights; /* enum acl_right, together: as of store_select() */
    /* Mod-sequences (RFC 7162): each change of a message, its arrival and its going take a number
     * greater than all before. highestmodseq belongs to this table: what changes after it has a
     * greater one. It is never 0 and always known. */
    uint64_t highestmodseq;
    const uint64_t *modseqs; /* beside messages; NULL before store_want_modseqs() */
    str id;                  /* RFC 8474's MAILBOXID: the same for as long as the UIDs are valid */
    /* As of store_select(): counted by the keeper, so that nobody walks the table for them. */
    uint32_t recent, unseen, first_unseen; /* the last is a sequence number; 0: none */
    str keywords[STORE_KEYWORDS_MAX];      /* by bit; empty: not in use */
    size_t n_keywords;                     /* those in use are below this */
};

struct store; /* the conversation */

struct store *store_new(int channel_fd); /* takes the fd: the channel that init gave */
void store_free(struct store *s);
/* Readable when the open mailbox has news (or the keeper is gone): for IDLE, with io_wait(). */
int store_fd(const struct store *s);
/* Takes in what the keeper said unasked. True: store_sync() would bring something. */
bool store_has_news(struct store *s);
/* Plain words of the last failure for a person ("no such folder"); static or until the next
 * call. Kinds: NOTFOUND, DENIED (sys EEXIST: exists already; read-only, bad name), LIMIT (sys
 * EDQUOT: the quota), TEMP, … */
str store_reason(const struct store *s);

/* ---- folders ---- */
enum store_folder_flag {
    STORE_NOSELECT = 1, /* only a level in the names of others */
    STORE_SUBSCRIBED = 2,
    STORE_HAS_CHILDREN = 4,
    STORE_MARKED = 8,  /* something lies in new/ */
    STORE_ABSENT = 16, /* subscribed only: the folder does not exist */
};
/* What a folder is for: said by an attribute, or told by its name. */
enum store_use {
    STORE_USE_ARCHIVE = 1,
    STORE_USE_DRAFTS = 2,
    STORE_USE_JUNK = 4,
    STORE_USE_SENT = 8,
    STORE_USE_TRASH = 16,
    STORE_USE_ALL = 31,
};
struct store_folder {
    str name;
    unsigned flags;
    unsigned uses; /* enum store_use, together */
};
/* All folders and subscriptions, INBOX first, then by name. */
err store_list(struct store *s, struct arena *a, struct store_folder **ret, size_t *ret_n);
err store_create(struct store *s, str name); /* with missing parents */
err store_delete(struct store *s, str name); /* children stay */
/* With children. INBOX: its messages move to the new folder, INBOX stays (RFC 9051 6.3.6). */
err store_rename(struct store *s, str from, str to);
enum store_subscription { STORE_UNSUBSCRIBE, STORE_SUBSCRIBE };
err store_subscribe(struct store *s, str name, enum store_subscription want);

struct store_status {
    uint32_t messages, recent, unseen, deleted, uidnext, uidvalidity;
    uint64_t size, deleted_size; /* octets with CRLF; the second of those that are deleted */
    uint64_t highestmodseq;
    char id[STORE_ID_MAX + 1]; /* as store_box.id */
};
err store_status(struct store *s, str name, struct store_status *ret);

/* ---- the open mailbox ---- */
enum store_mode {
    STORE_SELECT,  /* read and write; takes the recent messages */
    STORE_EXAMINE, /* nothing changes */
    STORE_POP,     /* read and write, but what is new stays new until store_settle() */
};
/* Closes the one that was open, also when it fails. */
err store_select(struct store *s, str name, enum store_mode mode, const struct store_box **ret);
err store_unselect(struct store *s);
const struct store_box *store_box(const struct store *s); /* NULL: none is open */
/* First index whose UID is at least uid; box->n when there is none. */
size_t store_index(const struct store_box *box, uint32_t uid);

/* What changed since the last sync, in the order an IMAP server says it. Arrays live until
 * the next sync. */
struct store_gone {
    uint32_t seq, uid; /* seq: highest first, so each number is right when it is said */
};
struct store_change {
    uint32_t index;
    bool own; /* by this session's store_flags() only: .SILENT may hide it */
};
struct store_changes {
    const struct store_gone *gone;
    size_t n_gone;
    const struct store_change *flags; /* indices in the new table, ascending */
    size_t n_flags;
    size_t n_new;          /* at the end of the table */
    bool keywords_changed; /* say FLAGS again */
    bool lost;             /* the mailbox itself was deleted or renamed: say BYE or close */
};
enum store_sync_mode {
    STORE_SYNC_ALL,
    STORE_SYNC_KEEP_GONE, /* inside FETCH, STORE, SEARCH: no expunges (RFC 9051 7.5.1) */
};
err store_sync(struct store *s, enum store_sync_mode mode, struct store_changes *ret);

/* ---- mod-sequences (session_modseq.c) ---- */
/* From now on, in this mailbox and in those opened later, box->modseqs is there: 8 octets a
 * message, shared with the other sessions as the table is. Cheap when it is so already. Costs
 * nothing to sessions that never ask. */
err store_want_modseqs(struct store *s);
/* Indices of the messages with a modseq above `since`, ascending. After store_want_modseqs(). */
err store_changed_since(struct store *s, uint64_t since, struct arena *a, uint32_t **ret,
                        size_t *ret_n);
/* QRESYNC's VANISHED (EARLIER): UIDs of `known` (ascending; n == 0: all below uidnext) that were
 * expunged with a modseq above `since`, ascending, none of which is in the table now. When the
 * history does not reach back so far (it is bounded, and can be lost), every UID of `known` that
 * is not in the table: more than needed, never less (RFC 7162 3.2.5.2). */
err store_vanished_since(struct store *s, uint64_t since, const struct store_range *known, size_t n,
                         struct arena *a, struct store_range **ret, size_t *ret_n);

enum store_flags_op { STORE_FLAGS_SET, STORE_FLAGS_ADD, STORE_FLAGS_REMOVE };
/* Durable when it returns. Ranges ascending. Keywords by name; unknown ones get a letter
 * (ERR_LIMIT when all are taken). SET leaves RECENT alone. Then sync to see the new flags. */
err store_flags(struct store *s, const struct store_range *set, size_t n, enum store_flags_op op,
                uint32_t system_flags, const str *keywords, size_t n_keywords);
/* The same for UNCHANGEDSINCE (RFC 7162 3.1.3): messages whose modseq is above `unchanged_since`
 * stay as they are and are named. The decision is the keeper's, on what is true then: the
 * session's table may be older. Afterwards store_sync() brings the new flags and modseqs (a
 * change of the session's own is `own` there, and box->modseqs has its number); a message that
 * had the flags already keeps its modseq. */
struct store_stored {
    const uint32_t *modified; /* UIDs, ascending; until the next call */
    size_t n_modified;
};
err store_flags_unchanged(struct store *s, const struct store_range *set, size_t n,
                          enum store_flags_op op, uint32_t system_flags, const str *keywords,
                          size_t n_keywords, uint64_t unchanged_since, struct store_stored *ret);
enum store_expunge_mode {
    STORE_EXPUNGE_DELETED, /* those with STORE_DELETED */
    STORE_EXPUNGE_ALL,     /* every one named (POP3's QUIT) */
};
/* n == 0 with STORE_EXPUNGE_DELETED: in the whole mailbox. Durable. Then sync. */
err store_expunge(struct store *s, enum store_expunge_mode mode, const struct store_range *set,
                  size_t n);

enum store_copy_mode { STORE_COPY, STORE_MOVE };
/* COPYUID: pairs, source ascending. Source messages that are gone are left out. Lives until
 * the next call. */
struct store_copied {
    uint32_t uidvalidity;            /* of the target */
    const struct store_range *pairs; /* from = source UID, to = target UID */
    size_t n;
};
/* All or nothing, durable. ERR_NOTFOUND: no such target (TRYCREATE). */
err store_copy(struct store *s, enum store_copy_mode mode, const struct store_range *set, size_t n,
               str target, struct store_copied *ret);

/* ---- bodies ---- */
struct store_body {
    uint32_t uid;
    int fd; /* read-only, offset 0, LF line ends; the caller closes it. -1: expunged */
};
/* At most STORE_FETCH_MAX. A message that is gone is no error. */
err store_fetch(struct store *s, const uint32_t *uids, size_t n, struct store_body *ret);
/* Asks now for what the next store_fetch() with the same UIDs will take: the keeper opens
 * them while the session still writes. Any other call in between throws the answer away. */
err store_prefetch(struct store *s, const uint32_t *uids, size_t n);
/* ---- what is known of messages without their bodies (session_digest.c) ---- */
enum { STORE_DIGESTS_MAX = 512 }; /* asked for with one packet */
/* wire/digest.h's blobs of these messages of the open mailbox, in the order asked. The keeper
 * makes those that it does not have yet. Empty: the message is gone, or so large that the keeper
 * leaves it to us: fetch its body, digest_make() with store_emailid(), and store_remember() what
 * came of it. Views live until the next call of store_digests(). */
err store_digests(struct store *s, const uint32_t *uids, size_t n, str *ret_blobs);
/* Asks now for what the next store_digests() with the same UIDs will take, as store_prefetch(). */
err store_prefetch_digests(struct store *s, const uint32_t *uids, size_t n);
/* Best effort: not durable, and blobs above DIGEST_KEEP_MAX are not kept at all. */
err store_remember(struct store *s, uint32_t uid, str digest);
/* RFC 8474's EMAILID of a message with these bytes (LF line ends, as store_fetch() gives them): the
 * same for every copy, whatever folder it is in. For digest_make(). */
struct digest_id store_emailid(str text);
/* RFC 8514's SAVEDATE, seconds since the epoch: when the message came into this mailbox. Beside
 * box->messages as they are now; until the next store_sync(), store_select() or call of this. */
err store_savedates(struct store *s, const uint32_t **ret);

/* POP3's names: a view with the Maildir base name (up to ':') of each message of the table,
 * NUL after each. mbox: UIDVALIDITY and UID in hexadecimal. Valid until the next select. */
err store_uidls(struct store *s, str *ret_names);
/* POP3's QUIT: what is in new/ moves to cur/. */
err store_settle(struct store *s);

/* ---- finding words (session_find.c) ---- */
enum store_find_where {
    STORE_FIND_FIELD, /* in the values of the header fields named `field` */
    STORE_FIND_BODY,
    STORE_FIND_TEXT, /* header, parts' headers, body */
};
struct store_find_key {
    enum store_find_where where;
    str field; /* of FIND_FIELD: any case, without the colon */
    str text;  /* normal (wire/normal.h); empty: every message with such a field, or every one */
};
/* UIDs ascending, in the caller's arena. What the index knows is exact, as wire/mail_text.h has it:
 * a message matches when its UID is in `sure`; it does not when its UID is at most `upto` and in
 * neither list; all others, `ask` and those above `upto`, have to be read. Without an index upto
 * is 0. UIDs of messages that are gone may be among them. */
struct store_found {
    const uint32_t *sure, *ask;
    size_t n_sure, n_ask;
    uint32_t upto;
};
/* In the open mailbox. */
err store_find(struct store *s, struct arena *a, const struct store_find_key *key,
               struct store_found *ret);

/* Words are gathered in the background without anybody's wish; for `twinpost index`. */
enum store_index_wish {
    STORE_INDEX_STATE, /* only asks */
    STORE_INDEX_NOW,   /* the open mailbox, at once; asking on shows how far it is */
    STORE_INDEX_ANEW,  /* forgets what there is, then as NOW */
    STORE_INDEX_OFF,   /* for this user, for good; forgets the open mailbox's words */
    STORE_INDEX_ON,
};
struct store_index {
    uint32_t done, total; /* messages */
    bool off, unwilling;  /* unwilling: no more can be done (disk, FULLTEXT_BYTES_MAX) */
};
err store_index_wish(struct store *s, enum store_index_wish wish, struct store_index *ret);

/* ---- adding ---- */
struct store_append {
    str folder;
    uint32_t system_flags;
    const str *keywords;
    size_t n_keywords;
    int64_t date;      /* internal date; -1: now */
    str bytes;         /* with LF line ends; or, when empty, a spool */
    uint32_t spool;    /* from store_spool() */
    uint32_t replaces; /* UID of the open mailbox that goes when the new one is there; or 0 */
};
struct store_appended {
    uint32_t uidvalidity, uid, count; /* UIDs from `uid` on */
};
/* A file to write a message of any size to (LF line ends); one conversation has at most 8. */
err store_spool(struct store *s, str folder, int *ret_fd, uint32_t *ret_spool);
err store_spool_drop(struct store *s, uint32_t spool); /* when the literal broke off */
/* Durable when it returns; the spool is used up, also on failure. ERR_NOTFOUND: no such
 * folder. */
err store_append(struct store *s, const struct store_append *m, struct store_appended *ret);
/* Several, all or none: all but the last are staged, store_append() shows them together. Not to be
 * mixed with other folders' messages. ERR_LIMIT: STORE_STAGED_MAX. */
err store_stage(struct store *s, const struct store_append *m);
err store_unstage(struct store *s); /* forgets what was staged */
/* One message of any folder, without opening it. ERR_NOTFOUND; the caller closes the descriptor. */
err store_pick(struct store *s, str folder, uint32_t uidvalidity, uint32_t uid, int *ret_fd);

/* ---- folders that are not open ---- */
enum store_notice_kind {
    STORE_NOTICE_MESSAGES = 1, /* came, went, or changed their flags */
    STORE_NOTICE_CREATED,
    STORE_NOTICE_DELETED,
    STORE_NOTICE_RENAMED, /* other: the old name */
    STORE_NOTICE_SUBSCRIPTIONS,
    STORE_NOTICE_ATTRIBUTES, /* name empty: the server's; other: their names, apart by a space */
    STORE_NOTICE_OVERFLOW,   /* more happened than could be kept */
};
struct store_notice {
    enum store_notice_kind kind;
    str name, other;
};
/* From now on store_fd() is readable also when messages of these folders change, and with `tree`
 * when any folder comes, goes, is renamed, (un)subscribed, or gets other attributes. In the place
 * of what was asked before; n == 0 without tree ends it. ERR_LIMIT: too many. */
err store_watch(struct store *s, const str *folders, size_t n, bool tree);
bool store_has_notices(struct store *s); /* as store_has_news(), which must be asked first */
err store_notices(struct store *s, struct arena *a, struct store_notice **ret, size_t *ret_n);

/* ---- quota ---- */
struct store_quota {
    uint64_t bytes, messages;
    uint64_t most_bytes, most_messages; /* 0: no limit, and then nothing is counted */
};
err store_quota(struct store *s, struct store_quota *ret);

/* ---- rights: wire/acl.h ---- */
/* What this session may do there. ERR_NOTFOUND: nothing, as far as it must know. What it may not
 * do fails everywhere with ERR_DENIED and sys EACCES. */
err store_rights(struct store *s, str folder, unsigned *ret);
/* Entries of others, for one with ACL_ADMIN. */
err store_acl(struct store *s, str folder, struct arena *a, struct acl **ret);
err store_set_acl(struct store *s, str folder, const struct acl_entry *entry, enum acl_op op);

/* ---- what was expunged and is kept (store/kept.h): for the administrator's commands ---- */
struct store_kept {
    str folder, subject;
    int64_t expunged, date; /* seconds since the epoch */
    uint64_t size;
};
/* An empty folder: of all. since: expunged then or later. */
err store_kept(struct store *s, str folder, int64_t since, struct arena *a, struct store_kept **ret,
               size_t *ret_n);
/* Brings some of them back, as new messages; *ret_n 0: there are no more. */
err store_undelete(struct store *s, str folder, int64_t since, size_t *ret_n);

/* ---- attributes: see store/attributes.h ---- */
struct store_attribute {
    str name;
    str value; /* p NULL, in a change: it goes */
};
/* An empty folder: the owner's server as a whole. */
err store_attributes(struct store *s, str folder, struct arena *a, struct store_attribute **ret,
                     size_t *ret_n);
/* All or none, durable. ERR_LIMIT: too many, or too much (STORE_ATTRIBUTE_MAX octets a value). */
err store_set_attributes(struct store *s, str folder, const struct store_attribute *changes,
                         size_t n);
