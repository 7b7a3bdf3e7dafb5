/* SPDX-License-Identifier: ISC */
/* How it works: a user's keeper removes what was kept long enough (store/kept.h) when it starts and
 * while it runs. For users who never come again it tells us when the next is due; we note that in
 * memory and in one file, and start the keeper then, which sweeps and ends. The file is derived:
 * one that is lost is told again whenever a keeper starts. */
#include "init/house.h"

#include <stdlib.h>

#include "log/event.h"
#include "os/clock.h"
#include "os/file.h"

#define KEPT_FILE "var/lib/twinpost/kept"

enum {
    USERS_MAX = 100000,
    FILE_MAX = 32 << 20,
    LOOK_MS = 10 * 60 * 1000,
    MORE_MS = 60 * 1000,
    AT_ONCE = 20, /* keepers started with one look */
};

static void set_due(struct house *h, str user, uint64_t due)
{
    free(map_take(h->kept, user));
    if (!due || map_count(h->kept) >= USERS_MAX)
        return;
    uint64_t *p = mem_alloc("kept", sizeof *p);
    *p = due;
    map_put(h->kept, user, p);
}

static void save(struct house *h)
{
    auto_buf struct buf b;
    buf_init(&b, FILE_MAX);
    size_t at = 0;
    str user;
    void *due;
    while (map_next(h->kept, &at, &user, &due))
        buf_addf(&b, "%.*s\t%llu\n", STR_ARG(user), (unsigned long long)*(uint64_t *)due);
    err e = buf_check(&b, "kept");
    if (!failed(e))
        e = file_replace(h->root, KEPT_FILE, buf_str(&b), 0600);
    if (failed(e)) /* it is right in memory */
        log_event(NULL, EV_PROGRAM_FAILED, F_STR("doing", S("write whose kept mail is due when")),
                  F_ERR(e));
}

void kept_told(struct house *h, str user, uint64_t due)
{
    uint64_t *old = map_get(h->kept, user);
    if ((old ? *old : 0) == due)
        return;
    set_due(h, user, due);
    save(h);
}

static void on_look(void *ctx)
{
    struct house *h = ctx;
    uint64_t now = (uint64_t)clock_seconds();
    size_t at = 0, n = 0;
    str user, due_users[AT_ONCE];
    void *due;
    while (n < AT_ONCE && map_next(h->kept, &at, &user, &due))
        if (*(uint64_t *)due <= now)
            due_users[n++] = user;
    for (size_t i = 0; i < n && !h->stopping; i++) {
        uint64_t *p = map_get(h->kept, due_users[i]);
        err e = keeper_wake(h, due_users[i]);
        if (e.kind == ERR_NOTFOUND) /* the account is gone, and its home is not ours to clean */
            set_due(h, due_users[i], 0);
        else /* the keeper tells better; this is for one that cannot be started */
            *p = now + 24 * 3600;
    }
    loop_timer_move(h->kept_timer, deadline_in_ms(n == AT_ONCE ? MORE_MS : LOOK_MS));
}

void kept_load(struct house *h)
{
    h->kept = map_new();
    h->kept_timer = loop_at(h->loop, deadline_in_ms(MORE_MS), on_look, h);
    auto_arena struct arena *a = arena_new("kept", 2 * FILE_MAX);
    str text, line;
    if (failed(file_read(h->root, KEPT_FILE, FILE_MAX, a, &text)))
        return; /* derived */
    while (str_line(&text, &line)) {
        str user, number;
        uint64_t due;
        if (str_cut(line, '\t', &user, &number) && user.n && str_u64(number, &due))
            set_due(h, user, due);
    }
}
