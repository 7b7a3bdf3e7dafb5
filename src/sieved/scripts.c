/* SPDX-License-Identifier: ISC */
#include "sieved/scripts.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "os/file.h"
#include "sieve/sieve.h"

enum { LINK_MAX = 1024, SEEN_MAX = 10000 };

static str path_of(struct arena *a, str name)
{
    return arena_printf(a, SCRIPTS_FOLDER "/%.*s" SCRIPTS_END, STR_ARG(name));
}

static str name_of(str file)
{
    if (!str_ends(file, S(SCRIPTS_END)))
        return S("");
    str name = str_slice(file, 0, file.n - sizeof SCRIPTS_END + 1);
    return sieve_script_name_is_valid(name) ? name : S("");
}

struct listing {
    const struct scripts *scripts;
    struct arena *arena;
    VEC(struct script_entry) found;
};

static err take_entry(void *ctx, const struct dir_entry *d)
{
    struct listing *l = ctx;
    struct stat st;
    str name = name_of(d->name);
    if (!name.n || l->found.n >= SEEN_MAX)
        return OK_ERR;
    name = arena_copy(l->arena, name);
    if (fstatat(l->scripts->home, path_of(l->arena, name).p, &st, 0) < 0 || !S_ISREG(st.st_mode))
        return OK_ERR;
    vec_push(&l->found, (struct script_entry){name, (uint64_t)st.st_size});
    return OK_ERR;
}

static int by_name(const void *a, const void *b)
{
    const struct script_entry *x = a, *y = b;
    return str_cmp(x->name, y->name);
}

err scripts_list(const struct scripts *s, struct arena *a, struct script_entry **ret, size_t *ret_n)
{
    struct listing l = {.scripts = s, .arena = a};
    err e = dir_each(s->home, SCRIPTS_FOLDER, take_entry, &l);
    if (e.kind == ERR_NOTFOUND)
        e = OK_ERR;
    if (!failed(e)) {
        *ret = NEW_N(a, struct script_entry, l.found.n + 1);
        *ret_n = l.found.n;
        for (size_t i = 0; i < l.found.n; i++)
            (*ret)[i] = l.found.at[i];
        qsort(*ret, *ret_n, sizeof **ret, by_name);
    }
    vec_done(&l.found);
    return e;
}

str scripts_active(const struct scripts *s, struct arena *a)
{
    char *target = arena_alloc(a, LINK_MAX, 1);
    ssize_t n = readlinkat(s->home, SCRIPTS_ACTIVE, target, LINK_MAX);
    if (n <= 0 || n == LINK_MAX)
        return S("");
    str path = str_of(target, (size_t)n);
    ptrdiff_t slash = str_rfind(path, '/');
    str name = name_of(str_from_at(path, (size_t)(slash + 1)));
    struct stat link, file;
    /* However the link says it: the same file. */
    if (!name.n || fstatat(s->home, SCRIPTS_ACTIVE, &link, 0) < 0 ||
        fstatat(s->home, path_of(a, name).p, &file, 0) < 0 || link.st_ino != file.st_ino ||
        link.st_dev != file.st_dev)
        return S("");
    return name;
}

static bool exists(const struct scripts *s, struct arena *a, str name)
{
    struct stat st;
    return fstatat(s->home, path_of(a, name).p, &st, 0) == 0 && S_ISREG(st.st_mode);
}

err scripts_room(const struct scripts *s, struct arena *a, str name, uint64_t size,
                 const char **ret_code)
{
    struct script_entry *at;
    size_t n;
    uint64_t total = size;
    bool is_new = true;
    *ret_code = "QUOTA/MAXSIZE";
    if (size > SIEVE_SCRIPT_MAX)
        return err_new(ERR_LIMIT, "the script is too large");
    err e = scripts_list(s, a, &at, &n);
    if (failed(e))
        return e;
    for (size_t i = 0; i < n; i++) {
        bool same = str_eq(at[i].name, name);
        is_new &= !same;
        total += same ? 0 : at[i].size;
    }
    if (total > s->max_bytes)
        return err_new(ERR_LIMIT, "your scripts together are too large");
    *ret_code = "QUOTA/MAXSCRIPTS";
    return is_new && n >= s->max_scripts ? err_new(ERR_LIMIT, "you have too many scripts") : OK_ERR;
}

