/* SPDX-License-Identifier: ISC */
/* ipc/keeper.h -- a session and the keeper of its user's mail.
 *
 * The session asks, the keeper answers each packet once, in order, with the same id; at most
 * one mailbox is open per channel. Unasked (id 0) the keeper sends only IPC_KEEPER_NEWS, once
 * until the next SYNC. Every answer begins with outcome (enum err_kind, and above it errno; 0 is
 * well) and, when that is not 0, words for a person. Numbers inside byte strings are little endian
 * u32. store/session.h is the face that sessions use.
 */
#pragma once
#include "ipc/channel.h"

enum keeper_type {
    IPC_KEEPER_NEWS = IPC_KEEPER_FIRST,
    IPC_KEEPER_DONE,
    IPC_KEEPER_LIST,
    IPC_KEEPER_FOLDERS,
    IPC_KEEPER_FOLDER_OP,
    IPC_KEEPER_STATUS_ASK,
    IPC_KEEPER_STATUS,
    IPC_KEEPER_OPEN,
    IPC_KEEPER_BOX,
    IPC_KEEPER_CLOSE,
    IPC_KEEPER_SYNC_ASK,
    IPC_KEEPER_SYNC,
    IPC_KEEPER_FLAGS,
    IPC_KEEPER_EXPUNGE,
    IPC_KEEPER_COPY,
    IPC_KEEPER_COPIED,
    IPC_KEEPER_FETCH,
    IPC_KEEPER_BODIES,
    IPC_KEEPER_NAMES_ASK,
    IPC_KEEPER_NAMES,
    IPC_KEEPER_SETTLE,
    IPC_KEEPER_SPOOL_ASK,
    IPC_KEEPER_SPOOL,
    IPC_KEEPER_SPOOL_DROP,
    IPC_KEEPER_APPEND,
    IPC_KEEPER_APPENDED,
    IPC_KEEPER_WORDS_ASK,
    IPC_KEEPER_WORDS,
    IPC_KEEPER_INDEX_ASK,
    IPC_KEEPER_INDEX,
    IPC_KEEPER_PICK,
    IPC_KEEPER_ATTRIBUTES_ASK,
    IPC_KEEPER_ATTRIBUTES,
    IPC_KEEPER_ATTRIBUTES_SET,
    IPC_KEEPER_QUOTA_ASK,
    IPC_KEEPER_QUOTA,
    IPC_KEEPER_WATCH,
    IPC_KEEPER_NOTICE,
    IPC_KEEPER_NOTICES_ASK,
    IPC_KEEPER_NOTICES,
    IPC_KEEPER_STORED,
    IPC_KEEPER_COLUMN_ASK,
    IPC_KEEPER_COLUMN,
    IPC_KEEPER_VANISHED_ASK,
    IPC_KEEPER_VANISHED,
    IPC_KEEPER_DIGESTS_ASK,
    IPC_KEEPER_DIGESTS,
    IPC_KEEPER_REMEMBER,
    IPC_KEEPER_RIGHTS_ASK,
    IPC_KEEPER_RIGHTS,
    IPC_KEEPER_ACL_ASK,
    IPC_KEEPER_ACL,
    IPC_KEEPER_ACL_SET,
    IPC_KEEPER_KEPT_ASK,
    IPC_KEEPER_KEPT,
};

enum {
    KEEPER_OUTCOME_SYS = 8, /* bits: errno stands above the kind */
    KEEPER_NAME_MAX = 255,
    KEEPER_TEXT_MAX = 256,
    KEEPER_SET_MAX = 32 * 1024,     /* bytes of ranges in one packet; sessions split longer sets */
    KEEPER_KEYWORDS_MAX = 26 * 129, /* names, NUL after each */
    KEEPER_INLINE_MAX = 64 * 1024,  /* more travels as a sealed memory file */
    KEEPER_FETCH_MAX = 32,
    KEEPER_DIGESTS_MAX = 512,
    KEEPER_ID_MAX = 64,
    KEEPER_SPOOLS_MAX = 8,
    KEEPER_WATCHED_MAX = 1000,      /* folders that a session hears of though they are not open */
    KEEPER_NOTICES_MAX = 32 * 1024, /* octets of what it has not asked for yet */
    KEEPER_STAGED_MAX = 200,        /* messages of one MULTIAPPEND */
};

