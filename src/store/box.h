/* SPDX-License-Identifier: ISC */
/* store/box.h -- one mailbox as its keeper has it open: the table, and what changed when.
 *
 * Derived from the plain files whenever it is opened; the files stay the truth. Only a keeper
 * (or a tool that stands in for it) uses this. Everything that a session is told is on disk
 * and synced before.
 *
 * Versions count changes. The latest are kept, so that a session hears what it missed; one
 * that fell too far behind takes the whole table again.
 */
#pragma once
#include "base/base.h"
#include "store/index.h"
#include "store/keywords.h"
#include "store/session.h"

enum { BOX_CHANGES_MAX = 4096 };

struct box;
struct kept; /* store/kept.h */

struct box_change {
    uint32_t kind; /* enum keeper_change_kind: NEW, GONE, CHANGED */
    uint32_t uid;
    uint32_t by; /* session number, 0: the outside world */
};

struct box_entry { /* beside each store_message */
    uint64_t modseq;
    uint32_t name;  /* offset into names */
    uint32_t saved; /* when it came into this mailbox, seconds since the epoch */
    uint32_t hash;  /* box_name_hash() of the base name */
    uint8_t name_n;
    bool in_new, measured;
    bool known; /* the index had a row of it when the mailbox was opened */
};
struct box_slot { /* base name -> UID, open addressing; uid 0: free, UINT32_MAX: was removed */
    uint32_t uid, hash;
};

struct box_incoming {
    int fd;            /* the body, LF line ends */
    const char *spool; /* its name in the target's tmp/, or NULL */
    uint32_t from_uid; /* copy and move: in the source */
    uint32_t flags;    /* in the target's letters */
    int64_t date;
    uint32_t uid; /* set: in the target */
};
struct box_want {
    uint32_t index, flags;
};
struct box_arrival {
    uint32_t name, hash; /* as of a box_entry; name 0: settled */
    uint8_t name_n;
    bool in_new;
};
enum box_add { BOX_APPEND, BOX_COPY, BOX_MOVE };

/* What a format must be able to do. */
struct box_kind {
    err (*refresh)(struct box *b);     /* look at the files, record changes */
    err (*take_recent)(struct box *b); /* new/ to cur/ */
    /* Indices ascending; each differs from what is. */
    err (*set_flags)(struct box *b, const struct box_want *want, size_t n, uint32_t by);
    err (*expunge)(struct box *b, const bool *doomed);
    err (*fetch)(struct box *b, size_t index, int *ret_fd);
    void (*uidl)(struct box *b, size_t index, struct buf *out);
    err (*add)(struct box *b, struct box *from, enum box_add how, struct box_incoming *in,
               size_t n);
    err (*keywords_changed)(struct box *b); /* write them down, durably */
    /* Before a new one, under their lock: what others wrote meanwhile. NULL: nobody else does. */
    err (*keywords_reload)(struct box *b);
    void (*free)(struct box *b);
};

struct box {
    const struct box_kind *kind;
    char folder[STORE_NAME_MAX + 1];
    int dir, cur, new, tmp; /* Maildir; dir also of an mbox */
    bool read_only;
    VEC(struct store_message) table;
    VEC(struct box_entry) entries;
    char *names;
    size_t names_n, names_cap, names_garbage;
    struct box_slot *slots;
    size_t n_slots, used_slots;
    struct keywords keywords;
    uint64_t keywords_version; /* of the change that touched them last */
    uint32_t uidvalidity, uidnext;
    uint32_t first_recent; /* from here on no session has taken them */
    uint32_t first_in_new; /* a UID: no file before it lies in new/ */
    VEC(struct box_change) changes;
    uint64_t first_version;  /* of changes.at[0]; version = first_version + changes.n */
    int table_fd, modseq_fd; /* sealed copies of the table at table_version, or -1 */
    uint64_t table_version;
    size_t table_n;
    struct {
        uint32_t unseen, deleted;
        uint64_t size;
    } count;                     /* kept up with each change */
    uint32_t all_seen_below;     /* a UID: nothing is unseen before it */
    char guid[33];               /* of the UID list; an mbox has none */
    uint64_t highest, op_modseq; /* op_modseq: of the operation that runs, 0: none yet */
    uint64_t floor;              /* what went with a greater modseq is all remembered */
    struct index *index;         /* the keeper's; NULL: none */
    struct index_box known;      /* as the index has it */
    uint32_t generation;         /* of the index that has it */
    bool opened;                 /* the first look is over */
    VEC(uint32_t) dirty;         /* chunks that the index does not have as they are */
    VEC(struct index_gone) gone; /* that it does not have yet, in order */
    struct index_row *rows;      /* during the first look: what the index knew */
    size_t n_rows, next_row;
    bool stale;                      /* the files must be read again (event lost, no watch) */
    bool behind;                     /* the disk was full: the UID list lacks some of the table */
    bool outdated;                   /* a change was refused: others changed the mbox before it */
    bool to_sweep;                   /* files of expunged messages lie in tmp/ */
    bool lost;                       /* UIDVALIDITY changed or the folder is gone: close it */
    VEC(struct box_arrival) arrived; /* files seen that are not in the table yet */
    struct {
        uint64_t inode, size;
        int64_t mtime_ns;
    } stamp;                 /* uidlist or mbox as read last */
    size_t problems;         /* damaged lines and the like, since last asked */
    void *extra;             /* of the kind */
    const struct kept *keep; /* where expunged messages go for some days; NULL: nowhere */
};

