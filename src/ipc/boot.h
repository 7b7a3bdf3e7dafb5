/* SPDX-License-Identifier: ISC */
/* ipc/boot.h -- the first lines of every program's main: receive what init gives. */
#pragma once
#include "ipc/init.h"

enum { BOOT_DIRS = 8, BOOT_LISTENERS = 64 };

struct boot_listener {
    int fd;
    enum service service;
    char address[64];
};

struct boot {
    struct channel *init; /* descriptor 3 */
    int site_fd;          /* sealed archive, or -1 */
    uint64_t generation;
    bool real_users;
    int doors[PROGRAM_COUNT];               /* client ends, by service; -1: none */
    struct channel *clients[PROGRAM_COUNT]; /* service ends, by client program; NULL: none */
    int events[PROGRAM_COUNT]; /* the recorder's: by the program they come from; -1: none */
    struct {
        char name[16];
        int fd;
    } dirs[BOOT_DIRS];
    struct boot_listener listeners[BOOT_LISTENERS];
    size_t n_listeners;
    int peer;       /* worker: its channel to sched; -1 otherwise */
    char user[256]; /* keeper, worker: whose */
    char home[1024];
    /* session programs started as a user: the packet IPC_INIT_SESSION stays readable here */
    bool is_session;
    struct packet session;
};

/* Receives until IPC_INIT_GO (or IPC_INIT_SESSION, which ends the boot of a user's session). */
err boot_receive(struct boot *b);
/* One message of init that came later (a new site, a new door): takes it over like at the start. */
err boot_message(struct boot *b, struct packet *p);
err boot_ready(struct boot *b);
int boot_dir(const struct boot *b, const char *name); /* -1 when absent */
