/* SPDX-License-Identifier: ISC */
/* route/route.h -- the program that knows whose an address is and whether it exists.
 *
 * Asked by smtpd for every recipient and by sched for every delivery. It sees the names and
 * modes of .qmail files, never what is in them: below homes it opens with O_PATH only, follows
 * no symbolic link there, and what Landlock lets it read lies elsewhere.
 */
#pragma once
#include "control/site.h"
#include "dotqmail/owner.h"
#include "dotqmail/search.h"
#include "ipc/boot.h"
#include "ipc/route.h"
#include "os/loop.h"
#include "people/passwd.h"

enum {
    ROUTE_ASK_ARENA = 1 << 20,
    ROUTE_SITE_ARENA = 256 << 20,
    ROUTE_CACHE_MS = 1000, /* one message's RCPT and delivery, and a burst to one address */
    ROUTE_CACHE_ENTRIES = 4096,
    ROUTE_CACHE_BYTES = 8 << 20,
    ROUTE_CHANNELS_MAX = 8000,
};

/* How the file system looks from here; the callbacks of dotqmail/. */
struct homes {
    struct passwd_db *people;
    bool real_users; /* false: one uid owns everything, so owners prove nothing */
    uint32_t asked_uid;
    int home; /* the home that look() is about, or -1 */
};
struct accounts homes_accounts(struct homes *h, str root);
struct dotqmail_files homes_files(struct homes *h);
err homes_enter(struct homes *h, str home); /* O_PATH */
void homes_leave(struct homes *h);

struct view {
    const struct site *site;
    struct accounts accounts;
    struct homes *homes;
};
/* The whole decision, without cache or channel. Results live in a, views into ask too. */
void route_decide(struct view *v, const struct route_ask *ask, struct arena *a,
                  struct route_answer *ret);

struct cache;
struct cache *cache_new(void);
void cache_free(struct cache *c);
void cache_drop(struct cache *c);
const struct route_answer *cache_get(struct cache *c, const struct route_ask *ask, int64_t now_ms);
void cache_put(struct cache *c, const struct route_ask *ask, const struct route_answer *answer,
               int64_t now_ms);

struct route {
    struct boot *boot;
    struct loop *loop;
    int root;
    char root_path[1024]; /* empty for "/" */
    struct homes homes;
    struct site site;
    struct arena *site_arena;
    str archive;
    struct cache *cache;
    struct arena *ask_arena;
    size_t n_channels;
};
err route_open(struct route *r, struct boot *b);
err route_run(struct route *r);
void route_close(struct route *r); /* the boot's descriptors stay the caller's */
