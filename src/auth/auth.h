/* SPDX-License-Identifier: ISC */
/* auth/auth.h -- the program: sessions ask whether a login is right, over channels of their own.
 *
 * Owns the credentials file's contents, the cache of verified logins, the tallies of failures
 * and the workers. A success is told to init first (IPC_INIT_GRANTED), then to the session; a
 * failure is answered late and never says what was wrong.
 */
#pragma once
#include "auth/cache.h"
#include "auth/conversation.h"
#include "auth/slow.h"
#include "auth/tokens.h"
#include "auth/workers.h"
#include "control/site.h"
#include "ipc/boot.h"
#include "ipc/witness.h"
#include "people/passwd.h"
#include "people/system.h"

enum { AUTH_CLIENTS_MAX = 4096, AUTH_SITE_ARENA = 64 << 20 };

struct auth {
    struct boot *boot;
    struct loop *loop;
    int root, people_dir;
    struct passwd_db *people;
    struct credentials *credentials;
    struct login_house house;
    char witness[WITNESS_KEY_BYTES];
    struct cache *cache;
    struct slow *slow;
    struct workers *workers;
    struct tokens tokens;
    struct buf decoy; /* the hash that unknown names are checked against */
    struct site site;
    struct arena *site_arena;
    str archive;
    struct list clients;
    size_t n_clients;
};

/* boot must hold "root" and "people". Everything that needs writing happens here. */
err auth_open(struct auth *a, struct boot *b);
/* Forks the workers, reads the credentials, serves until init says so. */
err auth_run(struct auth *a);
void auth_close(struct auth *a);

/* For service.c: one session's channel, and logins that use the house. */
struct client;
void client_new(struct auth *a, int fd, enum program program);
void clients_free(struct auth *a);
/* Loads the credentials again when the file has changed. A file that cannot be read leaves the
 * old ones in force, and says so. */
void auth_refresh(struct auth *a);