/* A Maildir at path below dir. */
err box_open_maildir(int dir, const char *path, str folder, struct box **ret);
err box_open_mbox(int dir, const char *path, str folder, struct box **ret);
/* The same for the keeper, who has an index. It must outlive the box. */
err box_open_maildir_with(int dir, const char *path, str folder, struct index *x, struct box **ret);
err box_open_mbox_with(int dir, const char *path, str folder, struct index *x, struct box **ret);
void box_free(struct box *b); /* NULL is fine */

uint64_t box_version(const struct box *b);
size_t box_find(const struct box *b, uint32_t uid); /* index, or table.n */
size_t box_from(const struct box *b, uint32_t uid); /* first index with at least this UID */
err box_refresh(struct box *b);
/* *ret_first: UIDs from here on are recent for the session that asks now; 0: none. */
err box_take_recent(struct box *b, enum store_mode mode, uint32_t *ret_first);
/* Those with a modseq above unchanged_since stay as they are; their UIDs are added to ret_modified,
 * four octets each (may be NULL). */
struct box_flags {
    str set;
    enum store_flags_op op;
    uint32_t flags, by;
    uint64_t unchanged_since; /* UINT64_MAX: change all */
    uint32_t frozen;          /* flags that stay as they are, whatever `op` says */
};
err box_flags(struct box *b, const struct box_flags *f, struct buf *ret_modified);
err box_expunge(struct box *b, enum store_expunge_mode mode, str set, size_t *ret_n);
err box_fetch(struct box *b, uint32_t uid, int *ret_fd); /* ERR_NOTFOUND: gone */
void box_uidls(struct box *b, struct buf *out);
/* Removes files of expunged messages for about so long. True: there are more. */
bool box_sweep(struct box *b, int64_t ms);
err box_add(struct box *b, struct box *from, enum box_add how, struct box_incoming *in, size_t n);
/* The bits for keyword names (NUL after each), new ones made durable. */
err box_keywords(struct box *b, str names, uint32_t *ret_bits);
/* Flags of another box in this one's letters. */
err box_translate(struct box *b, const struct box *from, uint32_t flags, uint32_t *ret_flags);
/* The table in sealed memory, shared; as it was at `version`, of which the changes since are still
 * remembered. Borrowed. -1 for an empty table. modseqs: 8 octets a message, when wanted. */
struct box_snapshot {
    int table, modseqs;
    size_t n;
    uint64_t version;
};
enum box_snapshot_age { BOX_SNAPSHOT_NOW, BOX_SNAPSHOT_RECENT };
err box_snapshot(struct box *b, enum box_snapshot_age age, bool modseqs, struct box_snapshot *ret);
void box_status(const struct box *b, struct store_status *ret);
size_t box_first_unseen(struct box *b);          /* index, or table.n */
void box_stamp(struct box *b, const char *file); /* remembers what it looks like now */
bool box_stamp_changed(const struct box *b, const char *file); /* also when it is gone */
/* {from, to} number i of a set of n; sets are little endian u32 pairs. */
size_t set_count(str set);
struct store_range set_at(str set, size_t i);
/* A file name appeared in or went from new/ or cur/ (inotify). */
void box_event(struct box *b, bool in_new, bool appeared, str name);

/* ---- mod-sequences and the index (box_modseq.c) ---- */
uint64_t box_modseq(struct box *b); /* of the operation that runs */
uint32_t box_name_hash(str base);
void box_touch(struct box *b, uint32_t uid); /* its row changed */
void box_note_gone(struct box *b, uint32_t uid);
/* UIDs expunged with a modseq above `since`, four octets each, in any order. False: the history
 * does not reach back so far. */
bool box_gone_since(struct box *b, uint64_t since, struct buf *out);
/* The first look: as soon as UIDVALIDITY and guid are known; row by row; when all are there. */
void box_index_load(struct box *b);
const struct index_row *box_index_row(struct box *b, uint32_t uid, uint32_t hash);
void box_index_settle(struct box *b);
bool box_index_wants_flush(const struct box *b);
void box_index_flush(struct box *b); /* index_commit() is the caller's */
void box_index_close(struct box *b);

/* ---- for the kinds ---- */
struct box *box_new(const struct box_kind *kind, str folder);
const char *box_name(const struct box *b, uint32_t name);
str box_name_at(const struct box *b, size_t index); /* a file name; NUL after it */
uint32_t box_name_add(struct box *b, str name);     /* at most 255 octets */
void box_name_drop(struct box *b, uint32_t name);
struct box_entry box_entry_named(struct box *b, str name);       /* the rest zero */
size_t box_lookup(const struct box *b, str base, uint32_t hash); /* index, or table.n */
/* Puts a message at its place; records NEW. */
void box_insert(struct box *b, const struct store_message *m, struct box_entry e);
void box_remove(struct box *b, size_t index); /* records GONE */
void box_changed(struct box *b, size_t index, uint32_t flags, uint32_t by);
void box_note(struct box *b, uint32_t kind, uint32_t uid, uint32_t by);
/* Removes every doomed index at once: linear. */
void box_remove_marked(struct box *b, const bool *doomed);
