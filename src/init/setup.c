/* SPDX-License-Identifier: ISC */
#include "init/house.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control/schema.h"
#include "ipc/witness.h"
#include "log/event.h"
#include "os/child.h"
#include "os/clock.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/random.h"

enum { CERTIFICATE_MS = 60000 };

/* Directories below the root: whose they are, and who may look in. */
static const struct place {
    const char *path;
    const char *owner; /* NULL: root */
    mode_t mode;
    bool deep; /* what lies in it is the owner's too */
} places[] = {
    {"run/twinpost", NULL, 0755, false},
    {"var/lib/twinpost", NULL, 0755, false},
    {"var/lib/twinpost/queue", "qmails", 0700, true},
    {"var/lib/twinpost/people", "twpauth", 0700, false},
    {"var/lib/twinpost/guard", NULL, 0700, false},
    {"var/lib/twinpost/relay", "qmailr", 0700, true},
    {"var/log/twinpost", "qmaill", 0750, true},
    {"var/qmail/control", NULL, 0755, false},
    {"var/qmail/control/tls", "twpfront", 0700, false},
    {"var/qmail/users", NULL, 0755, false},
};

static err find_libexec(struct house *h)
{
    char path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    if (n < 0)
        return err_sys("find my own program");
    path[n] = 0;
    char *slash = strrchr(path, '/');
    if (slash)
        *slash = 0;
    h->options.libexec = strdup(path);
    return h->options.libexec ? OK_ERR : err_sys("strdup");
}

static err make_witness(struct house *h)
{
    char key[WITNESS_KEY_BYTES];
    random_bytes(key, sizeof key);
    err e = fd_sealed("witness", str_of(key, sizeof key), &h->witness_fd);
    explicit_bzero(key, sizeof key);
    return e;
}

err house_open(struct house *h, const struct options *o)
{
    h->options = *o;
    h->real_users = geteuid() == 0;
    h->site_fd = h->secrets_fd = h->token_fd = h->witness_fd = h->init_door = -1;
    h->control_socket = h->submit_socket = -1;
    list_init(&h->guests);
    list_init(&h->waiting);
    h->keepers = map_new();
    h->granted = map_new();
    err e = find_libexec(h);
    h->options.root = realpath(o->root, NULL); /* lives as long as the process */
    if (!failed(e) && !h->options.root)
        e = err_sys("find the root directory");
    if (!failed(e))
        e = dir_open(AT_FDCWD, h->options.root, &h->root);
    if (!failed(e))
        e = passwd_open(h->root, &h->passwd);
    if (!failed(e))
        e = make_witness(h);
    if (failed(e))
        return e;
    h->loop = loop_new();
    return OK_ERR;
}

err house_account(struct house *h, const char *user, uid_t *ret_uid, gid_t *ret_gid)
{
    if (!h->real_users) {
        *ret_uid = getuid();
        *ret_gid = getgid();
        return OK_ERR;
    }
    auto_arena struct arena *a = arena_new("account", 1 << 16);
    struct person p;
    err e = passwd_find(h->passwd, str_from(user), a, &p);
    if (failed(e)) {
        log_event(NULL, EV_PROGRAM_FAILED, F_STR("user", str_from(user)), F_ERR(e),
                  F_STR("remedy", S("this account must exist in the house's etc/passwd")));
        return e;
    }
    if (p.uid == 0)
        return err_new(ERR_DENIED, "an account of the mail host must not be root");
    *ret_uid = p.uid;
    *ret_gid = p.gid;
    return OK_ERR;
}

struct ownership {
    int dir;
    uid_t uid;
    gid_t gid;
    size_t mended;
};

/* A queue that was copied back by root, say. Another name of a file that lies elsewhere is not
 * given away: links are not followed, and a file with two names is left alone. */
