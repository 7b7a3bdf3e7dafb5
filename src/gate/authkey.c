/* SPDX-License-Identifier: ISC */
/* How it works: the user owns the directories on the way and could put links there, so all is
 * done with the user's own rights on files (setfsuid(2)) and without following any. */
#include <string.h>
#include <sys/fsuid.h>
#include <unistd.h>

#include "gate/apply.h"
#include "os/file.h"
#include "os/random.h"
#include "people/passwd.h"

enum { KEYS_MAX = 1 << 20 };

static err find_person(struct gate_run *run, str login, struct person *ret)
{
    str text, line;
    err e = file_read(run->root_dir, "etc/passwd", PASSWD_FILE_MAX, run->arena, &text);
    while (!failed(e) && str_line(&text, &line))
        if (!failed(passwd_line_parse(line, ret)) && str_eq(ret->name, login))
            return OK_ERR;
    return failed(e) ? e : err_new(ERR_NOTFOUND, "the account is not there yet");
}

/* Walks down to the directory of the key file, making what is missing. */
static err open_key_dir(int home, str path, struct arena *a, int *ret_dir, const char **ret_name)
{
    auto_fd int dir = -1;
    err e = file_open(home, ".", O_RDONLY | O_DIRECTORY, 0, &dir);
    str part, rest = path;
    while (!failed(e) && str_find(rest, '/') >= 0) {
        (void)str_cut(rest, '/', &part, &rest);
        if (part.n == 0)
            continue;
        int next = -1;
        const char *name = arena_cstr(a, part);
        e = dir_make(dir, name, 0700);
        if (!failed(e))
            e = file_open(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, &next);
        fd_closep(&dir);
        dir = next;
    }
    if (failed(e))
        return e;
    *ret_name = arena_cstr(a, rest);
    *ret_dir = fd_take(&dir);
    return OK_ERR;
}

static err old_keys(int dir, const char *name, struct arena *a, str *ret)
{
    auto_fd int fd = -1;
    *ret = S("");
    err e = file_open(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, &fd);
    if (e.kind == ERR_NOTFOUND)
        return OK_ERR;
    return failed(e) ? e : file_read_fd(fd, KEYS_MAX, a, ret);
}

static bool has_line(str text, str line)
{
    str one;
    while (str_line(&text, &one))
        if (str_eq(str_trim(one), line))
            return true;
    return false;
}

static err write_keys(struct gate_run *run, const struct account *one, int home)
{
    auto_fd int dir = -1;
    const char *name;
    str old = S(""), rest = one->keys, line;
    auto_buf struct buf fresh;
    buf_init(&fresh, 2 * KEYS_MAX);
    err e = open_key_dir(home, run->settings->authkey_file, run->arena, &dir, &name);
    if (!failed(e) && str_eq(one->keys_setting, S("append")))
        e = old_keys(dir, name, run->arena, &old);
    if (failed(e))
        return e;
    buf_add(&fresh, old);
    if (old.n && !str_ends(old, S("\n")))
        buf_addc(&fresh, '\n');
    while (!str_eq(one->keys_setting, S("delete")) && str_line(&rest, &line)) {
        line = str_trim(line);
        if (line.n && !has_line(old, line)) /* done before, and not recorded: not twice */
            buf_addf(&fresh, "%.*s\n", STR_ARG(line));
    }
    e = buf_check(&fresh, "too many keys");
    return failed(e) ? e : file_replace(dir, name, buf_str(&fresh), 0600);
}

err gate_make_authkey(struct gate_run *run, const struct account *one)
{
    struct person p;
    auto_fd int home = -1;
    if (!run->settings->pubkey_auth || one->group || one->keys_setting.n == 0 ||
        str_eq(one->keys_setting, S("none")))
        return OK_ERR;
    err e = find_person(run, one->login, &p);
    if (!failed(e) && p.uid != one->uid)
        e = err_new(ERR_DENIED, "passwd and card disagree about the user number");
    if (!failed(e))
        e = dir_open(run->root_dir, arena_printf(run->arena, ".%.*s", STR_ARG(p.home)).p, &home);
    if (failed(e))
        return e;
    if (run->dry_run) {
        buf_addf(run->said, "would write the keys of %.*s\n", STR_ARG(one->login));
        return OK_ERR;
    }
    bool as_user = geteuid() == 0;
    if (as_user) { /* these two report no failure: asking again tells */
        (void)setfsgid(p.gid);
        (void)setfsuid(p.uid);
        if ((uid_t)setfsuid((uid_t)-1) != p.uid || (gid_t)setfsgid((gid_t)-1) != p.gid)
            e = err_new(ERR_DENIED, "cannot act as the user");
    }
    if (!failed(e))
        e = write_keys(run, one, home);
    if (as_user) {
        (void)setfsuid(0);
        (void)setfsgid(0);
    }
    return e;
}
