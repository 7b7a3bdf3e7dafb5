/* SPDX-License-Identifier: ISC */
#include "gate/apply.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "os/clock.h"
#include "os/file.h"
#include "os/random.h"

enum { ETC_FILE_MAX = 16 << 20, LOCK_MS = 15000, SUDOERS_FILE = 4 };

struct etc_file {
    enum gate_file kind;
    const char *path;
    mode_t mode; /* of a new one */
    bool secret, needed;
    struct stat st;
    struct gate_built built;
    struct buf fresh;
};

struct applying {
    struct gate_run *run;
    struct etc_file files[5];
    struct build_report report[5];
};

/* ---- the lock ---- */

/* What lckpwdf(3) does, below any root: F_SETLKW would wait for ever, so it is asked for again. */
static err lock_passwd(int root_dir, int *ret_fd)
{
    auto_fd int fd = -1;
    err e = file_open(root_dir, "etc/.pwd.lock", O_WRONLY | O_CREAT | O_NOFOLLOW, 0600, &fd);
    if (failed(e))
        return e;
    struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    for (deadline by = deadline_in_ms(LOCK_MS); fcntl(fd, F_SETLK, &l) < 0;) {
        if (errno != EACCES && errno != EAGAIN && errno != EINTR)
            return err_sys("lock the password files");
        if (deadline_left_ms(by) == 0)
            return err_new(ERR_TEMP, "somebody else changes the password files");
        struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};
        (void)nanosleep(&pause, NULL);
    }
    *ret_fd = fd_take(&fd);
    return OK_ERR;
}

/* ---- reading ---- */

static err read_one(struct gate_run *run, struct etc_file *f)
{
    auto_fd int fd = -1;
    err e = file_open(run->root_dir, f->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, &fd);
    if (e.kind == ERR_NOTFOUND && !f->needed)
        return OK_ERR;
    if (!failed(e) && fstat(fd, &f->st) < 0)
        e = err_sys("fstat");
    if (!failed(e))
        e = file_read_fd(fd, ETC_FILE_MAX, run->arena, &f->built.old);
    f->built.has_old = !failed(e);
    if (failed(e))
        buf_addf(run->said, "%s: %s\n", f->path, err_text(e));
    return e;
}

static err read_all(struct applying *ap)
{
    err e = OK_ERR;
    for (size_t i = 0; i < 5 && !failed(e); i++) {
        ap->files[i].built.path = ap->files[i].path;
        ap->files[i].built.old = S("");
        e = read_one(ap->run, &ap->files[i]);
    }
    return e;
}

/* ---- building ---- */

static struct etc_file *file_of(struct applying *ap, enum gate_file kind)
{
    for (size_t i = 0; i < 5; i++)
        if (ap->files[i].kind == kind)
            return &ap->files[i];
    return NULL;
}

static err build_one(struct applying *ap, struct etc_file *f, struct build_report *rep)
{
    const struct accounts *all = ap->run->accounts;
    str old = f->built.old;
    switch (f->kind) {
    case GATE_PASSWD:
        return build_passwd(old, all, &f->fresh, rep);
    case GATE_SHADOW:
        return build_shadow(old, file_of(ap, GATE_PASSWD)->built.old, all, ap->run->now / 86400,
                            &f->fresh, rep);
    case GATE_GROUP:
        return build_group(old, all, &f->fresh, rep);
    case GATE_GSHADOW:
        return build_gshadow(old, file_of(ap, GATE_GROUP)->built.old, all, &f->fresh, rep);
    default:
        if (ap->run->sudoers == GATE_SUDOERS_WHOLE)
            build_sudoers_whole(old, all, &f->fresh);
        else
            build_sudoers_own(all, &f->fresh);
        return buf_check(&f->fresh, "sudoers is too large");
    }
}

static void tell_refusal(struct gate_run *run, const struct etc_file *f,
                         const struct build_report *rep, err e)
{
    buf_addf(run->said, "%s", f->path);
    if (rep->line)
        buf_addf(run->said, ":%u", rep->line);
    if (rep->name.n)
        buf_addf(run->said, ": %.*s", STR_ARG(rep->name));
    buf_addf(run->said, ": %s; nothing was changed\n", err_text(e));
}