struct keeper_nothing {
    uint32_t unused;
};
extern const struct ipc_schema keeper_news_schema;      /* keeper_nothing */
extern const struct ipc_schema keeper_list_schema;      /* keeper_nothing -> FOLDERS */
extern const struct ipc_schema keeper_close_schema;     /* keeper_nothing -> DONE */
extern const struct ipc_schema keeper_names_ask_schema; /* keeper_nothing -> NAMES */
extern const struct ipc_schema keeper_settle_schema;    /* keeper_nothing -> DONE */

struct keeper_done {
    uint32_t outcome;
    str text;
};
extern const struct ipc_schema keeper_done_schema;

/* data: per folder a byte of flags (enum store_folder_flag) | 128, one of uses | 128, the name,
 * NUL. NAMES: base names in table order, NUL after each. Longer than inline: fds[0]. */
struct keeper_data {
    uint32_t outcome;
    str text;
    str data;
};
extern const struct ipc_schema keeper_folders_schema;
extern const struct ipc_schema keeper_names_schema;

enum keeper_folder_op {
    KEEPER_CREATE = 1,
    KEEPER_DELETE,
    KEEPER_RENAME,
    KEEPER_SUBSCRIBE,
    KEEPER_UNSUBSCRIBE,
};
struct keeper_folder_op_ask { /* -> DONE */
    uint32_t op;
    str name, to;
};
extern const struct ipc_schema keeper_folder_op_schema;

struct keeper_name { /* STATUS_ASK -> STATUS, SPOOL_ASK -> SPOOL */
    str name;
};
extern const struct ipc_schema keeper_status_ask_schema;
extern const struct ipc_schema keeper_spool_ask_schema;

struct keeper_status {
    uint32_t outcome;
    str text;
    uint32_t messages, recent, unseen, deleted, uidnext, uidvalidity;
    uint64_t size, deleted_size, highest;
    str id; /* MAILBOXID */
};
extern const struct ipc_schema keeper_status_schema;

struct keeper_open { /* -> BOX */
    str name;
    uint32_t mode;    /* enum store_mode */
    uint32_t modseqs; /* wanted: with this table and those to come */
};
extern const struct ipc_schema keeper_open_schema;

/* fds[0]: a table, `messages` times 16 bytes, fds[1] its modseqs, 8 bytes each, when wanted; none
 * when it is empty. It may be some changes old: `changes` (as in SYNC) make it true. */
struct keeper_box {
    uint32_t outcome;
    str text;
    uint32_t messages, uidvalidity, uidnext, writable;
    uint32_t first_recent; /* UIDs from here on are recent for this session; 0: none */
    uint32_t recent, unseen, first_unseen; /* the last: a sequence number, 0: none */
    uint32_t rights;                       /* enum acl_right, together */
    uint64_t version;                      /* with `changes`; SYNC goes on from here */
    uint64_t highest;                      /* modseq */
    str keywords;                          /* by letter, NUL after each */
    str id;                                /* MAILBOXID */
    str changes;
};
extern const struct ipc_schema keeper_box_schema;

struct keeper_sync_ask { /* -> SYNC */
    uint64_t version;
};
extern const struct ipc_schema keeper_sync_ask_schema;

enum keeper_change_kind { KEEPER_NEW = 1, KEEPER_GONE, KEEPER_CHANGED, KEEPER_CHANGED_OWN };
enum { KEEPER_CHANGE_BYTES = 28 };
/* changes: {kind, uid, flags, size, date, modseq low, high} each, in the order they happened.
 * `reload`: too many to tell; fds are the whole table as in BOX, `messages` its length. */
struct keeper_sync {
    uint32_t outcome;
    str text;
    uint64_t version, highest;
    uint32_t messages, uidnext, first_recent, reload, lost;
    str keywords;
    str changes;
};
extern const struct ipc_schema keeper_sync_schema;

struct keeper_flags { /* -> STORED */
    uint32_t op;      /* enum store_flags_op */
    uint32_t flags;
    uint64_t unchanged_since; /* UINT64_MAX: change all */
    str keywords;             /* names, NUL after each */
    str set;                  /* {from, to} each, ascending */
};
extern const struct ipc_schema keeper_flags_schema;

