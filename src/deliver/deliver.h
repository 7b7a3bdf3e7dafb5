/* SPDX-License-Identifier: ISC */
/* deliver/deliver.h -- local deliveries, as their user: what .qmail says, step by step.
 *
 * One worker serves one user through a burst. It takes all jobs that wait and carries them
 * out one after another; deliveries that end in a Maildir wait together in its batch and are
 * made durable at once (store/maildir.h). A result is told only when the delivery is durable.
 */
#pragma once
#include "control/site.h"
#include "dotqmail/environment.h"
#include "dotqmail/parse.h"
#include "ipc/boot.h"
#include "ipc/submit.h"
#include "ipc/work.h"
#include "os/loop.h"
#include "store/maildir.h"
#include "store/quota.h"

enum { REPORT_MAX = 3000, PATHS_MAX = 16 };

/* Maildirs written to in this burst, by path. */
struct open_maildir {
    char path[1024];
    struct maildir_batch *batch;
};

struct worker {
    struct boot *boot;
    struct channel *sched;
    struct channel *submit; /* opened when the first forward comes */
    struct site site;
    struct arena *site_arena;
    str archive;
    int home; /* directory, "." at start */
    struct open_maildir maildirs[PATHS_MAX];
    size_t n_maildirs;
    struct quota quota;    /* of the user; nothing set: no limit */
    struct filter *filter; /* the user's Sieve script, once there was need of it */
};

enum job_step { JOB_DONE, JOB_IN_BATCH };
struct job {
    struct worker *worker;
    struct arena *arena;
    char *packet; /* the job's own copy */
    struct work_job in;
    int fd;      /* the message, or -1: in.message holds it */
    str message; /* in.message, or the mapped file */
    bool mapped;
    struct delivery delivery;
    struct dotqmail plan;
    str dot, rp, uf;       /* Delivered-To, Return-Path and From_ lines */
    char forwarded_as[24]; /* queue id of the forwards */
    struct buf report;
    enum work_outcome outcome;
    /* JOB_IN_BATCH: where its one Maildir delivery waits */
    struct open_maildir *maildir;
    size_t index;
};

err worker_run(struct worker *w, struct boot *b);

/* job.c */
enum job_step job_run(struct job *j);
void job_fail(struct job *j, enum work_outcome outcome, const char *text);
void job_did(struct job *j); /* "did F+W+P", and "qp ID" after forwards */

/* files.c */
struct open_maildir *maildir_for(struct worker *w, const char *path, err *ret_e);
err maildir_add(struct job *j, struct open_maildir *m, size_t *ret_index);
bool deliver_maildir(struct job *j, const char *path); /* now, durable */
bool deliver_mbox(struct job *j, const char *path);
bool deliver_mbox_parts(struct job *j, const char *path, str ours, const str *parts, size_t n);
void maildir_failed(struct job *j, err e);
/* quota.c: before and after a message goes to that Maildir. ERR_LIMIT with sys EDQUOT. */
void quota_learn(struct worker *w);
err quota_allows(struct job *j, const char *path, uint64_t bytes);
void quota_counts(struct job *j, const char *path, uint64_t bytes);

/* program.c: true when the next instruction may run. *ret_stop: exit 99. */
bool deliver_program(struct job *j, str command, bool *ret_stop);

/* forward.c */
bool deliver_forwards(struct job *j);
struct letter { /* a message for the queue: head, then body */
    str sender;
    str recipients; /* as struct submit has them */
    str head, body;
    uint32_t flags; /* enum submit_flag */
};
err letter_submit(struct job *j, const struct letter *l, struct submit_done *ret);
bool letter_send(struct job *j, const struct letter *l); /* failures are the job's */
/* What qmail-queue puts on top of everything, then our Delivered-To line: hops are counted. */
void add_trace(const struct job *j, struct buf *b);
bool find_newsender(struct job *j); /* job.c */
enum job_step batch_it(struct job *j, const char *path);

/* filter.c: Sieve, where .qmail delivers to the user's mailbox. */
bool filter_is_for(struct job *j, const struct instruction *in);
/* alone: this is the job's only instruction, and its delivery may wait in a batch. */
enum job_step filter_run(struct job *j, const struct instruction *in, bool alone);
