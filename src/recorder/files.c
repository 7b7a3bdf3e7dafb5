/* SPDX-License-Identifier: ISC */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "os/clock.h"
#include "os/fd.h"
#include "os/file.h"
#include "recorder/recorder.h"

enum { FILE_MAX = 64 * 1024 * 1024 };

static const char current[] = "events.jsonl";

err files_open(struct recorder *r)
{
    err e = file_open(r->dir, current, O_WRONLY | O_CREAT | O_APPEND, 0640, &r->file);
    if (!failed(e))
        e = fd_size(r->file, &r->size);
    return e;
}

static void rotate(struct recorder *r)
{
    char name[64];
    (void)snprintf(name, sizeof name, "events-%lld.jsonl", (long long)clock_micros()); /* fits */
    err e = file_rename(r->dir, current, r->dir, name);
    if (failed(e))
        return; /* goes on in the same file and tries again with the next round */
    fd_close(r->file);
    r->file = -1;
    e = files_open(r);
    if (failed(e))
        r->lost++; /* the next flush opens again */
}

void files_flush(struct recorder *r)
{
    if (r->out.n == 0)
        return;
    if (r->file < 0 && failed(files_open(r))) {
        r->lost++;
        buf_reset(&r->out);
        return;
    }
    err e = file_write(r->file, buf_str(&r->out));
    if (failed(e))
        r->lost++; /* disk full: counted in the metrics, mail goes on */
    r->size += r->out.n;
    buf_reset(&r->out);
    if (r->size > FILE_MAX)
        rotate(r);
}
