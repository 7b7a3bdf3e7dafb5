/* SPDX-License-Identifier: ISC */
/* keeper/keeper.h -- the keeper of one user's mail: the only writer of UID lists, flags and mbox
 * files while sessions run, and the only one that watches directories.
 *
 * Sessions knock (ipc/door.h) and then ask (ipc/keeper.h); every question is answered before
 * the next is read. One inotify instance, with watches only on mailboxes that some session
 * has open. Ends by itself when nobody has been there for KEEPER_IDLE_MS.
 */
#pragma once
#include "base/base.h"
#include "ipc/channel.h"
#include "ipc/keeper.h"
#include "log/event.h"
#include "os/file.h"
#include "os/loop.h"
#include "store/box.h"
#include "store/folders.h"
#include "store/kept.h"
#include "store/quota.h"
#include "wire/acl.h"

enum {
    KEEPER_IDLE_MS = 30 * 1000,
    KEEPER_CLIENTS_MAX = 4096,
    KEEPER_WARM_BOXES = 4, /* kept in memory though nobody has them open */
};

struct held { /* a mailbox in memory */
    struct list node;
    struct box *box;
    size_t users;
    int watch[2];       /* inotify: new/ and cur/, or the mbox and none; -1 */
    bool noted;         /* an event came, clients have not been told yet */
    uint32_t unwilling; /* UID of the last message when the indexer could do no more; 0 */
    uint32_t ahead_of;  /* digests are made of all before this UID by and by; 0: all are */
    uint32_t ahead_last, ahead_known; /* the last UID then; how many in a row had one */
};

struct spool {
    uint32_t number; /* 0: free */
    char name[256];
    char folder[STORE_NAME_MAX + 1];
};

struct watched { /* a folder that a session hears of: notices.c */
    char *name;
    int wd[2];
    bool dirty; /* told, not asked for yet */
};

struct staged {     /* of a MULTIAPPEND */
    char name[256]; /* in the folder's tmp/ */
    uint32_t flags;
    int64_t date;
    struct buf keywords;
};

enum standing {
    STANDING_OWNER,   /* his own session */
    STANDING_VISITOR, /* of another user: wire/acl.h says what he may */
    STANDING_ALL,     /* POP3 and the administrator's commands: no rights are asked for */
};

struct client {
    struct list node;
    struct keeper *keeper;
    struct channel *channel;
    struct loop_fd *watch;
    uint32_t number;
    struct held *held; /* the open mailbox, or NULL */
    enum store_mode mode;
    enum standing standing;
    char visitor[256];
    char acl_folder[STORE_NAME_MAX + 1]; /* asked about last: serve_acl.c */
    struct stat acl_stamp;
    unsigned acl_rights;
    bool told;    /* NEWS was sent since the last SYNC */
    bool modseqs; /* wanted */
    uint64_t version;
    uint32_t last_spool;
    struct spool spools[KEEPER_SPOOLS_MAX];
    VEC(struct staged) staged;
    char staged_folder[STORE_NAME_MAX + 1];
    VEC(struct watched) watched;
    bool watches_tree, notice_told;
    int tree_wd;
    struct buf notices;
};

struct keeper {
    struct loop *loop;
    struct log *log;
    struct folders folders;
    struct notices *notices; /* NULL: nobody asked yet */
    struct quota quota;
    const str *new_folders;
    size_t n_new_folders;
    char user[256], host[256]; /* for the mail that warns */
    struct list boxes, clients;
    size_t n_clients;
    uint32_t last_number;
    int inotify; /* -1: the kernel gives none; sessions then see changes when they ask */
    struct loop_fd *inotify_watch;
    struct loop_timer *idle;
    int64_t idle_ms;
    struct channel *init;
    struct loop_fd *init_watch;
    struct channel *doors[4];
    struct loop_fd *door_watch[4];
    size_t n_doors;
    struct indexer *indexer;
    struct index *index;
    struct loop_timer *flush;
    struct kept kept; /* days 0: nothing is kept */
    struct loop_timer *kept_timer;
    bool shares;             /* other users' sessions may come */
    bool flush_soon, active; /* the timer runs; somebody asked since it last ran out */
};

/* home: the user's, as a descriptor; the working directory must be the same. */
err keeper_init(struct keeper *k, int home, str default_delivery, struct log *log);
void keeper_done(struct keeper *k);
void keeper_add_door(struct keeper *k, struct channel *door); /* takes it */
void keeper_add_init(struct keeper *k, struct channel *init); /* to hear that the house closes */
struct client *keeper_add_client(struct keeper *k, int fd);   /* takes it; NULL: too many */
err keeper_run(struct keeper *k);                             /* until idle or told to stop */

/* After keeper_add_init(): init keeps the list of who shares what with whom. */
void keeper_set_sharing(struct keeper *k, bool on);

/* serve_kept.c; after keeper_add_init(). days 0: what was kept before goes. */
void keeper_set_kept(struct keeper *k, uint32_t days);