struct keeper_stored { /* modified: UIDs that were left alone; long: fds[0] */
    uint32_t outcome;
    str text;
    str modified;
};
extern const struct ipc_schema keeper_stored_schema;

/* A number for each message of the open mailbox: {uid, low, high} each in `data` (keeper_data). */
enum keeper_column { KEEPER_COLUMN_MODSEQ = 1, KEEPER_COLUMN_SAVED };
struct keeper_column_ask { /* -> COLUMN. MODSEQ: from now on with reloaded tables too */
    uint32_t which;
};
extern const struct ipc_schema keeper_column_ask_schema;
extern const struct ipc_schema keeper_column_schema;

struct keeper_vanished_ask { /* -> VANISHED */
    uint64_t since;
};
extern const struct ipc_schema keeper_vanished_ask_schema;
struct keeper_vanished { /* complete 0: the history does not reach back so far */
    uint32_t outcome;
    str text;
    uint32_t complete;
    str uids; /* in any order; long: fds[0] */
};
extern const struct ipc_schema keeper_vanished_schema;

/* keeper_fetch's `uids`, up to KEEPER_DIGESTS_MAX -> DIGESTS (keeper_data): a length each (0: not
 * known or gone), then the digests one after another. */
extern const struct ipc_schema keeper_digests_ask_schema;
extern const struct ipc_schema keeper_digests_schema;
struct keeper_remember { /* -> DONE */
    uint32_t uid;
    str digest;
};
extern const struct ipc_schema keeper_remember_schema;

struct keeper_expunge { /* -> DONE */
    uint32_t mode;      /* enum store_expunge_mode */
    str set;
};
extern const struct ipc_schema keeper_expunge_schema;

struct keeper_copy { /* -> COPIED */
    uint32_t mode;   /* enum store_copy_mode */
    str target;
    str set;
};
extern const struct ipc_schema keeper_copy_schema;

struct keeper_copied {
    uint32_t outcome;
    str text;
    uint32_t uidvalidity;
    str pairs; /* {source, target} each; long: fds[0] */
};
extern const struct ipc_schema keeper_copied_schema;

struct keeper_fetch { /* -> BODIES */
    str uids;
};
extern const struct ipc_schema keeper_fetch_schema;

struct keeper_bodies { /* fds: one for each bit set in `found`, in order */
    uint32_t outcome;
    str text;
    uint32_t found;
};
extern const struct ipc_schema keeper_bodies_schema;

struct keeper_spool { /* fds[0]: the file, for writing */
    uint32_t outcome;
    str text;
    uint32_t spool;
};
extern const struct ipc_schema keeper_spool_schema;

struct keeper_spool_drop { /* -> DONE */
    uint32_t spool;
};
extern const struct ipc_schema keeper_spool_drop_schema;

/* Several go together: all but the last are staged, and what is staged shows with the last or not
 * at all. `replaces`: that message of the open mailbox goes when the new one is there. */
enum keeper_append_step { KEEPER_APPEND_NOW, KEEPER_APPEND_STAGE, KEEPER_APPEND_FORGET };
struct keeper_append { /* -> APPENDED */
    str folder;
    uint32_t flags;
    str keywords;
    uint64_t date; /* seconds since the epoch; UINT64_MAX: now */
    str message;   /* or, when empty, a spool (0: an empty message) */
    uint32_t spool;
    uint32_t step, replaces;
};
extern const struct ipc_schema keeper_append_schema;

struct keeper_appended {
    uint32_t outcome;
    str text;
    uint32_t uidvalidity, uid, count; /* UIDs from `uid` on */
};
extern const struct ipc_schema keeper_appended_schema;

struct keeper_pick { /* -> BODIES: one message of any folder */
    str folder;
    uint32_t uidvalidity; /* 0: any */
    uint32_t uid;
};
extern const struct ipc_schema keeper_pick_schema;

/* What happens to folders that are not open. Unasked (id 0) comes NOTICE, once until NOTICES_ASK.
 */
