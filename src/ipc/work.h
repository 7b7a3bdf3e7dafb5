/* SPDX-License-Identifier: ISC */
/* ipc/work.h -- sched gives deliveries to workers and hears how they went.
 *
 * A worker may be sent several jobs before it answers (sched's window); it answers each by
 * `job`. deliver takes all that wait and commits them together. The message has LF line
 * ends; in `message`, or as read-only fds[0] when that is empty and size is not 0.
 */
#pragma once
#include "ipc/channel.h"
#include "ipc/submit.h"

enum { WORK_WINDOW = 32 }; /* jobs in flight to one worker */
/* In work_job.flags beside enum submit_flag: an earlier attempt may have got through (it was
 * answered by no result before a crash, or the worker died): look whether it did. */
enum { WORK_REPEATED = 1 << 16 };

struct work_job {
    uint64_t job;
    str id;          /* queue id */
    uint64_t number; /* of the recipient within the message: with id, names the delivery for ever */
    str sender;
    str recipients; /* deliver: one address; relay: addresses, NUL after each */
    str host;       /* deliver: domain of the address; relay: the destination host */
    str user, home, local, dash, ext; /* deliver */
    str default_delivery;             /* deliver: "./Maildir/" */
    str orcpt, notify;                /* relay: DSN, NUL after each recipient's; deliver: its own */
    str envid;
    uint32_t flags;   /* enum submit_flag */
    uint64_t arrived; /* seconds since the epoch */
    uint64_t size;
    str message;
};
extern const struct ipc_schema work_job_schema;

enum work_outcome { WORK_OK = 1, WORK_TEMP, WORK_PERM };
struct work_result {
    uint64_t job;
    uint32_t outcome;   /* of the whole (deliver: of its one recipient) */
    str text;           /* report as in qmail's log and bounces */
    str recipients;     /* relay: per recipient one letter (r accepted, h hard, s soft) text NUL;
                         * h and s with all that is to be told, r without text: `text` is told */
    uint32_t timed_out; /* relay: the host did not answer: sched backs off */
    uint32_t dsn; /* relay: the host was given NOTIFY and tells the sender itself (RFC 3461) */
};
extern const struct ipc_schema work_result_schema;
