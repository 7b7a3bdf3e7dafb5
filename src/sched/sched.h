/* SPDX-License-Identifier: ISC */
/* sched/sched.h -- the queue's single writer: takes messages in, decides, gives them to
 * workers, records what became of them.
 *
 * One event loop. A message's way:
 *   client.c   a submission is checked and appended; one commit serves all of a round, then
 *              the clients are told
 *   attempt.c  each recipient that is due asks route, then becomes part of a job
 *   route.c    answers of route, remembered for two seconds
 *   lane.c     one lane per local user and per remote host: its jobs, its workers
 *   gather.c   mail that comes in a burst for one user is given in batches
 *   result.c   what a worker says becomes a record and an event; the last one ends the message
 *   bounce.c   the notice to the sender
 *   pace.c     new mail waits a moment while local delivery is behind
 *   due.c      deferred messages by the time of their next attempt
 *   admin.c    the administrator's words
 * Nothing here opens a mailbox or a connection, and no worker sees more than its message.
 */
#pragma once
#include "control/site.h"
#include "ipc/boot.h"
#include "ipc/route.h"
#include "ipc/submit.h"
#include "ipc/work.h"
#include "os/loop.h"
#include "queue/queue.h"
#include "queue/schedule.h"

enum {
    SCHED_CLIENTS_MAX = 4000,
    SCHED_LOCAL_CLIENTS_MAX = 500,  /* of local commands: they must not shut the others out */
    SCHED_LAZY_MS = 50,             /* results wait so long for a commit of their own */
    SCHED_LAZY_BYTES = 1 << 20,     /* or until they are so many */
    SCHED_ROUTE_SECONDS = 2,        /* how long an answer of route is believed */
    SCHED_ROUTES_MAX = 4096,        /* answers remembered */
    SCHED_ROUTE_FLIGHT = 256,       /* questions asked and not answered */
    SCHED_WORKER_IDLE_MS = 3000,    /* then a worker is sent home */
    SCHED_WORKERS_MAX = 240,        /* in all */
    SCHED_BURST = 128,              /* jobs in a row while others wait for a worker */
    SCHED_LANES_MAX = 20000,        /* idle lanes are forgotten above */
    SCHED_RELAY_RCPTS = 100,        /* recipients in one outbound job: RFC 5321 4.5.3.1.8 */
    SCHED_RELAY_RCPT_BYTES = 60000, /* and their octets */
    SCHED_RELAY_WINDOW = 4,         /* jobs in flight to one relay worker: others take the rest */
    SCHED_ANNOUNCE_MS = 1000,       /* a delivery that takes longer gets an event at its start */
    SCHED_DRAIN_MS = 20000,         /* INIT_DRAIN: deliveries in flight may take so long */
    SCHED_RETRY_MS = 1000,          /* before route or a worker is asked for again */
    SCHED_SITE_ARENA = 256 << 20,
};

struct sched;

/* ---- route.c ---- */
struct route_entry {
    uint32_t refs; /* of attempts and jobs; and one while it is in the table */
    bool known;
    int64_t until_ms;
    uint32_t ask_id;
    struct list waiting; /* attempts */
    struct list link;    /* in flight, or unasked */
    char *memory;        /* the answer's strings */
    struct route_answer answer;
    str address; /* key */
};
struct attempt { /* a recipient on its way to a job */
    struct list link;
    struct queue_message *m;
    uint32_t number;
};
void route_find(struct sched *s, struct queue_message *m, uint32_t number);
void route_unref(struct route_entry *e);
void route_flush(struct sched *s); /* forgets answers: the site changed */
void route_close(struct sched *s);
void route_forget_all(struct sched *s); /* at the end: what waits for an answer is lost */
void route_again(void *ctx);            /* timer: asks what waits */

