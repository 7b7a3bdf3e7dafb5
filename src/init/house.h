/* SPDX-License-Identifier: ISC */
/* init/house.h -- the house as init sees it: its programs, the doors between them, who may
 * become whom. init is the only long-running root program; it parses nothing that a stranger
 * sends, and holds both ends of every door, so that a program that ends and starts again
 * finds its visitors waiting.
 */
#pragma once
#include <sys/types.h>

#include "control/site.h"
#include "ipc/channel.h"
#include "ipc/init.h"
#include "os/loop.h"
#include "people/passwd.h"

struct house;

struct service_process {
    struct house *house;
    const struct program_plan *plan;
    pid_t pid; /* 0: does not run */
    struct channel *channel;
    struct loop_fd *watch;
    struct loop_timer *again; /* restart after a pause */
    bool ready;
    bool drained;
    unsigned failures; /* in a row, for the pause */
    int last_status;   /* of wait, of the last one that ended */
    int64_t started_ms;
};

/* A worker, keeper or session: a child that ends by itself. */
struct guest { /* owned by the list */
    struct list link;
    enum program program;
    pid_t pid;
    struct keeper *keeper;          /* when it is one */
    struct visitor_session *visits; /* a user's session that may ask for others' mail, or NULL */
};

struct keeper {
    struct house *house;
    char *user, *home;
    uint32_t uid, gid;
    struct guest *running;           /* NULL: not now; its doors stay */
    struct loop_fd *watch;           /* of it, for what it shares */
    int channel;                     /* our end while it runs: its closing means an end; or -1 */
    int door_imapd[2], door_popd[2]; /* [0] clients' end, [1] the keeper's */
};

struct options {
    const char *root;
    const char *libexec; /* folder of the programs */
    bool foreground;     /* readable events on stderr */
};

struct house {
    struct options options;
    int root, run;
    bool real_users; /* init is root: everybody runs as himself */
    struct loop *loop;
    struct passwd_db *passwd;
    struct arena *site_arena;
    struct buf archive;
    struct site site;
    int site_fd;
    int witness_fd; /* ipc/witness.h: for front and auth */
    int token_fd;   /* what only introspect may know: tokenclient, sealed */
    int secrets_fd; /* what only relay may know: relayauth, sealed */
    uint64_t generation;
    struct service_process services[PROGRAM_COUNT];
    int doors[PROGRAM_COUNT][PROGRAM_COUNT][2]; /* [client][service]: client's end, service's end */
    int events[PROGRAM_COUNT][2];               /* [0] the program's end, [1] the recorder's */
    int init_door;                              /* where promotions arrive, our end watched */
    struct channel *promotions[PROGRAM_COUNT];  /* from imapd, popd */
    struct list guests;
    struct map *keepers; /* user -> struct keeper */
    struct map *granted; /* sid -> struct grant */
    struct map *kept;    /* user -> when something of it is due: kept.c */
    struct loop_timer *kept_timer;
    struct map *shares;  /* owner -> with whom: visits.c */
    struct list waiting; /* promotions that came before their grant */
    VEC(struct listener {
        int fd;
        enum service service;
        char address[64];
    })
    listeners;
    int control_socket, submit_socket;
    bool tokens; /* introspect runs */
    bool guard;  /* guard runs */
    bool started, stopping;
    int stop_phase;
    struct loop_timer *stop_timer;
};

/* setup.c: directories, users, certificates. */
err house_open(struct house *h, const struct options *o);
err house_prepare(struct house *h);
err house_load_site(struct house *h); /* collects, seals; the old one stays on failure */
/* Where a program's account comes from; not running as root: our own ids. */
err house_account(struct house *h, const char *user, uid_t *ret_uid, gid_t *ret_gid);

/* listen.c */
err house_listen(struct house *h);
err house_write_ready(struct house *h); /* run/ready: "smtp 127.0.0.1:10025" a line,
                                         * and "without WHAT" for what is switched off */

/* programs.c */
struct program_plan {
    enum program program;
    const char *user;        /* account; NULL: the caller says */
    uint64_t caps;           /* kept over the change of uid */
    const char *dirs[6];     /* names of directories it gets */
    enum program doors[6];   /* services it may knock at */
    unsigned long max_files; /* RLIMIT_NOFILE */
};
const struct program_plan *program_plan(enum program p);
err house_make_doors(struct house *h);
void house_start_services(struct house *h);
void service_start(struct service_process *s);
void service_ended(struct service_process *s, int wait_status);
bool service_is_failing(const struct service_process *s); /* it ends again and again */
bool is_service(const struct house *h, enum program p);
err house_send_site(struct house *h, int channel_fd);
struct start {
    const struct program_plan *plan;
    uid_t uid;
    gid_t gid;
    const char *cwd; /* NULL: "/" */
};
/* Starts the plan's binary with 3 = a channel to us and 4 = its way to the recorder. */
err program_start(struct house *h, const struct start *s, pid_t *ret_pid, int *ret_channel);
err program_send_all(struct house *h, const struct program_plan *plan, int fd);
err program_send_doors(struct house *h, enum program p, int fd);
struct guest *guest_add(struct house *h, enum program p, pid_t pid, struct keeper *k);

/* sessions.c */
void house_watch_promotions(struct house *h);
void session_granted(struct house *h, const struct init_granted *g);
void keeper_ended(struct house *h, struct keeper *k);
struct admin_mailbox;
struct door_knock;
/* Lets an administrator's command in at that user's keeper, which is started when it does not
 * run. fd stays the caller's. */
err keeper_visit(struct house *h, const struct admin_mailbox *who, const struct door_knock *knock,
                 int fd);

/* Another user's session, at the keeper of `owner`, who must exist. ERR_NOTFOUND, ERR_TEMP. */
err keeper_let_in(struct house *h, str owner, str visitor, int fd);

/* visits.c: users' sessions at other users' keepers (ipc/init.h), and who shares with whom. */
bool house_shares(const struct house *h); /* control/sharedprefix */
/* The session's channel to us, taken; watched until it ends. */
void visits_watch(struct house *h, struct guest *g, str user, int channel);
void visits_end(struct guest *g);
void shares_watch(struct house *h, struct keeper *k); /* a keeper that was just started */
void shares_unwatch(struct keeper *k);
void shares_load(struct house *h);

/* kept.c: expunged messages that are kept for some days, and their end. */
void kept_load(struct house *h);
void kept_told(struct house *h, str user, uint64_t due);
/* Starts that user's keeper if it does not run. ERR_NOTFOUND: no such user. */
err keeper_wake(struct house *h, str user);

/* workers.c */
void worker_asked(struct house *h, struct service_process *sched, uint32_t id,
                  const struct init_worker_ask *ask);

/* local.c */
err house_open_local(struct house *h);

/* stop.c */
void house_stop(struct house *h);
void house_stop_step(struct house *h);
err house_reload(struct house *h);
