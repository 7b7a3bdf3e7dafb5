/* SPDX-License-Identifier: ISC */
/* How it works: a house's own file is read whole into an arena and indexed by name; each
 * lookup compares the file's stamp first, so a change shows at the next question. The
 * system's users are never kept: NSS answers each time. */
#include "people/passwd.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os/file.h"

struct passwd_db {
    int root_dir;
    bool system;
    char prefix[PASSWD_PATH_MAX]; /* the root's path, put before homes; empty for "/" */
    struct stat stamp;
    bool loaded;
    struct arena *arena;
    struct map *by_name;
};

static bool is_same_root(int root_dir)
{
    struct stat ours, system;
    return fstat(root_dir, &ours) == 0 && stat("/", &system) == 0 && ours.st_dev == system.st_dev &&
           ours.st_ino == system.st_ino;
}

static err root_path(int root_dir, char *ret, size_t size)
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", root_dir);
    ssize_t n = readlink(link, ret, size - 1);
    if (n < 0)
        return err_sys("find the path of the root");
    if ((size_t)n == size - 1)
        return err_new(ERR_LIMIT, "path of the root");
    ret[n] = '\0';
    return OK_ERR;
}

err passwd_open(int root_dir, struct passwd_db **ret)
{
    struct passwd_db *p = mem_alloc("passwd", sizeof *p);
    p->root_dir = root_dir;
    p->system = is_same_root(root_dir);
    if (!p->system) {
        err e = root_path(root_dir, p->prefix, sizeof p->prefix);
        if (failed(e)) {
            passwd_free(p);
            return e;
        }
    }
    *ret = p;
    return OK_ERR;
}

void passwd_free(struct passwd_db *p)
{
    if (p == NULL)
        return;
    map_free(p->by_name);
    arena_free(p->arena);
    free(p);
}

bool passwd_is_system(const struct passwd_db *p)
{
    return p->system;
}

static bool is_name(str name)
{
    if (name.n == 0 || name.n > PASSWD_NAME_MAX)
        return false;
    for (size_t i = 0; i < name.n; i++) {
        unsigned char c = (unsigned char)name.p[i];
        if (c <= ' ' || c == 0x7f || c == ':' || c == '/')
            return false;
    }
    return name.p[0] != '-' && name.p[0] != '.';
}

err passwd_line_parse(str line, struct person *ret)
{
    struct person one;
    str password, uid, gid;
    uint64_t uid_value, gid_value;
    if (str_find(line, '\0') >= 0 || !str_cut(line, ':', &one.name, &line) ||
        !str_cut(line, ':', &password, &line) || !str_cut(line, ':', &uid, &line) ||
        !str_cut(line, ':', &gid, &line) || !str_cut(line, ':', &one.gecos, &line) ||
        !str_cut(line, ':', &one.home, &one.shell))
        return err_new(ERR_SYNTAX, "passwd line has too few fields");
    if (!is_name(one.name) || !str_u64(uid, &uid_value) || !str_u64(gid, &gid_value) ||
        uid_value >= UINT32_MAX || gid_value >= UINT32_MAX || one.home.n > PASSWD_PATH_MAX ||
        !str_starts(one.home, S("/")) || str_find(one.shell, ':') >= 0)
        return err_new(ERR_SYNTAX, "passwd line");
    one.uid = (uint32_t)uid_value;
    one.gid = (uint32_t)gid_value;
    *ret = one;
    return OK_ERR;
}

/* A home written as a full path that already lies below the root stays as it is. */
static str home_below_root(const struct passwd_db *p, struct arena *a, str home)
{
    str prefix = str_from(p->prefix), rest = home;
    if (str_skip(&rest, prefix) && (rest.n == 0 || rest.p[0] == '/'))
        return arena_copy(a, home);
    return arena_printf(a, "%.*s%.*s", STR_ARG(prefix), STR_ARG(home));
}

static bool stamps_differ(const struct stat *a, const struct stat *b)
{
    return a->st_ino != b->st_ino || a->st_size != b->st_size || a->st_dev != b->st_dev ||
           a->st_mtim.tv_sec != b->st_mtim.tv_sec || a->st_mtim.tv_nsec != b->st_mtim.tv_nsec;
}

static void take_line(struct passwd_db *p, str line)
{
    struct person one;
    err e = passwd_line_parse(line, &one);
    /* Damaged lines count as absent, as with getpwnam(3); of two lines the first holds. */
    if (failed(e) || map_get(p->by_name, one.name) != NULL)
        return;
    struct person *kept = NEW(p->arena, struct person);
    *kept = one;
    kept->home = home_below_root(p, p->arena, one.home);
    map_put(p->by_name, one.name, kept);
}

