/* SPDX-License-Identifier: ISC */
/* How it works: the seccomp filter (sandbox_filter.c) lists the calls that each right needs;
 * Landlock handles reading and writing of files below the named directories. */
#include "os/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os/sandbox_filter.h"

static bool no_seccomp, no_landlock;

static const char *missing_text(bool seccomp, bool landlock)
{
    if (seccomp && landlock)
        return "seccomp, landlock";
    return seccomp ? "seccomp" : landlock ? "landlock" : "";
}

const char *sandbox_missing(void)
{
    return missing_text(no_seccomp, no_landlock);
}

const char *sandbox_not_granted(void)
{
    uint32_t action = SECCOMP_RET_ERRNO;
    bool seccomp = syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) < 0;
    bool landlock =
        syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) < 0;
    return missing_text(seccomp, landlock);
}

enum {
    LANDLOCK_READS = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
    LANDLOCK_WRITES = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                      LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |
                      LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SYM,
};
/* rename and link between directories (tmp/ to cur/). Kernels before 5.19 cannot grant it, and
 * refuse it to everybody that Landlock limits: there a program that writes goes without. */
#ifndef LANDLOCK_ACCESS_FS_REFER
#define LANDLOCK_ACCESS_FS_REFER (1ULL << 13)
#endif

static bool add_dirs(int rules, const int *dirs, size_t n, uint64_t access)
{
    for (size_t i = 0; i < n && dirs[i] > 0; i++) {
        struct landlock_path_beneath_attr a = {.allowed_access = access, .parent_fd = dirs[i]};
        if (syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &a, 0) < 0)
            return false;
    }
    return true;
}

static bool limit_paths(const struct sandbox *s)
{
    struct landlock_ruleset_attr attr = {.handled_access_fs = LANDLOCK_WRITES};
    if (s->read_dirs[0] > 0 || !s->files_read)
        attr.handled_access_fs |= LANDLOCK_READS;
    if (s->write_dirs[0] > 0)
        attr.handled_access_fs |= LANDLOCK_ACCESS_FS_REFER;
    int rules = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);
    if (rules < 0)
        return false;
    uint64_t reads = attr.handled_access_fs & LANDLOCK_READS;
    uint64_t writes = attr.handled_access_fs & ~(uint64_t)LANDLOCK_READS;
    bool ok = (reads == 0 || add_dirs(rules, s->read_dirs, 4, reads)) &&
              add_dirs(rules, s->write_dirs, 4, writes | reads) &&
              syscall(SYS_landlock_restrict_self, rules, 0) == 0;
    (void)close(rules); /* in force already */
    return ok;
}

/* The sanitizer's own calls would be refused. */
#if defined(__SANITIZE_ADDRESS__)
enum { SANITIZED = 1 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif
#else
enum { SANITIZED = 0 };
#endif

err sandbox_enter(const struct sandbox *s)
{
    if (s->any_program)
        return OK_ERR;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return err_sys("no_new_privs");
    struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none); /* lowering cannot fail */
    /* Programs that write where they please (deliver, as its user) name no directories. */
    bool limits_paths =
        s->read_dirs[0] > 0 || s->write_dirs[0] > 0 || (!s->files_write && !s->exec);
    no_landlock = limits_paths && !limit_paths(s);
    no_seccomp = !SANITIZED && !sandbox_filter_calls(s);
    return OK_ERR;
}

static err set_caps(uint64_t caps)
{
    struct __user_cap_header_struct h = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct d[2] = {0};
    for (int i = 0; i < 2; i++)
        d[i].permitted = d[i].effective = (uint32_t)(caps >> (32 * i));
    return syscall(SYS_capset, &h, d) < 0 ? err_sys("capset") : OK_ERR;
}

err privilege_drop(unsigned uid, unsigned gid, uint64_t keep_caps)
{
    if (geteuid() != 0)
        return OK_ERR;
    if (keep_caps && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
        return err_sys("keep capabilities");
    gid_t group = gid;
    if (setgroups(1, &group) < 0)
        return err_sys("setgroups");
    if (setresgid(gid, gid, gid) < 0)
        return err_sys("setresgid");
    if (setresuid(uid, uid, uid) < 0)
        return err_sys("setresuid");
    return set_caps(keep_caps);
}