/* ---- lane.c ---- */
struct job_rcpt {
    uint32_t number;
    struct route_entry *route;
    uint64_t delivery; /* qmail's running number */
};
struct job {
    struct list link;
    struct queue_message *m;
    struct lane *lane;
    uint64_t id;
    int64_t started_ms;
    int64_t started; /* queue time */
    size_t address_bytes;
    uint32_t n, cap;
    bool announced;
    struct job_rcpt *rcpts;
};
struct worker {
    struct lane *lane;
    struct list link;        /* in the lane */
    struct list start_link;  /* in sched.starting while init was asked for it */
    struct list idle_link;   /* in sched.idle when it has nothing to do */
    struct channel *channel; /* NULL: init was asked for it */
    struct loop_fd *watch;
    struct list jobs; /* in flight, oldest first */
    uint32_t n_jobs, burst;
    uint32_t ask_id;
    int64_t idle_since_ms;
    bool blocked; /* its socket is full */
    bool retire;  /* has an old site: no new jobs */
};
struct lane {
    struct sched *sched;
    enum channel_kind kind;
    str key;        /* in the table */
    char *memory;   /* strings */
    str user, home; /* local */
    uint32_t uid, gid;
    str host;            /* remote */
    struct list waiting; /* jobs */
    uint32_t n_waiting;
    struct list workers;
    uint32_t n_workers, n_starting;
    struct list starved_link; /* in sched.starved[kind]: wants a slot */
    struct list touched_link; /* in sched.touched */
    struct list gather_link;  /* in sched.gathering: waits for more */
    struct list link;
    bool giving;           /* a batch is on its way: the rest of it waits for room, not for more */
    int64_t gave_ms;       /* when a worker last got a job */
    int64_t not_before_ms; /* a worker could not be had: pause */
    /* dead hosts, as qmail's tcpto: by host here, by address in relay */
    int64_t last_result_ms;
    uint32_t timeouts;
    int64_t timed_out_at, dead_until; /* queue time */
};
struct lane *lane_local(struct sched *s, const struct route_answer *a);
struct lane *lane_remote(struct sched *s, str host);
/* Puts the recipient into a job of the lane; takes the reference on the route. */
void lane_add(struct lane *l, struct queue_message *m, uint32_t number, struct route_entry *e);
void lane_worker_answer(struct sched *s, uint32_t ask_id, const struct init_worker *a, int fd);
void lane_retire_workers(struct sched *s);
void lane_pump_all(void *ctx); /* deferred: sends what can be sent */
void lane_announce_slow(struct sched *s);
void lane_send_idle_home(struct sched *s);
void lane_drop_waiting(
    struct sched *s); /* draining: what no worker has yet waits for the next start */
void lane_close_all(struct sched *s);
void lane_touch(struct lane *l);

/* ---- gather.c ---- */
bool gather_holds(struct lane *l); /* true: its jobs wait for more to come */
void gather_ring(void *ctx);       /* timer: touches the lanes that have waited enough */

/* ---- due.c ---- */
struct due {
    struct queue_message *m;
    int64_t at; /* queue time */
    size_t place;
};
void due_put(struct sched *s, struct queue_message *m, int64_t at);
void due_take(struct sched *s, struct queue_message *m);
void due_rearm(struct sched *s);
void due_done(struct sched *s);

/* ---- attempt.c ---- */
/* Starts every recipient that is due; or puts the message where it waits. */
void attempt_message(struct sched *s, struct queue_message *m);
void attempt_refused(struct sched *s, struct queue_message *m, uint32_t number,
                     const struct route_entry *e);

/* ---- result.c ---- */
struct result {
    enum work_outcome outcome;
    str text;
    bool dsn; /* the next host tells the sender what becomes of it */
};
/* The outcome of recipient i of a job. */
void result_take(struct sched *s, struct job *j, uint32_t i, const struct result *r);
void result_packet(struct sched *s, struct worker *w, struct job *j, const struct work_result *r);
void result_worker_died(struct sched *s, struct job *j);
void job_free(struct sched *s, struct job *j);                /* and its references */
void result_lazy(struct sched *s);                            /* a record waits for a commit */
void result_finish(struct sched *s, struct queue_message *m); /* nobody flies any more */
void result_announce(struct sched *s, struct job *j);

/* ---- bounce.c ---- */
/* Appends the bounce that the message's failed recipients ask for. False: no room for it now,
 * the message must stay. */
bool bounce_make(struct sched *s, struct queue_message *m);
/* The notice of a delivery that the sender asked for (RFC 3461 NOTIFY=SUCCESS), if any. action:
 * RFC 3464 2.3.3, "delivered", "relayed" or "expanded". */
void bounce_success(struct sched *s, const struct queue_message *m, uint32_t number, str text,
                    str action);
/* A recipient was put off: its sender is told with the others' when the round is over, if it is
 * late enough and he wants to know. */
