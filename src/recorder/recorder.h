/* SPDX-License-Identifier: ISC */
/* recorder/recorder.h -- keeps the events: appends them to files, counts them, shows them.
 *
 * The files are ROOT/var/log/twinpost/events.jsonl and, closed at 64 MiB, events-TIME.jsonl
 * (TIME in microseconds). Only the recorder writes there. An event is lost to the files only
 * when the disk is full (then counted and said on the next line that fits).
 */
#pragma once
#include "ipc/boot.h"
#include "os/loop.h"

struct recorder {
    struct boot *boot;
    struct loop *loop;
    int dir, file;        /* log directory, current file or -1 */
    uint64_t size;        /* of the current file */
    struct buf out;       /* lines of this round, not yet written */
    uint64_t lost;        /* events that no file took */
    uint64_t counts[256]; /* by enum event */
    int console;          /* readable events go there too; -1: not */
    struct list followers;
};

err recorder_open(struct recorder *r, struct boot *b);
err recorder_run(struct recorder *r);

/* files.c */
err files_open(struct recorder *r);
void files_flush(struct recorder *r); /* writes r->out */

/* metrics.c */
void metrics_count(struct recorder *r, str line);
void metrics_text(const struct recorder *r, struct buf *out); /* Prometheus text format 0.0.4 */
void metrics_serve(struct recorder *r);

/* follow.c: administrators who watch */
void follow_serve(struct recorder *r);
void follow_line(struct recorder *r, str line);
