/* SPDX-License-Identifier: ISC */
#include "gate/commands.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gate/apply.h"
#include "gate/zone_apply.h"
#include "os/clock.h"
#include "os/file.h"

enum { SAID_MAX = 4 << 20, ARENA_MAX = 1 << 30, REFUSED = 100, AGAIN = 111 };

enum work { WORK_FILES = 1, WORK_HOMES = 2, WORK_KEYS = 4, WORK_ZONES = 8, WORK_CHECK = 16 };

static const struct gate_command {
    const char *name;
    unsigned files, work;
} commands[] = {
    {"apply", GATE_ALL, WORK_FILES | WORK_HOMES | WORK_KEYS},
    {"passwd", GATE_PASSWD, WORK_FILES},
    {"shadow", GATE_SHADOW, WORK_FILES},
    {"group", GATE_GROUP, WORK_FILES},
    {"sudoers", GATE_SUDOERS, WORK_FILES},
    {"check-sudoers", 0, WORK_CHECK},
    {"make-home", 0, WORK_HOMES | WORK_KEYS},
    {"make-authkey", 0, WORK_KEYS},
    {"zones", 0, WORK_ZONES},
};

struct options {
    const char *root;
    const struct gate_command *command;
    bool dry_run, verbose, whole, has_max;
    uint64_t max_remove;
    str user;
};

static bool parse(int argc, char **argv, struct options *o)
{
    for (int i = 1; i < argc; i++) {
        const char *w = argv[i];
        if (strcmp(w, "--root") == 0 && i + 1 < argc) {
            o->root = argv[++i];
        } else if (strcmp(w, "--max-remove") == 0 && i + 1 < argc) {
            o->has_max = true;
            if (!str_u64(str_from(argv[++i]), &o->max_remove) || o->max_remove > UINT32_MAX)
                return false;
        } else if (strcmp(w, "-n") == 0 || strcmp(w, "--dry-run") == 0) {
            o->dry_run = true;
        } else if (strcmp(w, "-v") == 0) {
            o->verbose = true;
        } else if (strcmp(w, "--whole") == 0) {
            o->whole = true;
        } else if (!o->command) {
            for (size_t k = 0; k < sizeof commands / sizeof commands[0]; k++)
                if (strcmp(w, commands[k].name) == 0)
                    o->command = &commands[k];
            if (!o->command)
                return false;
        } else if (o->user.n == 0 && card_login_is_fine(str_from(w))) {
            o->user = str_from(w);
        } else {
            return false;
        }
    }
    return o->root && o->command;
}

/* The order is forgotten only when all were carried out: appending and replacing can be done
 * twice. */
static err make_keys(struct gate_run *run, str only)
{
    err worst = OK_ERR;
    for (size_t i = 0; i < run->accounts->n; i++) {
        const struct account *one = &run->accounts->at[i];
        if (only.n && !str_eq(only, one->login))
            continue;
        err e = gate_make_authkey(run, one);
        if (failed(e)) {
            buf_addf(run->said, "keys of %.*s: %s\n", STR_ARG(one->login), err_text(e));
            worst = e;
        }
    }
    return worst;
}

static err do_work(struct gate_run *run, const struct options *o, struct registry *r, bool *fine)
{
    unsigned work = o->command->work;
    err e = OK_ERR;
    if (work & WORK_CHECK)
        return gate_check_sudoers(run, fine);
    if (work & WORK_ZONES)
        return gate_apply_zones(run, r);
    if (work & WORK_FILES)
        e = gate_apply(run);
    if (!failed(e) && work & WORK_HOMES)
        e = gate_make_homes(run, o->user);
    if (!failed(e) && work & WORK_KEYS)
        e = make_keys(run, o->user);
    return e;
}

static err run_all(const struct options *o, struct arena *a, struct buf *said, bool *fine)
{
    auto_fd int root = -1;
    struct gate_settings settings;
    struct accounts all = {0};
    struct registry *r = NULL;
    str where = S("");
    err e = dir_open(AT_FDCWD, o->root, &root);
    if (!failed(e))
        e = gate_settings_load(root, a, &settings, &where);
    if (failed(e)) {
        buf_addf(said, "%.*s: %s\n", STR_ARG(where), err_text(e));
        return e;
    }
    struct gate_run run = {
        .root_dir = root,
        .root = o->root,
        .settings = &settings,
        .accounts = &all,
        .files = o->command->files,
        .dry_run = o->dry_run,
        .verbose = o->verbose,
        .max_remove = o->has_max ? (uint32_t)o->max_remove : settings.max_remove,
        .sudoers = o->whole ? GATE_SUDOERS_WHOLE : settings.sudoers,
        .now = clock_seconds(),
        .arena = a,
        .said = said,
    };
    e = registry_open_to_read(root, &settings, &r);
    if (!failed(e))
        e = accounts_read(r, &settings, a, &all);
    if (failed(e))
        buf_addf(said, "the registrations: %s\n", err_text(e));
    else
        e = do_work(&run, o, r, fine);
    accounts_done(&all);
    registry_close(r);
    return e;
}

int gate_main(int argc, char **argv)
{
    auto_arena struct arena *a = arena_new("gate", ARENA_MAX);
    auto_buf struct buf said;
    struct options o = {0};
    bool fine = true;
    if (!parse(argc, argv, &o)) {
        (void)fprintf(stderr, "usage: twinpost-gate --root DIR COMMAND [-n] [-v] [--max-remove N] "
                              "[--whole] [USER]\n");
        return REFUSED;
    }
    buf_init(&said, SAID_MAX);
    err e = run_all(&o, a, &said, &fine);
    err told = file_write(STDOUT_FILENO, buf_str(&said));
    if (failed(e)) {
        (void)fprintf(stderr, "gate: %s\n", err_text(e));
        return is_temporary(e) ? AGAIN : REFUSED;
    }
    return failed(told) ? AGAIN : fine ? 0 : 1;
}