/* A gshadow that is not there stays so; where it is, grpck wants both to agree. */
static bool is_chosen(const struct applying *ap, const struct etc_file *f)
{
    if (f->kind == GATE_GSHADOW)
        return f->built.has_old && ap->run->files & GATE_GROUP;
    return ap->run->files & f->kind;
}

static err build_all(struct applying *ap)
{
    for (size_t i = 0; i < 5; i++) {
        struct etc_file *f = &ap->files[i];
        f->built.fresh = f->built.old;
        if (!is_chosen(ap, f))
            continue;
        err e = build_one(ap, f, &ap->report[i]);
        if (failed(e)) {
            tell_refusal(ap->run, f, &ap->report[i], e);
            return e;
        }
        f->built.fresh = buf_str(&f->fresh);
    }
    return OK_ERR;
}

static err check_removals(struct applying *ap)
{
    for (size_t i = 0; i < 5; i++) {
        const struct build_report *rep = &ap->report[i];
        if (rep->removed_n <= ap->run->max_remove)
            continue;
        buf_addf(ap->run->said, "%s: %zu users would be removed, more than %u:", ap->files[i].path,
                 rep->removed_n, ap->run->max_remove);
        for (size_t k = 0; k < rep->removed_n && k < 64; k++)
            buf_addf(ap->run->said, " %.*s", STR_ARG(rep->removed[k]));
        buf_add(ap->run->said, S("; nothing was changed\n"));
        return err_new(ERR_DENIED, "too many users would be removed");
    }
    return OK_ERR;
}

/* ---- replacing ---- */

static bool is_as_read(struct gate_run *run, const struct etc_file *f)
{
    struct stat st;
    err e = file_stat(run->root_dir, f->path, &st);
    if (failed(e))
        return !f->built.has_old && e.kind == ERR_NOTFOUND;
    return f->built.has_old && st.st_ino == f->st.st_ino && st.st_size == f->st.st_size &&
           st.st_mtim.tv_sec == f->st.st_mtim.tv_sec && st.st_mtim.tv_nsec == f->st.st_mtim.tv_nsec;
}

/* As file_replace(), but owner, group and mode stay: shadow is root:shadow 0640. */
static err replace(struct gate_run *run, const struct etc_file *f, const char *path, str bytes)
{
    auto_fd int fd = -1, etc = -1;
    const char *aside =
        arena_printf(run->arena, "%s.%016llx.tmp", path, (unsigned long long)random_u64()).p;
    err e = file_open(run->root_dir, aside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600, &fd);
    if (failed(e))
        return e;
    e = file_write(fd, bytes);
    if (!failed(e) && f->built.has_old && fchown(fd, f->st.st_uid, f->st.st_gid) < 0 &&
        geteuid() == 0)
        e = err_sys("chown");
    if (!failed(e) && fchmod(fd, f->built.has_old ? f->st.st_mode & 07777 : f->mode) < 0)
        e = err_sys("chmod");
    if (!failed(e))
        e = file_sync(fd);
    if (!failed(e))
        e = file_rename(run->root_dir, aside, run->root_dir, path);
    if (failed(e)) {
        (void)unlinkat(run->root_dir, aside, 0); /* best effort: the first error is told */
        return e;
    }
    const char *dir = str_starts(str_from(path), S("etc/sudoers.d/")) ? "etc/sudoers.d" : "etc";
    e = dir_open(run->root_dir, dir, &etc);
    return failed(e) ? e : dir_sync(etc);
}

/* sudo reads every file of sudoers.d whose name has no dot and no tilde: the old one of the own
 * file must not stand there, or a retired group would live on in it. */
static const char *old_name(struct gate_run *run, const struct etc_file *f)
{
    if (str_starts(str_from(f->path), S("etc/sudoers.d/")))
        return "etc/sudoers.gate_old";
    return arena_printf(run->arena, "%s_old", f->path).p;
}

static err put_one(struct gate_run *run, struct etc_file *f)
{
    err e = OK_ERR;
    if (str_eq(f->built.old, f->built.fresh) && f->built.has_old)
        return OK_ERR;
    if (!is_as_read(run, f)) {
        buf_addf(run->said, "%s was changed meanwhile: run again\n", f->path);
        return err_new(ERR_TEMP, "a file was changed meanwhile");
    }
    if (f->built.has_old)
        e = replace(run, f, old_name(run, f), f->built.old);
    if (!failed(e))
        e = replace(run, f, f->path, f->built.fresh);
    if (failed(e))
        buf_addf(run->said, "%s: %s\n", f->path, err_text(e));
    else if (run->verbose)
        buf_addf(run->said, "%s: replaced\n", f->path);
    return e;
}

