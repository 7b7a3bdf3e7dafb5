/* SPDX-License-Identifier: ISC */
#include "guard/guard.h"

#include <string.h>

#include "os/clock.h"
#include "os/fd.h"
#include "os/file.h"

static err load_site(struct guard *g)
{
    str archive;
    err e = fd_map(g->boot->site_fd, SITE_ARCHIVE_MAX, &archive);
    if (failed(e))
        return e;
    struct arena *a = arena_new("site", 256 << 20);
    struct site site;
    e = site_parse(archive, a, &site);
    if (failed(e)) {
        fd_unmap(archive);
        arena_free(a);
        return e;
    }
    fd_unmap(g->archive);
    arena_free(g->site_arena);
    g->archive = archive;
    g->site_arena = a;
    g->site = site;
    g->config = arena_cstr(a, site.guardconfig);
    return OK_ERR;
}

static void drain(struct guard *g)
{
    g->draining = true;
    loop_stop(g->loop);
}

static void on_init(void *ctx, int fd, unsigned events)
{
    struct guard *g = ctx;
    (void)fd, (void)events; /* a hang-up is read as the end */
    struct packet p;
    err e = channel_try_recv(g->boot->init, &p);
    if (e.kind == ERR_TEMP)
        return;
    if (failed(e) || p.type == IPC_INIT_DRAIN) {
        drain(g);
        return;
    }
    e = boot_message(g->boot, &p);
    if (!failed(e) && p.type == IPC_INIT_SITE)
        e = load_site(g);
    if (failed(e))
        log_event(NULL, EV_PROGRAM_FAILED, F_ERR(e));
    else if (p.type == IPC_INIT_SITE)
        guard_reload(g);
}

void guard_reload(struct guard *g)
{
    guard_unload(g);
    guard_load(g);
    door_all(g);
    guard_tick(g);
}

static void on_doors(void *ctx)
{
    struct guard *g = ctx;
    door_open_front(g);
    own_open(g);
}

static void read_own_addresses(struct guard *g)
{
    static struct own_addresses own;
    err e = own_addresses_read(&own);
    if (failed(e)) /* 127/8 and ::1 are known all the same */
        log_event(NULL, EV_PROGRAM_FAILED, F_ERR(e));
    g->own = &own;
}

err guard_open(struct guard *g, struct boot *boot)
{
    char why[200] = "";
    *g = (struct guard){.boot = boot, .loop = loop_new(), .inotify = -1, .log_fd = -1, .dir = -1};
    list_init(&g->askers);
    buf_init(&g->f2b_lines, F2B_LINES_MAX);
    g->started = clock_seconds();
    g->root = boot_dir(boot, "root");
    err e = g->root < 0 ? err_new(ERR_NOTFOUND, "init gave no root directory") : load_site(g);
    if (!failed(e))
        e = dir_open(g->root, "var/lib/twinpost/guard", &g->dir);
    if (failed(e))
        return e;
    read_own_addresses(g);
    f2b_log_open(g);
    g->store = store_open(g->dir, why, sizeof why);
    if (!g->store)
        log_event(NULL, EV_PROGRAM_FAILED, F_STR("what", S("the ledger of bans cannot be opened")),
                  F_STR("reason", str_from(why)));
    kernel_open(&g->kernel, (unsigned)g->site.guardbits6);
    return OK_ERR;
}

err guard_run(struct guard *g)
{
    g->init_watch = loop_add(g->loop, channel_fd(g->boot->init), LOOP_IN, on_init, g);
    g->doors_again = loop_at(g->loop, DEADLINE_NEVER, on_doors, g);
    f2b_log(g, "fail2ban.server", "INFO", "Starting Fail2ban v%s", GUARD_F2B_VERSION);
    guard_load(g);
    store_forget(g->store, clock_seconds() - GUARD_HISTORY_S);
    door_open_front(g);
    own_open(g);
    commands_serve(g);
    guard_tick(g);
    err e = boot_ready(g->boot);
    return failed(e) ? e : loop_run(g->loop);
}

void guard_close(struct guard *g)
{
    guard_unload(g);
    f2b_log(g, "fail2ban.server", "INFO", "Exiting Fail2ban");
    f2b_log_flush(g);
    kernel_close(&g->kernel, g->site.guardstop == GUARDSTOP_REMOVE);
    store_close(g->store);
    commands_close(g);
    door_close_front(g);
    own_close(g);
    loop_del(g->init_watch);
    loop_timer_del(g->next);
    loop_timer_del(g->doors_again);
    loop_free(g->loop);
    arena_free(g->site_arena);
    fd_unmap(g->archive);
    buf_done(&g->f2b_lines);
}
