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

#include "log/event.h"
#include "os/child.h"
#include "os/clock.h"
#include "os/fd.h"
#include "os/file.h"

enum { CERTIFICATE_MS = 60000 };

/* Directories below the root: whose they are, and who may look in. */
static const struct place {
    const char *path;
    const char *owner; /* NULL: root */
    mode_t mode;
} places[] = {
    {"run/twinpost", NULL, 0755},
    {"var/lib/twinpost", NULL, 0755},
    {"var/lib/twinpost/queue", "qmails", 0700},
    {"var/lib/twinpost/people", "twpauth", 0700},
    {"var/lib/twinpost/relay", "qmailr", 0700},
    {"var/log/twinpost", "qmaill", 0750},
    {"var/qmail/control", NULL, 0755},
    {"var/qmail/control/tls", "twpfront", 0700},
    {"var/qmail/users", NULL, 0755},
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

err house_open(struct house *h, const struct options *o)
{
    h->options = *o;
    h->real_users = geteuid() == 0;
    h->site_fd = h->secrets_fd = h->init_door = -1;
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

static err make_place(struct house *h, const struct place *p)
{
    err e = dir_make_all(h->root, p->path, 0755);
    if (failed(e) || !h->real_users)
        return e;
    uid_t uid = 0;
    gid_t gid = 0;
    if (p->owner)
        e = house_account(h, p->owner, &uid, &gid);
    if (failed(e))
        return e;
    auto_fd int fd = -1;
    e = file_open(h->root, p->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, &fd);
    if (failed(e))
        return e;
    if (p->owner && (fchown(fd, uid, gid) < 0 || fchmod(fd, p->mode) < 0))
        return err_sys("give a directory to its owner");
    return OK_ERR;
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
    return make_certificate(h);
}

static err collect_secrets(struct house *h, int *ret_fd)
{
    auto_buf struct buf archive;
    buf_init(&archive, SITE_ARCHIVE_MAX);
    err e = site_collect(h->root, true, &archive);
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
    auto_fd int fd = -1, secrets = -1;
    e = fd_sealed("site", buf_str(&archive), &fd);
    if (!failed(e))
        e = collect_secrets(h, &secrets);
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
    h->archive = MOVE(archive);
    h->site_arena = MOVE(arena);
    h->site_fd = fd_take(&fd);
    h->secrets_fd = fd_take(&secrets);
    h->site = site;
    h->generation++;
    return OK_ERR;
}
