/* SPDX-License-Identifier: ISC */
/* ipc/submit.h -- handing a message to the queue. The answer comes after it is durable.
 *
 * The message has LF line ends. Up to IPC_INLINE_MAX it travels in `message`; up to 256 KiB
 * as a sealed memory file (fds[0]); above, the client first asks for a file
 * (IPC_SUBMIT_FILE_ASK), writes and syncs it, and names it by `file`.
 */
#pragma once
#include "ipc/channel.h"

enum {
    SUBMIT_RECIPIENTS_MAX = 1000,
    SUBMIT_RECIPIENT_BYTES = 64 * 1024, /* all recipients together, as encoded */
    SUBMIT_MEMORY_MAX = 256 * 1024,     /* larger bodies go through a file */
};

enum submit_flag {
    SUBMIT_8BITMIME = 1,
    SUBMIT_SMTPUTF8 = 2,
    SUBMIT_RET_HDRS = 4, /* RFC 3461 RET=HDRS */
    SUBMIT_RET_FULL = 8,
};

struct submit {
    str sid;        /* session, or empty */
    str sender;     /* reverse path without <>; empty for bounces */
    str recipients; /* per recipient: address NUL notify NUL orcpt NUL (the two may be empty) */
    str message;
    uint64_t size; /* of the message, wherever it is */
    uint64_t file; /* from IPC_SUBMIT_FILE, or 0 */
    uint32_t flags;
    str envid;
    str user;          /* logged in as, or empty */
    uint32_t uid, pid; /* of a local command (sched overwrites them by what the door says) */
};
extern const struct ipc_schema submit_schema;

struct submit_done {
    uint32_t ok;
    uint32_t permanent; /* when not ok: 1 = 5xx, 0 = 4xx */
    str id;             /* queue id: 1..20 decimal digits */
    str text;           /* when not ok: qmail-queue style text with (#x.y.z) */
};
extern const struct ipc_schema submit_done_schema;

struct submit_file_ask {
    uint64_t size_hint;
};
extern const struct ipc_schema submit_file_ask_schema;
struct submit_file { /* fds = the file, for writing */
    uint64_t file;   /* 0: no room; text says why */
    str text;
};
extern const struct ipc_schema submit_file_schema;
