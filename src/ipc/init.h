/* SPDX-License-Identifier: ISC */
/* ipc/init.h -- what init gives to each program at its start, and what it is asked for.
 *
 * Every program is executed by init with: 0 and 1 /dev/null, 2 stderr, 3 the channel to
 * init, 4 the way to the recorder (log/). Before IPC_INIT_GO the programs receive what they
 * need: the site, directories, doors, listeners. They answer IPC_INIT_READY when they serve.
 */
#pragma once
#include "ipc/channel.h"

enum { INIT_FD = 3, LOG_FD = 4 };

/* The configuration: fd = sealed archive (control/site.h). Again after each reload. */
struct init_site {
    uint64_t generation;
    uint32_t
        real_users; /* 1: deliveries and sessions run under their user's uid; 0: one uid for all */
};
extern const struct ipc_schema init_site_schema;

/* A door to a service: fd = the client's end. */
struct init_door {
    uint32_t service; /* enum program */
};
extern const struct ipc_schema init_door_schema;

/* To a service: fd = where knocks of that program arrive. */
struct init_clients {
    uint32_t program; /* enum program of those who knock here */
};
extern const struct ipc_schema init_clients_schema;

/* To front: fd = a listening TCP socket. */
struct init_listen {
    uint32_t service; /* enum service */
    str address;      /* "127.0.0.1:10025", for events */
};
extern const struct ipc_schema init_listen_schema;

/* A directory the program works in: fd = O_DIRECTORY. */
struct init_dir {
    str name; /* "root", "queue", "log", "people", "tls", "relay"; relay's "secrets" is a sealed
               * archive (control/site.h) and no directory */
};
extern const struct ipc_schema init_dir_schema;

/* To the recorder: fd = where the events of that program arrive, a JSON object a packet. */
extern const struct ipc_schema init_events_schema; /* struct init_clients */

struct init_nothing {
    uint32_t unused;
};
extern const struct ipc_schema init_go_schema;    /* struct init_nothing: begin */
extern const struct ipc_schema init_ready_schema; /* struct init_nothing: serving */
extern const struct ipc_schema
    init_drain_schema; /* struct init_nothing: finish what is begun, then exit 0 */

/* sched -> init: start a worker. The answer is IPC_INIT_WORKER with the same packet id. */
struct init_worker_ask {
    uint32_t program; /* PROGRAM_DELIVER or PROGRAM_RELAY */
    str user;         /* deliver: run as; relay: ignored */
    uint32_t uid, gid;
    str home; /* deliver: working directory */
};
extern const struct ipc_schema init_worker_ask_schema;

/* init -> sched: fd = the channel to the worker (ipc/work.h), unless text says why not. */
struct init_worker {
    uint32_t ok;
    str text;
};
extern const struct ipc_schema init_worker_schema;

/* session -> init (through the door to init): I was told that the login succeeded; start the
 * session again as the user. fds = data, control. */
struct init_promote {
    str sid;
    uint32_t service;
    str start;  /* the encoded struct session_start of this session, TLS facts updated */
    str input;  /* bytes read from the client and not yet consumed */
    str answer; /* bytes that the new process writes first: the OK to the login */
};
extern const struct ipc_schema init_promote_schema;

/* auth -> init (on auth's init channel): this session may become that user. */
struct init_granted {
    str sid;
    uint32_t service;
    str user;
    uint32_t uid, gid;
    str home;
};
extern const struct ipc_schema init_granted_schema;

/* init -> the new session process: fds = data, control, keeper channel. */
struct init_session {
    str user;
    uint32_t uid, gid;
    str home;
    str start; /* as in init_promote */
    str input;
    str answer;
};
extern const struct ipc_schema init_session_schema;

/* A user's session -> init: a way to the mail of another user (control/sharedprefix). init knows
 * whose session asks and tells it that user's keeper with the knock; what the session may do there
 * is the keeper's to decide. fds, when ok: the channel. */
struct init_visit {
    str owner;
};
extern const struct ipc_schema init_visit_schema; /* -> VISITED */
struct init_visited {
    uint32_t outcome; /* enum err_kind */
};
extern const struct ipc_schema init_visited_schema;
/* Who has shared something with the user of this session, or with everybody. */
extern const struct ipc_schema init_shared_ask_schema; /* struct init_nothing -> SHARED */
enum { INIT_SHARES_MAX = 20 * 1024, INIT_SHARED_MAX = 128 * 1024 };
struct init_shared {
    str owners; /* names, NUL after each */
};
extern const struct ipc_schema init_shared_schema;
/* keeper -> init: with whom its owner shares something: names, NUL after each; "*": anybody. */
struct init_shares {
    str with;
};
extern const struct ipc_schema init_shares_schema;

/* keeper -> init: when expunged messages that are kept must go, seconds since the epoch; 0: none
 * are kept. init starts the keeper then, should its user not have come before. */
struct init_kept {
    uint64_t due;
};
extern const struct ipc_schema init_kept_schema;

/* init -> a keeper, deliver, relay: for whom it works. fds: a worker's channel to sched
 * (boot.peer); a keeper has none, sessions knock at its clients' doors. */
struct init_keeper {
    str user;
    str home;
};
extern const struct ipc_schema init_keeper_schema;
