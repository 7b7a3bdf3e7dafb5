/* SPDX-License-Identifier: ISC */
/* How it works: a home is made as .gate-new-LOGIN beside its place, whole and owned, and then
 * renamed to its name: nobody sees half of one, and what a crash leaves is removed and made
 * again. Homes that are there are not touched. */
#include <string.h>
#include <unistd.h>

#include "gate/apply.h"
#include "gate/tree.h"
#include "os/file.h"
#include "people/passwd.h"

/* The parent directory's descriptor and the last part of a home's path. */
static err open_parent(struct gate_run *run, str home, int *ret_dir, const char **ret_name)
{
    while (str_ends(home, S("/")))
        home = str_slice(home, 0, home.n - 1);
    ptrdiff_t slash = str_rfind(home, '/');
    str name = str_from_at(home, (size_t)(slash + 1));
    if (slash < 0 || name.n == 0 || name.p[0] == '.' || str_find_str(home, S("/../")) >= 0)
        return err_new(ERR_SYNTAX, "a home's path");
    *ret_name = arena_cstr(run->arena, name);
    const char *parent = arena_printf(run->arena, ".%.*s", (int)slash, home.p).p;
    err e = dir_make_all(run->root_dir, parent, 0755);
    return failed(e) ? e : dir_open(run->root_dir, parent, ret_dir);
}

static err add_skeleton(struct gate_run *run, int home, const struct tree_owner *owner)
{
    auto_fd int skel = -1;
    const char *path = arena_printf(run->arena, ".%.*s", STR_ARG(run->settings->skel)).p;
    err e = dir_open(run->root_dir, path, &skel);
    if (e.kind == ERR_NOTFOUND)
        return OK_ERR;
    return failed(e) ? e : tree_copy(skel, home, owner);
}

static err add_maildir(int home, const struct tree_owner *owner)
{
    static const char *const dirs[] = {"Maildir", "Maildir/tmp", "Maildir/new", "Maildir/cur"};
    err e = OK_ERR;
    struct stat st;
    for (size_t i = 0; i < 4 && !failed(e); i++)
        e = tree_make_dir(home, dirs[i], 0700, owner);
    if (!failed(e) && file_stat(home, ".qmail", &st).kind == ERR_NOTFOUND)
        e = tree_make_file(home, ".qmail", S("./Maildir/\n"), 0644, owner);
    return e;
}

static err fill(struct gate_run *run, int parent, const char *fresh, const struct tree_owner *owner)
{
    auto_fd int home = -1;
    static const struct tree_owner root = {0}; /* given away last: nobody works in it before */
    err e = tree_make_dir(parent, fresh, 0700, &root);
    if (!failed(e))
        e = dir_open(parent, fresh, &home);
    if (!failed(e))
        e = add_skeleton(run, home, owner);
    if (!failed(e))
        e = add_maildir(home, owner);
    if (!failed(e) && fchmod(home, 0755) < 0)
        e = err_sys("chmod");
    if (!failed(e) && owner->change && fchown(home, owner->uid, owner->gid) < 0)
        e = err_sys("give a home to its user");
    return failed(e) ? e : file_sync_all(home); /* before the name is there */
}

static err make_home(struct gate_run *run, const struct person *p)
{
    auto_fd int parent = -1;
    const char *name;
    struct stat st;
    err e = open_parent(run, p->home, &parent, &name);
    if (failed(e))
        return e;
    e = file_stat(parent, name, &st);
    if (!failed(e)) {
        if (geteuid() == 0 && st.st_uid != p->uid)
            buf_addf(run->said, "%.*s belongs to user number %u, not to %.*s: left alone\n",
                     STR_ARG(p->home), (unsigned)st.st_uid, STR_ARG(p->name));
        return OK_ERR;
    }
    if (e.kind != ERR_NOTFOUND)
        return e;
    if (run->dry_run) {
        buf_addf(run->said, "would make %.*s\n", STR_ARG(p->home));
        return OK_ERR;
    }
    struct tree_owner owner = {.change = geteuid() == 0, .uid = p->uid, .gid = p->gid};
    const char *fresh = arena_printf(run->arena, ".gate-new-%.*s", STR_ARG(p->name)).p;
    e = tree_remove(parent, fresh);
    if (!failed(e))
        e = fill(run, parent, fresh, &owner);
    if (!failed(e))
        e = file_rename_new(parent, fresh, parent, name);
    if (!failed(e))
        e = dir_sync(parent);
    if (!failed(e) && run->verbose)
        buf_addf(run->said, "made %.*s\n", STR_ARG(p->home));
    return e;
}

err gate_make_homes(struct gate_run *run, str only)
{
    str text, line;
    err e = file_read(run->root_dir, "etc/passwd", PASSWD_FILE_MAX, run->arena, &text);
    err worst = e;
    while (!failed(e) && str_line(&text, &line)) {
        struct person p;
        if (failed(passwd_line_parse(line, &p)) || !uid_is_general(run->settings, p.uid) ||
            (only.n && !str_eq(only, p.name)) || !accounts_find(run->accounts, p.name))
            continue;
        err one = make_home(run, &p);
        if (failed(one)) { /* the others get theirs all the same */
            buf_addf(run->said, "cannot make %.*s: %s\n", STR_ARG(p.home), err_text(one));
            worst = one;
        }
    }
    return worst;
}
