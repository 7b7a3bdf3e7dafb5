/* SPDX-License-Identifier: ISC */
/* The zone files of a house: built, asked about with named-checkzone, replaced one by one. */
#include "gate/zone_apply.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/child.h"
#include "os/clock.h"
#include "os/file.h"

struct reading {
    struct gate_run *run;
    VEC(struct zone_host) hosts;
};

static err take_host(void *ctx, const struct card *c)
{
    struct reading *rd = ctx;
    struct arena *a = rd->run->arena;
    enum reg_state state;
    struct zone_host h;
    if (!reg_state_find(c->at[CARD_STATE], &state) || !reg_state_is_stable(state))
        return OK_ERR;
    str name = arena_copy(a, c->at[CARD_LOGIN]);
    if (!card_host_is_fine(name) || !zone_host_parse(name, c->at[CARD_IP], c->at[CARD_IP6], &h)) {
        buf_addf(rd->run->said, "%.*s: no address that a zone can hold\n", STR_ARG(name));
        return err_new(ERR_SYNTAX, "a host's card");
    }
    vec_push(&rd->hosts, h);
    return OK_ERR;
}

/* ERR_DENIED: it objects. */
static err named_checkzone(struct gate_run *run, const struct zone *z, const char *path)
{
    static const char *const places[] = {"/usr/bin/named-checkzone", "/usr/sbin/named-checkzone",
                                         NULL};
    size_t i = 0;
    while (places[i] && access(places[i], X_OK) != 0)
        i++;
    if (!places[i])
        return OK_ERR; /* where bind is not, its check is not either */
    const char *full = arena_printf(run->arena, "%s/%s", run->root, path).p;
    const char *argv[] = {places[i], "-q", arena_cstr(run->arena, z->name), full, NULL};
    struct child_spec spec = {.path = places[i], .argv = argv};
    pid_t pid;
    int status = 0;
    err e = child_start(&spec, &pid);
    if (!failed(e))
        e = child_wait(pid, deadline_in_ms(60000), &status);
    if (failed(e) || (WIFEXITED(status) && WEXITSTATUS(status) == 0))
        return e;
    buf_addf(run->said, "%.*s: named-checkzone objects; the old zone stays\n", STR_ARG(z->name));
    return err_new(ERR_DENIED, "named-checkzone objects");
}

static err put_zone(struct gate_run *run, const struct zone *z)
{
    str dir = run->settings->zone_dir, old = S("");
    auto_buf struct buf fresh;
    buf_init(&fresh, ZONE_MAX + 64);
    const char *path =
        arena_printf(run->arena, ".%.*s/%.*s.zone", STR_ARG(dir), STR_ARG(z->name)).p;
    const char *aside = arena_printf(run->arena, "%s.new", path).p;
    err e = file_read(run->root_dir, path, ZONE_MAX, run->arena, &old);
    bool is_new = e.kind == ERR_NOTFOUND;
    if (failed(e) && !is_new)
        return e;
    if (!zone_with_serial(z, old, run->now, &fresh))
        return OK_ERR;
    if (run->dry_run || run->verbose)
        build_diff(path, old, buf_str(&fresh), false, run->said);
    if (run->dry_run)
        return OK_ERR;
    e = file_replace(run->root_dir, aside, buf_str(&fresh), 0644);
    if (!failed(e))
        e = named_checkzone(run, z, aside);
    if (failed(e)) {
        (void)unlinkat(run->root_dir, aside, 0); /* best effort: the first error is told */
        return e;
    }
    if (!is_new)
        e = file_replace(run->root_dir, arena_printf(run->arena, "%s_old", path).p, old, 0644);
    return failed(e) ? e : file_rename(run->root_dir, aside, run->root_dir, path);
}

err gate_apply_zones(struct gate_run *run, struct registry *r)
{
    auto_fd int dir = -1;
    struct reading rd = {.run = run};
    struct zone_set *set = NEW(run->arena, struct zone_set);
    const char *path = arena_printf(run->arena, ".%.*s", STR_ARG(run->settings->zone_dir)).p;
    err e = registry_each(r, true, take_host, &rd);
    if (!failed(e))
        e = zones_build(run->settings->ip_domain, run->settings->name_servers, rd.hosts.at,
                        rd.hosts.n, run->arena, set);
    vec_done(&rd.hosts);
    if (!failed(e) && !run->dry_run)
        e = dir_make_all(run->root_dir, path, 0755);
    for (size_t i = 0; i < set->n && !failed(e); i++)
        e = put_zone(run, &set->at[i]);
    if (failed(e) || run->dry_run)
        return e;
    e = dir_open(run->root_dir, path, &dir);
    return failed(e) ? e : dir_sync(dir);
}