err scripts_get(const struct scripts *s, struct arena *a, str name, str *ret_text)
{
    return file_read(s->home, path_of(a, name).p, SIEVE_SCRIPT_MAX, a, ret_text);
}

static err make_folder(const struct scripts *s)
{
    auto_fd int home = -1;
    err e = dir_make(s->home, SCRIPTS_FOLDER, 0700);
    if (!failed(e))
        e = dir_open(s->home, ".", &home);
    return failed(e) ? e : dir_sync(home);
}

err scripts_put(const struct scripts *s, struct arena *a, str name, str text, const char **ret_code)
{
    struct stat st;
    err e = scripts_room(s, a, name, text.n, ret_code);
    if (!failed(e) && fstatat(s->home, SCRIPTS_FOLDER, &st, 0) < 0)
        e = make_folder(s);
    return failed(e) ? e : file_replace(s->home, path_of(a, name).p, text, 0600);
}

static err sync_below(const struct scripts *s, const char *path)
{
    auto_fd int dir = -1;
    err e = dir_open(s->home, path, &dir);
    return failed(e) ? e : dir_sync(dir);
}

err scripts_delete(const struct scripts *s, struct arena *a, str name)
{
    if (str_eq(name, scripts_active(s, a)))
        return err_new(ERR_DENIED, "the script is in force");
    err e = file_unlink(s->home, path_of(a, name).p);
    return failed(e) ? e : sync_below(s, SCRIPTS_FOLDER);
}

/* A file written by hand in the link's place is not lost. */
static err rescue_plain_file(const struct scripts *s)
{
    struct stat st;
    err e = file_stat(s->home, SCRIPTS_ACTIVE, &st);
    if (failed(e) || S_ISLNK(st.st_mode))
        return e.kind == ERR_NOTFOUND ? OK_ERR : e;
    e = make_folder(s);
    return failed(e) ? e
                     : file_rename_new(s->home, SCRIPTS_ACTIVE, s->home,
                                       SCRIPTS_FOLDER "/dovecot.orig" SCRIPTS_END);
}

static err point_link(const struct scripts *s, struct arena *a, str name)
{
    static const char next[] = SCRIPTS_ACTIVE ".next";
    (void)unlinkat(s->home, next, 0); /* of an attempt that was cut short */
    if (symlinkat(path_of(a, name).p, s->home, next) < 0)
        return err_sys("make the link to the script in force");
    err e = file_rename(s->home, next, s->home, SCRIPTS_ACTIVE);
    return failed(e) ? e : sync_below(s, ".");
}

err scripts_activate(const struct scripts *s, struct arena *a, str name)
{
    if (name.n && !exists(s, a, name))
        return err_new(ERR_NOTFOUND, "no such script");
    err e = rescue_plain_file(s);
    if (failed(e) || name.n)
        return failed(e) ? e : point_link(s, a, name);
    e = file_unlink(s->home, SCRIPTS_ACTIVE);
    if (e.kind == ERR_NOTFOUND)
        return OK_ERR;
    return failed(e) ? e : sync_below(s, ".");
}

/* Both names are there while the link changes over: no delivery finds it dangling. */
err scripts_rename(const struct scripts *s, struct arena *a, str from, str to)
{
    bool active = str_eq(from, scripts_active(s, a));
    str old = path_of(a, from), new = path_of(a, to);
    if (!exists(s, a, from))
        return err_new(ERR_NOTFOUND, "no such script");
    err e = file_link(s->home, old.p, s->home, new.p);
    if (!failed(e))
        e = sync_below(s, SCRIPTS_FOLDER);
    if (!failed(e) && active)
        e = point_link(s, a, to);
    if (!failed(e))
        e = file_unlink(s->home, old.p);
    return failed(e) ? e : sync_below(s, SCRIPTS_FOLDER);
}