/* ---- between the keeper's files ---- */
void keeper_kept_some(struct keeper *k);
err serve_kept(struct client *c, const struct packet *p);
/* serve_acl.c: enum acl_right. */
unsigned keeper_rights(struct client *c, str folder);
err keeper_may(struct client *c, str folder,
               unsigned needs);                        /* ERR_NOTFOUND, ERR_DENIED (EACCES) */
err keeper_may_open(struct client *c, unsigned needs); /* the open mailbox, if any */
err keeper_may_create(struct client *c, str name);
uint32_t keeper_flags_allowed(struct client *c, str folder);
void keeper_list_for(struct client *c, str all, struct buf *out);
void keeper_inherit(struct keeper *k, str name); /* a folder that was just made */
void keeper_announce(struct keeper *k);
err serve_rights(struct client *c, const struct packet *p);
err serve_acl(struct client *c, const struct packet *p);
err serve_set_acl(struct client *c, const struct packet *p);
/* The mailbox from memory or disk. ERR_NOTFOUND: no such folder. */
err keeper_box(struct keeper *k, str folder, struct held **ret);
void keeper_use(struct keeper *k, struct held *h); /* one more session has it open */
void keeper_leave(struct keeper *k, struct client *c);
void keeper_forget(struct keeper *k, struct held *h); /* a box that is lost */
void keeper_watch_events(struct keeper *k);           /* takes in what inotify has */
void keeper_tell(struct keeper *k, struct held *h, const struct client *but);
void keeper_report(struct keeper *k, struct box *b); /* damaged lines, once */
/* Answers one packet; ERR_CLOSED and the like end the client. */
err serve(struct client *c, const struct packet *p);
err serve_done(struct client *c, uint32_t id, err e);
uint32_t outcome_of(err e);
str words_of(err e);
void put_u32(struct buf *b, uint32_t v);
/* data in the packet, or when long as sealed memory in *ret_fd (else -1). */
err data_or_memory(struct buf *b, str *ret_data, int *ret_fd);

/* Digests of messages in open mailboxes, the newest first, for about so long. True: there are more.
 */
bool keeper_digests_ahead(struct keeper *k, int64_t ms);

err serve_open(struct client *c, const struct packet *p);
err serve_close(struct client *c, const struct packet *p);
err serve_sync(struct client *c, const struct packet *p);
err serve_flags(struct client *c, const struct packet *p);
err serve_expunge(struct client *c, const struct packet *p);
err serve_fetch(struct client *c, const struct packet *p);
err serve_names(struct client *c, const struct packet *p);
err serve_settle(struct client *c, const struct packet *p);
err serve_status(struct client *c, const struct packet *p);
err serve_copy(struct client *c, const struct packet *p);
err serve_append(struct client *c, const struct packet *p);
err serve_spool(struct client *c, const struct packet *p);
err serve_spool_drop(struct client *c, const struct packet *p);
/* notices.c */
err serve_watch(struct client *c, const struct packet *p);
err serve_notices(struct client *c, const struct packet *p);
void notices_attributes(struct keeper *k, str folder, str names, const struct client *but);
void notices_leave(struct client *c);
void notices_done(struct keeper *k);
err serve_quota(struct client *c, const struct packet *p);
/* Folders that a new user gets, subscribed; they must live as long as the keeper. */
void keeper_set_folders(struct keeper *k, const str *names, size_t n);
/* serve_quota.c */
void keeper_set_quota(struct keeper *k, const struct quota *limit, str user, str host);
/* Would so much more be too much? ERR_LIMIT with sys EDQUOT. */
err keeper_room(struct keeper *k, uint64_t bytes, uint64_t messages);
/* They came into (or went from) this mailbox; warns the owner when it is time. */
void keeper_count(struct keeper *k, const struct box *b, int64_t bytes, int64_t messages);
uint64_t keeper_disk_size(const struct box *b, size_t index);
/* Of the messages named, or of all; of those that are \Deleted only. */
void keeper_sum(const struct box *b, str set, bool all, bool deleted_only, uint64_t *ret_bytes,
                uint64_t *ret_messages);
err serve_pick(struct client *c, const struct packet *p);
err serve_column(struct client *c, const struct packet *p);
err serve_vanished(struct client *c, const struct packet *p);
err serve_digests(struct client *c, const struct packet *p);
err serve_remember(struct client *c, const struct packet *p);
err serve_attributes(struct client *c, const struct packet *p);
err serve_set_attributes(struct client *c, const struct packet *p);
err serve_words(struct client *c, const struct packet *p);
err serve_index(struct client *c, const struct packet *p);
void drop_spools(struct client *c); /* and what is staged */
/* keeper/serve_append.c needs them from serve_add.c: */
err spool_dir(struct keeper *k, str folder, int *ret_fd);
err open_spool(struct client *c, str folder, struct spool **ret, int *ret_fd);
void remove_spool(struct client *c, struct spool *s);
struct spool *spool_of(struct client *c, uint32_t number);
void drop_staged(struct client *c);
/* INBOX cannot be renamed: its messages move to the new folder. */
err move_inbox(struct keeper *k, str to);