static void tell_differences(struct applying *ap)
{
    for (size_t i = 0; i < 5; i++)
        build_diff(ap->files[i].path, ap->files[i].built.old, ap->files[i].built.fresh,
                   ap->files[i].secret, ap->run->said);
}

static err validate(struct applying *ap)
{
    struct gate_built built[SUDOERS_FILE];
    bool changed = false;
    for (size_t i = 0; i < SUDOERS_FILE; i++) {
        built[i] = ap->files[i].built;
        changed = changed || !str_eq(built[i].old, built[i].fresh);
    }
    err e = changed ? gate_validate(ap->run, built, SUDOERS_FILE) : OK_ERR;
    const struct gate_built *sudoers = &ap->files[SUDOERS_FILE].built;
    if (!failed(e) && !str_eq(sudoers->old, sudoers->fresh)) {
        e = gate_visudo(ap->run, sudoers->fresh);
        if (e.kind == ERR_NOTFOUND) {
            buf_add(ap->run->said, S("there is no visudo here to check sudoers\n"));
            e = OK_ERR;
        }
    }
    return e;
}

static err apply_locked(struct applying *ap)
{
    struct gate_run *run = ap->run;
    err e = read_all(ap);
    if (!failed(e))
        e = build_all(ap);
    if (!failed(e) && (run->dry_run || run->verbose))
        tell_differences(ap);
    if (!failed(e))
        e = check_removals(ap);
    if (!failed(e))
        e = validate(ap);
    if (failed(e) || run->dry_run)
        return e;
    if (run->files & GATE_SUDOERS && run->sudoers == GATE_SUDOERS_OWN_FILE)
        e = dir_make(run->root_dir, "etc/sudoers.d", 0750);
    for (size_t i = 0; i < 5 && !failed(e); i++)
        if (is_chosen(ap, &ap->files[i]))
            e = put_one(run, &ap->files[i]);
    return e;
}

err gate_apply(struct gate_run *run)
{
    bool whole = run->sudoers == GATE_SUDOERS_WHOLE;
    struct applying ap = {
        .run = run,
        /* In the order of replacing. */
        .files = {{.kind = GATE_GROUP, .path = "etc/group", .mode = 0644, .needed = true},
                  {.kind = GATE_GSHADOW, .path = "etc/gshadow", .mode = 0640, .secret = true},
                  {.kind = GATE_SHADOW, .path = "etc/shadow", .mode = 0640, .secret = true},
                  {.kind = GATE_PASSWD, .path = "etc/passwd", .mode = 0644, .needed = true},
                  {.kind = GATE_SUDOERS,
                   .path = whole ? "etc/sudoers" : "etc/sudoers.d/gate",
                   .mode = 0440}},
    };
    auto_fd int lock = -1;
    for (size_t i = 0; i < 5; i++)
        buf_init(&ap.files[i].fresh, BUILD_MAX);
    err e = lock_passwd(run->root_dir, &lock);
    if (!failed(e))
        e = apply_locked(&ap);
    for (size_t i = 0; i < 5; i++)
        buf_done(&ap.files[i].fresh);
    return e;
}

err gate_check_sudoers(struct gate_run *run, bool *ret_fine)
{
    const char *path = run->sudoers == GATE_SUDOERS_WHOLE ? "etc/sudoers" : "etc/sudoers.d/gate";
    str text;
    err e = file_read(run->root_dir, path, ETC_FILE_MAX, run->arena, &text);
    if (failed(e))
        return e;
    bool header = run->sudoers != GATE_SUDOERS_WHOLE || sudoers_has_header(text);
    if (!header)
        buf_addf(run->said, "%s does not begin with the header and the four Defaults lines\n",
                 path);
    e = gate_visudo(run, text);
    if (failed(e) && e.kind != ERR_DENIED)
        return e;
    *ret_fine = header && !failed(e);
    if (*ret_fine)
        buf_addf(run->said, "%s is as it should be, and visudo agrees\n", path);
    return OK_ERR;
}