void bounce_late(struct sched *s, struct queue_message *m, uint32_t number);
void bounce_tell_late(void *ctx); /* deferred */

/* ---- client.c ---- */
struct client {
    struct sched *sched;
    struct list link;
    struct channel *channel;
    struct loop_fd *watch;
    enum program program;
    uint32_t uid, pid;
    uint32_t pending; /* submissions that wait for the commit */
    bool gone;
    bool excused;           /* was paused as long as may be */
    struct list pause_link; /* in sched.paused */
    int64_t paused_ms;
    VEC(uint64_t) files;
};
struct pending {
    struct client *client;
    uint32_t packet;
    struct queue_message *m;
};
void client_watch_doors(struct sched *s);
void client_commit(void *ctx); /* deferred: makes the round durable and tells the clients */
void client_close_all(struct sched *s);
void client_end(struct client *c);

/* ---- pace.c: new mail waits a moment while local delivery is behind ---- */
bool pace_pause(struct client *c); /* true: do not read it now */
void pace_arm(struct sched *s);    /* local deliveries go on: watch how fast */
void pace_tick(void *ctx);

/* ---- admin.c, listing.c ---- */
void admin_retry_all(struct sched *s);
void admin_packet(struct client *c, const struct packet *p);
void listing_list(struct sched *s, struct buf *b);
void listing_show(struct sched *s, const struct queue_message *m, struct buf *b);
void listing_qread(struct sched *s, struct buf *b);
void listing_qstat(struct sched *s, struct buf *b);
void listing_status(struct sched *s, struct buf *b);

/* ---- sched.c ---- */
struct sched_door {
    struct sched *sched;
    enum program program;
    struct channel *channel;
    struct loop_fd *watch;
};
struct sched {
    struct boot *boot;
    struct loop *loop;
    struct queue *queue;
    struct arena *site_arena;
    str archive;
    struct site site;
    struct loop_fd *init_watch;
    bool draining, failed;
    err failure;
    struct loop_timer *drain_timer, *lazy_timer, *tick, *tidy_timer;
    bool lazy_armed;

    struct sched_door doors[PROGRAM_COUNT];
    struct list clients;
    uint32_t n_clients, n_local_clients;
    VEC(struct pending) pending;
    VEC(struct queue_message *) fresh; /* appended in this batch: started after its commit */
    VEC(struct queue_message *) late;  /* to be told of when the round is over */

    struct channel *route;
    struct loop_fd *route_watch;
    struct map *routes; /* address -> struct route_entry */
    struct list route_flight, route_unasked;
    uint32_t n_route_flight, next_ask;
    struct loop_timer *route_timer;

    struct map *lane_table;
    struct list lanes, touched, starved[2];
    struct list idle, starting;
    uint32_t n_workers, busy[2], in_flight[2];
    uint64_t next_job, next_delivery;

    struct list gathering; /* lanes */
    struct loop_timer *gather_timer;
    int64_t gather_at_ms; /* when it rings; INT64_MAX: not */
    int64_t new_ms;       /* when mail for a local user last came */

    struct list paused; /* clients, the longest first */
    struct loop_timer *pace_timer;
    bool pacing, pace_armed;
    uint64_t local_results, pace_results, pace_rate;
    int64_t pace_at_ms;

    VEC(struct due *) heap;
    struct loop_timer *due_timer;
    char *scratch; /* IPC_INLINE_MAX: a body on its way to a worker */

    uint64_t accepted, delivered, deferred, failed_count, bounced; /* since the start */
};
err sched_open(struct sched *s, struct boot *b);
err sched_run(struct sched *s); /* until drained; 0 exit */
void sched_close(struct sched *s);
void sched_fail(struct sched *s,
                err e); /* the disk failed twice: end, a new process reads what it holds */
/* Every message in order of arrival; `each` may end any of them. */
void sched_each(struct sched *s, void (*each)(struct sched *s, struct queue_message *m));
void sched_drained(struct sched *s); /* called when the last delivery in flight ended */
static inline uint32_t sched_limit(const struct sched *s, enum channel_kind kind)
{
    uint64_t n = kind == CHANNEL_LOCAL ? s->site.concurrencylocal : s->site.concurrencyremote;
    return n > 120 ? 120 : (uint32_t)n; /* qmail's silent limit */
}