struct keeper_watch { /* -> DONE; in the place of what was watched before */
    str folders;      /* names, NUL after each: their messages */
    uint32_t tree;    /* 1: names, subscriptions, attributes of all */
};
extern const struct ipc_schema keeper_watch_schema;
extern const struct ipc_schema keeper_notice_schema;      /* keeper_nothing */
extern const struct ipc_schema keeper_notices_ask_schema; /* keeper_nothing -> NOTICES */
/* keeper_data: for each a byte, a folder's name, NUL, one more string, NUL. */
enum keeper_notice {
    KEEPER_NOTICE_MESSAGES = 1, /* came, went, changed their flags */
    KEEPER_NOTICE_CREATED,
    KEEPER_NOTICE_DELETED,
    KEEPER_NOTICE_RENAMED, /* the second string: from which name */
    KEEPER_NOTICE_SUBSCRIPTIONS,
    KEEPER_NOTICE_ATTRIBUTES, /* the second string: which, apart by a space */
    KEEPER_NOTICE_OVERFLOW,   /* some were lost */
};
extern const struct ipc_schema keeper_notices_schema;

extern const struct ipc_schema keeper_quota_ask_schema; /* keeper_nothing -> QUOTA */
struct keeper_quota {
    uint32_t outcome;
    str text;
    uint64_t bytes, messages, most_bytes, most_messages; /* the last two 0: no limit */
};
extern const struct ipc_schema keeper_quota_schema;

/* Who may do what: wire/acl.h. Whoever speaks is known from his knock (ipc/door.h); what he may not
 * is ERR_NOTFOUND where he must not know of the folder, else ERR_DENIED with EACCES. */
extern const struct ipc_schema keeper_rights_ask_schema; /* keeper_name -> RIGHTS: one's own */
struct keeper_rights {
    uint32_t outcome;
    str text;
    uint32_t rights; /* enum acl_right, together */
};
extern const struct ipc_schema keeper_rights_schema;
extern const struct ipc_schema keeper_acl_ask_schema; /* keeper_name -> ACL */
extern const struct ipc_schema keeper_acl_schema;     /* keeper_data: the text of dovecot-acl */
struct keeper_acl_set {                               /* -> DONE */
    str folder;
    uint32_t op, kind, negative, rights; /* enum acl_op, enum acl_kind; an acl_entry */
    str name;
};
extern const struct ipc_schema keeper_acl_set_schema;

/* Expunged messages that are kept (store/kept.h), for the administrator alone. An empty folder:
 * all. LIST's data: a line each of folder, expunged, internal date, octets, Subject, apart by tabs;
 * BACK's: how many came back, a number; 0: no more. */
enum keeper_kept_wish { KEEPER_KEPT_LIST = 1, KEEPER_KEPT_BACK };
struct keeper_kept_ask { /* -> KEPT */
    uint32_t wish;
    str folder;
    uint64_t since; /* expunged then or later */
};
extern const struct ipc_schema keeper_kept_ask_schema;
extern const struct ipc_schema keeper_kept_schema; /* keeper_data */

/* store/attributes.h; an empty folder: the server's. */
extern const struct ipc_schema keeper_attributes_ask_schema; /* keeper_name -> ATTRIBUTES */
extern const struct ipc_schema keeper_attributes_schema;     /* keeper_data: the file's text */
struct keeper_attributes_set {                               /* -> DONE */
    str folder;
    str removed; /* names, NUL after each */
    str set;     /* the text of an attributes file */
};
extern const struct ipc_schema keeper_attributes_set_schema;

/* The words of the open mailbox (store/fulltext.h): fds[0] the index, fds[1] the text.
 * ERR_NOTFOUND: there are none. */
extern const struct ipc_schema keeper_words_ask_schema; /* keeper_nothing -> WORDS */
extern const struct ipc_schema keeper_words_schema;     /* keeper_done */

/* Of the open mailbox: how far its words are gathered, and what is wished. */
struct keeper_index_ask { /* -> INDEX */
    uint32_t wish;        /* enum store_index_wish */
};
extern const struct ipc_schema keeper_index_ask_schema;

struct keeper_index {
    uint32_t outcome;
    str text;
    uint32_t done, total, off, unwilling;
};
extern const struct ipc_schema keeper_index_schema;
