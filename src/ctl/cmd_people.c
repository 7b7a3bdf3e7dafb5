/* SPDX-License-Identifier: ISC */
/* ctl/cmd_people.c -- passwords, and the first certificate. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "ctl/typed.h"
#include "os/clock.h"
#include "os/fd.h"
#include "os/file.h"
#include "people/credentials.h"
#include "people/passwd.h"
#include "tls/tls_make.h"

static err user_exists(struct ctl *c, const char *user)
{
    struct passwd_db *db;
    struct person p;
    err e = passwd_open(c->root_dir, &db);
    if (failed(e))
        return e;
    e = passwd_find(db, str_from(user), c->arena, &p);
    passwd_free(db);
    return e;
}

int cmd_passwd(struct ctl *c, int argc, char **argv)
{
    struct password_options options = {.with_shared_secret = false};
    bool from_stdin = false;
    int i = 1;
    for (; i < argc && argv[i][0] == '-'; i++) {
        options.with_shared_secret =
            options.with_shared_secret || strcmp(argv[i], "--with-shared-secret") == 0;
        from_stdin = from_stdin || strcmp(argv[i], "--stdin") == 0;
    }
    if (i + 1 != argc)
        return ctl_usage(c, command_find(admin_commands, "passwd")->usage);
    err e = user_exists(c, argv[i]);
    if (failed(e))
        return ctl_fail(c, CTL_PERMANENT, "%s is not a user of this house", argv[i]);
    char first[TYPED_MAX], second[TYPED_MAX];
    if (!typed_line(c->japanese ? "新しいパスワード: " : "New password: ", first, sizeof first) ||
        (!from_stdin && !typed_line(c->japanese ? "もう一度: " : "Again: ", second, sizeof second)))
        return ctl_fail(c, CTL_PERMANENT, "no password was given");
    if (!from_stdin && strcmp(first, second) != 0)
        return ctl_fail(c, CTL_PERMANENT, "the two differ; nothing was changed");
    auto_fd int people = -1;
    e = dir_open(c->root_dir, "var/lib/twinpost/people", &people);
    if (!failed(e))
        e = credentials_set_password(people, str_from(argv[i]), str_from(first), &options);
    return failed(e) ? ctl_fail_err(c, "cannot set the password", e) : CTL_OK;
}

int cmd_tls_make(struct ctl *c, int argc, char **argv)
{
    if (argc < 2)
        return ctl_usage(c, command_find(admin_commands, "tls-make")->usage);
    str *names = NEW_N(c->arena, str, (size_t)argc - 1);
    for (int i = 1; i < argc; i++)
        names[i - 1] = str_from(argv[i]);
    struct tls_make m = {.names = names, .names_n = (size_t)argc - 1, .now = clock_seconds()};
    auto_fd int dir = -1;
    bool made = false;
    err e = dir_open(AT_FDCWD, ".", &dir);
    if (!failed(e))
        e = tls_make_certificates(dir, &m, &made);
    return failed(e) ? ctl_fail_err(c, "cannot make a certificate", e) : CTL_OK;
}