static err mend_owner(void *ctx, const struct dir_entry *d)
{
    struct ownership *o = ctx;
    char name[NAME_MAX + 1];
    struct stat st;
    if (d->name.n > NAME_MAX || str_eq(d->name, S(".")) || str_eq(d->name, S("..")))
        return OK_ERR;
    (void)snprintf(name, sizeof name, "%.*s", STR_ARG(d->name)); /* fits */
    if (fstatat(o->dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return OK_ERR; /* gone meanwhile */
    bool folder = S_ISDIR(st.st_mode);
    if (!folder && (!S_ISREG(st.st_mode) || st.st_nlink != 1))
        return OK_ERR;
    mode_t least = folder ? S_IRWXU : S_IRUSR | S_IWUSR;
    auto_fd int fd = -1;
    if (st.st_uid != o->uid || (st.st_mode & least) != least) {
        err e = file_open(o->dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, &fd);
        if (failed(e))
            return e;
        struct stat now;
        if (fstat(fd, &now) < 0 || now.st_ino != st.st_ino || now.st_dev != st.st_dev ||
            (!folder && now.st_nlink != 1))
            return OK_ERR;
        if (fchown(fd, o->uid, o->gid) < 0 || fchmod(fd, (st.st_mode & 0777) | least) < 0)
            return err_sys("give a file to its owner");
        o->mended++;
    }
    if (!folder)
        return OK_ERR;
    auto_fd int sub = -1;
    err e = file_open(o->dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, &sub);
    if (failed(e))
        return e;
    struct ownership inner = {.dir = sub, .uid = o->uid, .gid = o->gid};
    e = dir_each(sub, ".", mend_owner, &inner);
    o->mended += inner.mended;
    return e;
}

static err tell_place(const struct place *p, err e)
{
    log_event(NULL, EV_PROGRAM_FAILED, F_STR("directory", str_from(p->path)), F_ERR(e),
              F_STR("remedy", S("it must be a directory that the mail host can use")));
    return e;
}

static err make_place(struct house *h, const struct place *p)
{
    err e = dir_make_all(h->root, p->path, 0755);
    if (failed(e))
        return tell_place(p, e);
    if (!h->real_users) {
        auto_fd int own = -1;
        e = dir_open(h->root, p->path, &own);
        if (!failed(e) && p->owner && faccessat(own, ".", R_OK | W_OK | X_OK, AT_EACCESS) < 0)
            e = err_sys("write to a directory");
        return failed(e) ? tell_place(p, e) : OK_ERR;
    }
    uid_t uid = 0;
    gid_t gid = 0;
    if (p->owner)
        e = house_account(h, p->owner, &uid, &gid);
    if (failed(e))
        return e;
    auto_fd int fd = -1;
    e = file_open(h->root, p->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, &fd);
    if (failed(e))
        return tell_place(p, e);
    if (p->owner && (fchown(fd, uid, gid) < 0 || fchmod(fd, p->mode) < 0))
        return tell_place(p, err_sys("give a directory to its owner"));
    struct ownership o = {.dir = fd, .uid = uid, .gid = gid};
    if (p->deep)
        e = dir_each(fd, ".", mend_owner, &o);
    if (o.mended)
        log_event(NULL, EV_CONFIG_PROBLEM, F_STR("directory", str_from(p->path)),
                  F_INT("files", o.mended),
                  F_STR("text", S("belonged to somebody else: given to its owner")));
    return failed(e) ? tell_place(p, e) : OK_ERR;
}

/* The certificate is made by a program of its own, as the one who will read it: init links
 * no TLS. It does nothing when one is there. */
static err make_certificate(struct house *h)
{
    struct child_spec spec = {.cwd_fd = -1, .change_user = h->real_users};
    err e = house_account(h, "twpfront", &spec.uid, &spec.gid);
    if (failed(e))
        return e;
    auto_fd int dir = -1;
    e = dir_open(h->root, "var/qmail/control/tls", &dir);
    if (failed(e))
        return e;
    auto_arena struct arena *a = arena_new("certificate", 1 << 16);
    const char *argv[64] = {"twinpost", "tls-make"};
    size_t n = 2;
    for (size_t i = 0; i < h->site.servernames.n && n < 60; i++)
        argv[n++] = arena_cstr(a, h->site.servernames.at[i].key);
    if (n == 2)
        argv[n++] = arena_cstr(a, h->site.me);
    argv[n++] = "localhost";
    argv[n++] = "127.0.0.1";
    argv[n] = NULL;
    struct child_fd fds[] = {{STDERR_FILENO, 1}, {STDERR_FILENO, 2}};
    spec.path = arena_printf(a, "%s/twinpost", h->options.libexec).p;
    if (access(spec.path, X_OK) < 0) /* installed: libexec/twinpost/, and bin/ for commands */
        spec.path = arena_printf(a, "%s/../../bin/twinpost", h->options.libexec).p;
    spec.argv = argv;
    spec.cwd_fd = dir;
    spec.fds = fds;
    spec.n_fds = 2;
    pid_t pid;
    int status;
    e = child_start(&spec, &pid);
    if (!failed(e))
        e = child_wait(pid, deadline_in_ms(CERTIFICATE_MS), &status);
    if (failed(e))
        return e;
    return status == 0 ? OK_ERR : err_new(ERR_TEMP, "making the first certificate failed");
}

err house_prepare(struct house *h)
{
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        err e = make_place(h, &places[i]);
        if (failed(e))
            return e;
    }
    err e = dir_open(h->root, "run/twinpost", &h->run);
    if (failed(e))
        return e;
    shares_load(h);
    kept_load(h);
    return make_certificate(h);
}

static err collect_secrets(struct house *h, unsigned reader, int *ret_fd)
{
    auto_buf struct buf archive;
    buf_init(&archive, SITE_ARCHIVE_MAX);
    err e = site_collect_for(h->root, true, reader, &archive);
    if (!failed(e))
        e = fd_sealed("secrets", buf_str(&archive), ret_fd);
    if (archive.p)
        explicit_bzero(archive.p, archive.n);
    return e;
}

err house_load_site(struct house *h)
{
    auto_buf struct buf archive;
    buf_init(&archive, SITE_ARCHIVE_MAX);
    err e = site_collect(h->root, false, &archive);
    if (failed(e))
        return e;
    auto_arena struct arena *arena = arena_new("site", 256 << 20);
    auto_fd int fd = -1, secrets = -1, token = -1;
    e = fd_sealed("site", buf_str(&archive), &fd);
    if (!failed(e))
        e = collect_secrets(h, READ_RELAY, &secrets);
    if (!failed(e))
        e = collect_secrets(h, READ_INTROSPECT, &token);
    struct site site;
    if (!failed(e))
        e = site_parse(buf_str(&archive), arena, &site);
    if (failed(e))
        return e;
    if (site.me.n == 0)
        return err_new(ERR_SYNTAX,
                       "control/me is missing or empty: write the host's full name into it");
    buf_done(&h->archive);
    arena_free(h->site_arena);
    fd_close(h->site_fd);
    fd_close(h->secrets_fd);
    fd_close(h->token_fd);
    h->archive = MOVE(archive);
    h->site_arena = MOVE(arena);
    h->site_fd = fd_take(&fd);
    h->secrets_fd = fd_take(&secrets);
    h->token_fd = fd_take(&token);
    h->site = site;
    h->generation++;
    return OK_ERR;
}
