/* SPDX-License-Identifier: ISC */
/* guard/guard.h -- the running guard: fail2ban's jails over logs, and jails of our own over our
 * own events; what they decide goes to the kernel (nftables), to front's door, to the ledger.
 *
 * One process with one event loop. What a jail decides is ban/jail.h's business; here is what
 * that header asks a daemon for. A jail that cannot work is named and the others run.
 */
#pragma once
#include <limits.h>

#include "ban/follow.h"
#include "ban/jail.h"
#include "ban/jail_files.h"
#include "control/site.h"
#include "guard/kernel.h"
#include "guard/store.h"
#include "ipc/boot.h"
#include "log/event.h"
#include "os/interfaces.h"
#include "os/loop.h"

enum {
    GUARD_LOGS_MAX = 1000,    /* files followed at a time */
    GUARD_TURN_LINES = 20000, /* of one log, before others have their turn */
    GUARD_LOOK_MS = 5000,     /* logs that inotify says nothing of are looked at so often */
    GUARD_ASKERS_MAX = 64,    /* administrators at a time */
    GUARD_ANSWER_MAX = 32 << 20,
    GUARD_DOOR_FLIGHT = 64,        /* bans told to front and not answered yet */
    GUARD_DOOR_QUEUE = 200000,     /* and waiting to be told */
    GUARD_HISTORY_S = 365 * 86400, /* who was banned before is remembered so long */
    GUARD_WHY_MAX = 400,
    F2B_LINES_MAX = 32 << 20, /* of one round */
};

#define GUARD_F2B_VERSION "1.0.2" /* whose contract this is: scripts ask */

struct guard;

struct post { /* where one jail stands */
    struct guard *guard;
    const struct jail_def *def;
    struct jail *jail; /* NULL: it cannot run */
    struct jail_hooks hooks;
    struct kernel_jail kernel;
    bool ours;               /* fed by our own events */
    bool at_door;            /* its bans concern our own ports: front refuses too */
    unsigned behind;         /* logs that have not been read to their end yet */
    char why[GUARD_WHY_MAX]; /* what is wrong, or empty */
};

struct watched { /* one log, and the jails that read it */
    struct guard *guard;
    char *path;
    bool tail, begun, caught_up, more;
    int wd; /* of inotify; -1: none */
    uint64_t wd_ino;
    struct follow follow;
    VEC(struct post *) posts;
    enum err_kind trouble; /* of the last try */
    uint64_t saved;        /* position in the ledger */
};

struct door_word { /* for front */
    char id[72];
    int64_t until; /* 0: lift */
};

struct guard {
    struct boot *boot;
    struct loop *loop;
    struct arena *site_arena, *arena; /* the second: of one reading of the jails */
    str archive;
    struct site site;
    const char *config; /* directory of jail.conf */
    int root, dir;      /* of the house; var/lib/twinpost/guard */
    struct findings findings;
    struct jail_files files;
    struct jails jails;
    bool has_jails;
    struct date_cache *dates;
    VEC(struct post *) posts;
    VEC(struct watched *) logs;
    VEC(struct jail_def *) own_defs;
    int inotify;
    struct loop_fd *inotify_watch, *init_watch;
    struct loop_timer *look, *again, *next, *doors_again;
    struct kernel kernel;
    struct store *store;
    int log_fd;           /* fail2ban.log; -1 */
    struct buf f2b_lines; /* for it */
    struct channel *front, *feed;
    struct loop_fd *front_watch, *feed_watch, *knock_watch;
    VEC(struct door_word) door_words;
    size_t door_at, door_flight;
    struct list askers;
    size_t n_askers;
    bool flush_due, draining, said_without;
    const struct own_addresses *own;
    int64_t started;
};

/* guard.c */
err guard_open(struct guard *g, struct boot *boot);
err guard_run(struct guard *g); /* until drained */
void guard_close(struct guard *g);
void guard_reload(struct guard *g);

/* jails.c: reading the configuration, and what jails decide. */
void guard_load(struct guard *g);
void guard_unload(struct guard *g);
struct post *guard_post(const struct guard *g, str name);
void guard_tick(struct guard *g); /* bans end; sets the timer for the next */
void guard_flush_later(struct guard *g);
void guard_enforce(struct guard *g); /* everything into the kernel, as if for the first time */
bool post_is_failing(const struct post *p);
void post_fails(struct post *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* logs.c: they are read from where the ledger says, or from their first line that counts. */
void logs_open(struct guard *g);
void logs_close(struct guard *g);
void logs_save(struct guard *g); /* how far each one was read */

/* own.c: jails over our own events. */
void own_jails(struct guard *g);
void own_open(struct guard *g);
void own_close(struct guard *g);
void own_event(struct guard *g, str line, int64_t now);

/* door.c: front. */
void door_open_front(struct guard *g);
void door_close_front(struct guard *g);
void door_ban(struct guard *g, str id, int64_t until); /* until 0: lift */
void door_all(struct guard *g);

/* f2b_log.c: fail2ban.log, by its layout. */
void f2b_log_open(struct guard *g);
void f2b_log_flush(struct guard *g);
void f2b_log(struct guard *g, const char *logger, const char *level, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* command.c: administrators. */
void commands_serve(struct guard *g);
void commands_close(struct guard *g);
