/* SPDX-License-Identifier: ISC */
/* ipc/types.h -- every message type, the programs, and the limits of a packet. */
#pragma once
#include <stdint.h>

enum {
    IPC_PACKET_MAX = 176 * 1024, /* one packet, all in: fits the kernel's default socket buffer */
    IPC_INLINE_MAX = 80 * 1024,  /* a mail body up to this size travels inside a packet */
    IPC_FDS_MAX = 64,            /* descriptors with one packet */
};

/* Who is who. Also the labels of doors (ipc/door.h). */
enum program {
    PROGRAM_INIT = 1,
    PROGRAM_FRONT,
    PROGRAM_SMTPD,
    PROGRAM_IMAPD,
    PROGRAM_POPD,
    PROGRAM_KEEPER,
    PROGRAM_ROUTE,
    PROGRAM_SCHED,
    PROGRAM_DELIVER,
    PROGRAM_RELAY,
    PROGRAM_AUTH,
    PROGRAM_RECORDER,
    PROGRAM_CTL,   /* an administrator's command, by the control socket */
    PROGRAM_LOCAL, /* any local user's command, by the submit socket; uid is known */
    PROGRAM_SIEVED,
    PROGRAM_INTROSPECT,
    PROGRAM_GUARD,
    PROGRAM_COUNT,
};
const char *program_name(enum program p); /* "smtpd" */

/* What a listener speaks. */
enum service {
    SERVICE_SMTP = 1,    /* 25 */
    SERVICE_SUBMISSION,  /* 587, STARTTLS */
    SERVICE_SUBMISSIONS, /* 465, TLS from the start */
    SERVICE_IMAP,        /* 143 */
    SERVICE_IMAPS,       /* 993 */
    SERVICE_POP3,        /* 110 */
    SERVICE_POP3S,       /* 995 */
    SERVICE_METRICS,     /* Prometheus, served by the recorder */
    SERVICE_SIEVE,       /* 4190, STARTTLS */
    SERVICE_COUNT,
};
const char *service_name(enum service s); /* "submission" */

enum ipc_type {
    IPC_BUNDLE = 0x0001, /* several packets in one (ipc/codec.h) */
    /* init <-> every program (ipc/init.h) */
    IPC_INIT_SITE = 0x0101,
    IPC_INIT_DOOR,
    IPC_INIT_CLIENTS,
    IPC_INIT_LISTEN,
    IPC_INIT_DIR,
    IPC_INIT_GO,
    IPC_INIT_READY,
    IPC_INIT_DRAIN,
    IPC_INIT_SESSION,
    IPC_INIT_WORKER_ASK,
    IPC_INIT_WORKER,
    IPC_INIT_PROMOTE,
    IPC_INIT_GRANTED,
    IPC_INIT_KEEPER,
    IPC_INIT_EVENTS,
    IPC_INIT_VISIT,
    IPC_INIT_VISITED,
    IPC_INIT_SHARED_ASK,
    IPC_INIT_SHARED,
    IPC_INIT_SHARES,
    IPC_INIT_KEPT,
    /* doors (ipc/door.h) */
    IPC_DOOR_KNOCK = 0x0201,
    /* front <-> session (ipc/session.h) */
    IPC_SESSION_START = 0x0301,
    IPC_SESSION_STARTTLS,
    IPC_SESSION_TLS,
    IPC_SESSION_DRAIN,
    IPC_SESSION_NOTE,
    /* session <-> auth (ipc/auth.h) */
    IPC_AUTH_START = 0x0401,
    IPC_AUTH_STEP,
    IPC_AUTH_CANCEL,
    IPC_AUTH_CHALLENGE,
    IPC_AUTH_DONE,
    /* auth <-> its own workers (auth/workers.c) */
    IPC_AUTH_CHECK,
    IPC_AUTH_CHECKED,
    /* smtpd, sched <-> route (ipc/route.h) */
    IPC_ROUTE_ASK = 0x0501,
    IPC_ROUTE_ANSWER,
    /* smtpd, deliver, ctl <-> sched (ipc/submit.h) */
    IPC_SUBMIT = 0x0601,
    IPC_SUBMIT_DONE,
    IPC_SUBMIT_FILE_ASK,
    IPC_SUBMIT_FILE,
    /* sched <-> deliver, relay (ipc/work.h) */
    IPC_WORK_JOB = 0x0701,
    IPC_WORK_RESULT,
    /* ctl <-> init, sched, recorder (ipc/admin.h) */
    IPC_ADMIN_OPEN = 0x0801,
    IPC_ADMIN_ASK,
    IPC_ADMIN_LINE,
    IPC_ADMIN_END,
    IPC_ADMIN_MAILBOX,
    /* ctl, and who watches for attackers, <-> front (ipc/ban.h) */
    IPC_BAN_ADD = 0x0a01,
    IPC_BAN_LIFT,
    IPC_BAN_LIST,
    IPC_BAN_ENTRY,
    IPC_BAN_DONE,
    /* auth <-> introspect (ipc/token.h) */
    IPC_TOKEN_ASK = 0x0b01,
    IPC_TOKEN_ANSWER,
    /* imapd, popd <-> keeper (ipc/keeper.h): 0x0901 and up */
    IPC_KEEPER_FIRST = 0x0901,
};
