/* SPDX-License-Identifier: ISC */
/* ipc/warm.h -- the warm parent of a session program: booted, confined, configuration read;
 * it waits at front's door and forks one child per session, so that a connection costs a
 * fork and no more. The parent itself never reads a byte from a client.
 */
#pragma once
#include "ipc/boot.h"
#include "ipc/session.h"

struct warm {
    struct boot *boot;
    void *ctx;
    /* A new configuration: boot->site_fd. On failure the old one must stay usable. */
    err (*new_site)(void *ctx, struct boot *boot);
    /* In the child: the whole session. Takes both descriptors. `start` lives as long. */
    void (*session)(void *ctx, const struct session_start *start, int data_fd, int control_fd);
    /* Something went wrong that one event should tell; the parent goes on. */
    void (*problem)(void *ctx, err e);
};

/* Returns in the parent when init said drain and all children have ended, and in each child
 * after its session: main ends either way. */
err warm_run(struct warm *w);
