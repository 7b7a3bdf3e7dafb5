/* SPDX-License-Identifier: ISC */
/* ctl/old_checkpassword.c -- checkpassword: reads "name NUL password NUL timestamp NUL" on
 * descriptor 3, and when they are right becomes that user and runs a program.
 *
 * Asks what the house's auth asks: the house's credentials, else the system's account. A digest
 * of the timestamp (APOP) is taken for users who keep a shared secret. Exit codes are
 * checkpassword's: 1 wrong, 2 misuse, 111 not now. */
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypt/password.h"
#include "crypt/secret.h"
#include "ctl/ctl.h"
#include "ctl/old.h"
#include "ctl/programs.h"
#include "os/clock.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/poll.h"
#include "people/credentials.h"
#include "people/passwd.h"
#include "people/system.h"

enum {
    INPUT_MAX = 512,
    WRONG = 1,
    MISUSE = 2,
    NOT_NOW = 111,
    PAUSE_MS = 2000, /* guessing takes long; tcpserver's -c bounds how many guess at a time */
};

struct claim {
    str name, password, timestamp;
};

static bool parse(str text, struct claim *ret)
{
    str rest;
    return str_cut(text, '\0', &ret->name, &rest) && str_cut(rest, '\0', &ret->password, &rest) &&
           str_cut(rest, '\0', &ret->timestamp, &rest);
}

/* The digest of APOP arrives where the password would: RFC 1939 7. */
static bool is_apop(const struct credential *known, const struct claim *c)
{
    if (!known->secret.n || !c->timestamp.n)
        return false;
    char want[33];
    apop_answer(c->timestamp, known->secret, want);
    bool same = secret_equal(str_from(want), c->password);
    secret_wipe(want, sizeof want);
    return same;
}

/* What an unknown name's password is checked against: as slow, and never right. */
static err make_decoy(const struct credentials *all, struct buf *out)
{
    static const uint8_t any[PEOPLE_SECRET_BYTES];
    struct credential nobody;
    if (credentials_count(all) == 0)
        return password_decoy(S(""), out);
    credential_fake(any, S("nobody"), &nobody);
    return credential_stored(&nobody, out);
}

static err check_system(struct ctl *c, struct passwd_db *people, const struct credentials *all,
                        const struct claim *claim, bool *ret_right)
{
    auto_buf struct buf decoy;
    struct system_answer answer;
    buf_init(&decoy, PASSWORD_STORED_MAX);
    err e = make_decoy(all, &decoy);
    if (!failed(e))
        e = system_password_verify(people, c->root_dir, claim->name, claim->password,
                                   buf_str(&decoy), &answer);
    if (!failed(e))
        *ret_right = answer.match;
    return e;
}

static err check(struct ctl *c, struct passwd_db *people, const struct claim *claim,
                 bool *ret_right)
{
    auto_fd int dir = -1;
    struct credentials *all = NULL;
    err e = dir_open(c->root_dir, "var/lib/twinpost/people", &dir);
    if (!failed(e))
        e = credentials_load(dir, NULL, NULL, &all);
    else if (e.kind == ERR_NOTFOUND) /* a host whose users are the system's alone */
        all = credentials_none(), e = OK_ERR;
    if (failed(e))
        return e;
    const struct credential *known = credentials_find(all, claim->name);
    auto_buf struct buf stored;
    buf_init(&stored, PASSWORD_STORED_MAX);
    if (!known)
        e = check_system(c, people, all, claim, ret_right);
    else if (is_apop(known, claim))
        *ret_right = true;
    else if (!failed(e = credential_stored(known, &stored)))
        e = password_verify(buf_str(&stored), claim->password, ret_right);
    if (stored.p)
        secret_wipe(stored.p, stored.n);
    credentials_free(all);
    return e;
}

/* For good, or (in a house of one uid) not at all. */
static err become(const struct person *p)
{
    gid_t gid = p->gid;
    if (geteuid() != 0 && geteuid() == p->uid)
        return OK_ERR;
    if (setgroups(1, &gid) < 0 || setgid(gid) < 0)
        return err_sys("set gid");
    return setuid(p->uid) < 0 ? err_sys("set uid") : OK_ERR;
}

static int run_as(struct ctl *c, const struct person *p, char **argv)
{
    err e = become(p);
    const char *home = arena_cstr(c->arena, p->home);
    if (!failed(e) && chdir(home) < 0)
        e = err_sys("go home");
    if (failed(e))
        return ctl_fail(c, NOT_NOW, "%.*s: %s", STR_ARG(p->name), err_text(e));
    if (setenv("USER", arena_cstr(c->arena, p->name), 1) < 0 || setenv("HOME", home, 1) < 0 ||
        setenv("SHELL", arena_cstr(c->arena, p->shell), 1) < 0)
        return NOT_NOW;
    const char *path = program_by_path(c->arena, argv[0]);
    (void)execv(path, argv);
    return ctl_fail(c, NOT_NOW, "unable to run %s: %s", path, err_text(err_sys("exec")));
}

/* Whoever watches the log learns of it; under inetd stderr is the client, who must not. */
static void tell_failure(struct ctl *c, const struct claim *claim)
{
    struct stat in, diagnostics;
    const char *ip = getenv("TCPREMOTEIP");
    if (fstat(0, &in) == 0 && fstat(2, &diagnostics) == 0 && in.st_dev == diagnostics.st_dev &&
        in.st_ino == diagnostics.st_ino)
        return;
    auto_buf struct buf name;
    buf_init(&name, INPUT_MAX);
    for (size_t i = 0; i < claim->name.n; i++) /* one line, whatever a stranger typed */
        buf_addc(&name, claim->name.p[i] > ' ' && claim->name.p[i] < 127 ? claim->name.p[i] : '?');
    str text = buf_str(&name);
    (void)ctl_fail(c, 0, "login failed for %.*s from %s", STR_ARG(text), ip ? ip : "unknown");
}

static int decide(struct ctl *c, const struct claim *claim, char **argv)
{
    struct passwd_db *people;
    struct person p;
    bool right = false;
    err e = passwd_open(c->root_dir, &people);
    if (failed(e))
        return ctl_fail(c, NOT_NOW, "%s", err_text(e));
    if (claim->password.n) /* an empty one never opens anything, whatever is stored */
        e = check(c, people, claim, &right);
    if (!failed(e) && right)
        e = passwd_find(people, claim->name, c->arena, &p);
    passwd_free(people);
    if (e.kind == ERR_NOTFOUND || e.kind == ERR_SYNTAX || e.kind == ERR_LIMIT)
        right = false;
    else if (failed(e))
        return ctl_fail(c, NOT_NOW, "%s", err_text(e));
    if (right)
        return run_as(c, &p, argv);
    tell_failure(c, claim);
    (void)poll_until(NULL, 0, deadline_in_ms(PAUSE_MS)); /* always times out: that is its use */
    return WRONG;
}

int old_checkpassword(struct ctl *c, int argc, char **argv)
{
    struct buf text;
    struct claim claim;
    if (argc < 2)
        return MISUSE;
    err e = descriptor_read(3, INPUT_MAX, &text);
    (void)close(3); /* the program must not find it open */
    int code = MISUSE;
    if (e.kind == ERR_LIMIT)
        code = WRONG;
    else if (failed(e))
        code = e.sys == EBADF ? MISUSE : NOT_NOW;
    else if (parse(buf_str(&text), &claim))
        code = decide(c, &claim, argv + 1);
    if (text.p)
        secret_wipe(text.p, text.n);
    buf_done(&text);
    return code;
}
