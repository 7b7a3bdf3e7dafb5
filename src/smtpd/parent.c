/* SPDX-License-Identifier: ISC */
#include "smtpd/parent.h"

#include "ipc/door.h"
#include "log/event.h"
#include "os/fd.h"
#include "os/io.h"
#include "smtpd/session.h"

err smtpd_load_site(struct smtpd_parent *p, struct boot *boot)
{
    str archive;
    struct site site;
    err e = fd_map(boot->site_fd, SITE_ARCHIVE_MAX, &archive);
    if (failed(e))
        return e;
    struct arena *arena = arena_new("site", SITE_ARCHIVE_MAX);
    e = site_parse(archive, arena, &site);
    if (failed(e)) {
        arena_free(arena);
        fd_unmap(archive);
        return e;
    }
    arena_free(p->site_arena); /* running sessions have their own copy of it all */
    if (p->archive.n)
        fd_unmap(p->archive);
    *p = (struct smtpd_parent){.boot = boot, .site_arena = arena, .archive = archive, .site = site};
    return OK_ERR;
}

static err new_site(void *ctx, struct boot *boot)
{
    return smtpd_load_site(ctx, boot);
}

static err open_door(void *ctx, enum program service, struct channel **ret)
{
    const struct smtpd_parent *p = ctx;
    int door = p->boot->doors[service];
    return door < 0 ? err_new(ERR_NOTFOUND, "no door to that service") : door_open(door, ret);
}

static void run_session(void *ctx, const struct session_start *start, int data_fd, int control_fd)
{
    struct smtpd_parent *p = ctx;
    struct smtpd_session s = {.site = &p->site,
                              .io = io_new(data_fd, data_fd),
                              .control = channel_new(control_fd),
                              .start = start,
                              .can_login = p->boot->doors[PROGRAM_AUTH] >= 0,
                              .services = {.open = open_door, .ctx = p}};
    io_leash(s.io, control_fd);
    smtpd_session_run(&s);
    io_free(s.io);
    channel_free(s.control);
}

static void problem(void *ctx, err e)
{
    (void)ctx; /* the event says what there is to say */
    log_event(NULL, EV_PROGRAM_FAILED, F_ERR(e));
}

err smtpd_serve(struct smtpd_parent *p)
{
    struct warm w = {.boot = p->boot,
                     .ctx = p,
                     .new_site = new_site,
                     .session = run_session,
                     .problem = problem};
    return warm_run(&w);
}