static err load(struct passwd_db *p)
{
    struct stat now;
    err e = file_stat(p->root_dir, "etc/passwd", &now);
    if (failed(e))
        return e.kind == ERR_NOTFOUND ? err_new(ERR_TEMP, "the house has no etc/passwd") : e;
    if (p->loaded && !stamps_differ(&now, &p->stamp))
        return OK_ERR;
    struct arena *fresh = arena_new("passwd", 4UL * PASSWD_FILE_MAX);
    str text, line;
    e = file_read(p->root_dir, "etc/passwd", PASSWD_FILE_MAX, fresh, &text);
    if (failed(e)) {
        arena_free(fresh);
        return e;
    }
    map_free(p->by_name);
    arena_free(p->arena);
    p->arena = fresh;
    p->by_name = map_new();
    p->stamp = now;
    p->loaded = true;
    while (str_line(&text, &line))
        take_line(p, line);
    return OK_ERR;
}

static struct person person_copy(struct arena *a, const struct person *one)
{
    return (struct person){
        .name = arena_copy(a, one->name),
        .uid = one->uid,
        .gid = one->gid,
        .gecos = arena_copy(a, one->gecos),
        .home = arena_copy(a, one->home),
        .shell = arena_copy(a, one->shell),
    };
}

/* ---- the system's users ---- */

enum { NSS_BYTES = 16384 };

static err nss_answer(int rc, const struct passwd *found, struct arena *a, struct person *ret)
{
    if (rc == 0 && found == NULL)
        return err_new(ERR_NOTFOUND, "user");
    /* POSIX lets getpwnam_r say these for "no such user"; anything else is a failing service. */
    if (rc == ENOENT || rc == ESRCH)
        return err_new(ERR_NOTFOUND, "user");
    if (rc != 0)
        return (err){.kind = ERR_TEMP, .sys = rc, .what = "look the user up"};
    struct person one = {
        .name = str_from(found->pw_name),
        .uid = found->pw_uid,
        .gid = found->pw_gid,
        .gecos = str_from(found->pw_gecos),
        .home = str_from(found->pw_dir),
        .shell = str_from(found->pw_shell),
    };
    if (!is_name(one.name) || one.home.n > PASSWD_PATH_MAX || !str_starts(one.home, S("/")))
        return err_new(ERR_NOTFOUND, "user with a name and a home");
    *ret = person_copy(a, &one);
    return OK_ERR;
}

static err nss_find(str name, struct arena *a, struct person *ret)
{
    char cname[PASSWD_NAME_MAX + 1], room[NSS_BYTES];
    struct passwd entry, *found = NULL;
    memcpy(cname, name.p, name.n);
    cname[name.n] = '\0';
    int rc = getpwnam_r(cname, &entry, room, sizeof room, &found);
    return nss_answer(rc, found, a, ret);
}

static err nss_find_uid(uint32_t uid, struct arena *a, struct person *ret)
{
    char room[NSS_BYTES];
    struct passwd entry, *found = NULL;
    int rc = getpwuid_r(uid, &entry, room, sizeof room, &found);
    return nss_answer(rc, found, a, ret);
}

static err nss_each(err (*each)(void *ctx, const struct person *one), void *ctx)
{
    err e = OK_ERR;
    struct arena *a = arena_new("passwd line", 1 << 20);
    setpwent();
    for (struct passwd *pw; !failed(e) && (pw = getpwent()) != NULL;) {
        struct person one;
        arena_reset(a);
        if (!failed(nss_answer(0, pw, a, &one)))
            e = each(ctx, &one);
    }
    endpwent();
    arena_free(a);
    return e;
}

/* ---- either ---- */

err passwd_find(struct passwd_db *p, str name, struct arena *a, struct person *ret)
{
    if (!is_name(name))
        return err_new(ERR_NOTFOUND, "user");
    if (p->system)
        return nss_find(name, a, ret);
    err e = load(p);
    if (failed(e))
        return e;
    const struct person *one = map_get(p->by_name, name);
    if (one == NULL)
        return err_new(ERR_NOTFOUND, "user");
    *ret = person_copy(a, one);
    return OK_ERR;
}

err passwd_find_uid(struct passwd_db *p, uint32_t uid, struct arena *a, struct person *ret)
{
    if (p->system)
        return nss_find_uid(uid, a, ret);
    err e = load(p);
    if (failed(e))
        return e;
    void *value;
    str key;
    for (size_t at = 0; map_next(p->by_name, &at, &key, &value);) {
        const struct person *one = value;
        if (one->uid == uid) {
            *ret = person_copy(a, one);
            return OK_ERR;
        }
    }
    return err_new(ERR_NOTFOUND, "user");
}

err passwd_each(struct passwd_db *p, err (*each)(void *ctx, const struct person *one), void *ctx)
{
    if (p->system)
        return nss_each(each, ctx);
    err e = load(p);
    if (failed(e))
        return e;
    void *value;
    str key;
    for (size_t at = 0; !failed(e) && map_next(p->by_name, &at, &key, &value);)
        e = each(ctx, value);
    return e;
}
