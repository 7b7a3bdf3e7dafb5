/* SPDX-License-Identifier: ISC */
/* ctl/cmd_config.c -- what concerns the configuration's files: show, check, and their
 * compilers under the old names. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/assign.h"
#include "control/cdb.h"
#include "control/check.h"
#include "control/show.h"
#include "control/tcprules.h"
#include "ctl/check_homes.h"
#include "ctl/ctl.h"
#include "ctl/old.h"
#include "os/clock.h"
#include "os/file.h"
#include "people/passwd.h"
#include "store/maildir.h"

enum { CONFIG_MAX = 64 << 20 };

int cmd_show(struct ctl *c, int argc, char **argv)
{
    auto_buf struct buf b;
    buf_init(&b, CONFIG_MAX);
    err e = show_site(c->root_dir, argc > 1 ? str_from(argv[1]) : S(""), &b);
    if (failed(e))
        return ctl_fail_err(c, "cannot show", e);
    return ctl_print(c, buf_str(&b)) ? CTL_OK : CTL_TEMPORARY;
}

int cmd_check_config(struct ctl *c, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    struct findings found;
    err e = check_config(c->root_dir, c->arena, &found);
    if (failed(e))
        return ctl_fail_err(c, "cannot read the configuration", e);
    auto_buf struct buf b;
    buf_init(&b, CONFIG_MAX);
    findings_print(&found, c->japanese, &b);
    struct homes_findings homes = {0};
    if (geteuid() == 0)
        e = check_homes(c, &b, &homes);
    if (failed(e))
        (void)ctl_fail_err(c, "cannot look into the homes", e);
    if (found.n + homes.errors + homes.warnings == 0)
        buf_add(&b,
                c->japanese ? S("設定に問題はありません。\n") : S("The configuration is sound.\n"));
    if (!ctl_print(c, buf_str(&b)))
        return CTL_TEMPORARY;
    return found.errors || found.warnings || homes.errors || homes.warnings ? CTL_FOUND : CTL_OK;
}

static uint64_t group_id(struct ctl *c, str name)
{
    str text, line;
    if (failed(file_read(c->root_dir, "etc/group", CONFIG_MAX, c->arena, &text)))
        return 0;
    while (str_line(&text, &line)) {
        str field, rest;
        uint64_t gid;
        if (!str_cut(line, ':', &field, &rest) || !str_eq(field, name) ||
            !str_cut(rest, ':', &field, &rest))
            continue;
        (void)str_cut(rest, ':', &field, &rest);
        if (str_u64(field, &gid))
            return gid;
    }
    return 0;
}

int old_qmail_showctl(struct ctl *c, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    static const char *const users[] = {"alias",  "qmaild", "qmaill", "root",
                                        "qmailp", "qmailq", "qmailr", "qmails"};
    struct showctl_ids ids = {{0}, {group_id(c, S("nofiles")), group_id(c, S("qmail"))}};
    struct passwd_db *db;
    err e = passwd_open(c->root_dir, &db);
    if (failed(e))
        return ctl_fail_err(c, "cannot read the accounts", e);
    for (size_t i = 0; i < 8; i++) {
        struct person p;
        if (!failed(passwd_find(db, str_from(users[i]), c->arena, &p)))
            ids.uids[i] = p.uid;
    }
    passwd_free(db);
    auto_buf struct buf b;
    buf_init(&b, CONFIG_MAX);
    int code = showctl(c->root_dir, &ids, &b);
    return ctl_print(c, buf_str(&b)) ? code : CTL_TEMPORARY;
}

int old_newu(struct ctl *c, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    str text;
    err e = file_read(c->root_dir, "var/qmail/users/assign", CONFIG_MAX, c->arena, &text);
    if (failed(e)) {
        (void)fprintf(stderr,
                      "qmail-newu: fatal: unable to open users/assign\n"); /* as it always said */
        return CTL_TEMPORARY;
    }
    auto_buf struct buf cdb;
    buf_init(&cdb, CONFIG_MAX);
    size_t line;
    e = assign_compile(text, &cdb, &line);
    if (failed(e)) {
        (void)fprintf(stderr, ASSIGN_BAD_FORMAT); /* as it always said */
        return ctl_fail(c, CTL_TEMPORARY,
                        "users/assign line %zu: see qmail-users(5); users/cdb stays as it was",
                        line);
    }
    e = file_replace(c->root_dir, "var/qmail/users/cdb", buf_str(&cdb), 0644);
    return failed(e) ? ctl_fail_err(c, "cannot write users/cdb", e) : CTL_OK;
}

int old_newmrh(struct ctl *c, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    str text, line;
    err e = file_read(c->root_dir, "var/qmail/control/morercpthosts", CONFIG_MAX, c->arena, &text);
    if (failed(e))
        return ctl_fail(c, CTL_TEMPORARY, "fatal: unable to read from control/morercpthosts: %s",
                        err_text(e));
    auto_buf struct buf cdb;
    buf_init(&cdb, CONFIG_MAX);
    struct cdb_make m;
    cdb_make_start(&m, &cdb);
    while (str_line(&text, &line)) {
        line = str_trim_end(line);
        if (line.n && *line.p != '#')
            cdb_make_add(&m, arena_lower(c->arena, line), S(""));
    }
    e = cdb_make_finish(&m);
    if (!failed(e))
        e = file_replace(c->root_dir, "var/qmail/control/morercpthosts.cdb", buf_str(&cdb), 0644);
    return failed(e) ? ctl_fail_err(c, "cannot write control/morercpthosts.cdb", e) : CTL_OK;
}

struct homes {
    struct ctl *ctl;
};

static err home_uid(void *ctx, str home, uint32_t *ret_uid)
{
    struct homes *h = ctx;
    struct stat st;
    err e = file_stat(AT_FDCWD, arena_cstr(h->ctl->arena, home), &st);
    if (failed(e))
        return e;
    *ret_uid = st.st_uid;
    return OK_ERR;
}

static err optional_file(struct ctl *c, const char *path, bool *ret_there, str *ret_text)
{
    err e = file_read(c->root_dir, path, CONFIG_MAX, c->arena, ret_text);
    *ret_there = !failed(e);
    return e.kind == ERR_NOTFOUND ? OK_ERR : e;
}

static bool pw2u_options(struct pw2u *o, int argc, char **argv)
{
    int k;
    optind = 1;
    while ((k = getopt(argc, argv, "/ohHuUCc:")) != -1) {
        if (k == '?')
            return false;
        o->homes = k == 'o'   ? PW2U_SKIP
                   : k == 'h' ? PW2U_REQUIRE
                   : k == 'H' ? PW2U_IGNORE
                              : o->homes;
        o->upper = k == 'u' || (o->upper && k != 'U');
        o->delimiter = k == 'C' ? 0 : k == 'c' ? *optarg : o->delimiter;
        o->dash_slash = o->dash_slash || k == '/';
    }
    return optind == argc;
}

int old_pw2u(struct ctl *c, int argc, char **argv)
{
    struct homes homes = {c};
    struct pw2u o = {.delimiter = '-', .alias = S("alias"), .home_uid = home_uid, .ctx = &homes};
    if (!pw2u_options(&o, argc, argv))
        return ctl_usage(c, "[-/ohHuUC] [-c CHAR]");
    err e = optional_file(c, "var/qmail/users/include", &o.has_include, &o.include);
    if (!failed(e))
        e = optional_file(c, "var/qmail/users/exclude", &o.has_exclude, &o.exclude);
    if (!failed(e))
        e = optional_file(c, "var/qmail/users/mailnames", &o.has_mailnames, &o.mailnames);
    if (!failed(e))
        e = optional_file(c, "var/qmail/users/subusers", &o.has_subusers, &o.subusers);
    if (!failed(e))
        e = optional_file(c, "var/qmail/users/append", &o.has_append, &o.append);
    if (failed(e))
        return ctl_fail_err(c, "cannot read users/", e);
    str passwd, why;
    if (!ctl_read_stdin(c, CONFIG_MAX, &passwd))
        return CTL_TEMPORARY;
    auto_buf struct buf b;
    buf_init(&b, CONFIG_MAX);
    e = pw2u_run(&o, passwd, c->arena, &b, &why);
    if (failed(e))
        return ctl_fail(c, CTL_TEMPORARY, "fatal: %.*s", STR_ARG(why));
    return ctl_print(c, buf_str(&b)) ? CTL_OK : CTL_TEMPORARY;
}

int old_tcprules(struct ctl *c, int argc, char **argv)
{
    if (argc != 3)
        return ctl_usage(c, "CDB TMP < RULES");
    str text;
    if (!ctl_read_stdin(c, CONFIG_MAX, &text))
        return CTL_TEMPORARY;
    auto_buf struct buf cdb;
    buf_init(&cdb, CONFIG_MAX);
    struct tcprules_report report;
    err e = tcprules_compile(text, &cdb, &report);
    if (failed(e))
        return ctl_fail(c, CTL_PERMANENT, "fatal: unable to parse this line: %.*s",
                        STR_ARG(report.bad_text));
    for (size_t i = 0; i < report.n; i++)
        (void)ctl_fail(c, 0, "warning: line %zu: %s", report.at[i].line, report.at[i].text);
    auto_fd int fd = -1; /* through the caller's own temporary file, as ever */
    e = file_open(AT_FDCWD, argv[2], O_WRONLY | O_CREAT | O_TRUNC, 0644, &fd);
    if (!failed(e))
        e = file_write(fd, buf_str(&cdb));
    if (!failed(e))
        e = file_sync(fd);
    if (!failed(e))
        e = file_rename(AT_FDCWD, argv[2], AT_FDCWD, argv[1]);
    return failed(e) ? ctl_fail_err(c, argv[1], e) : CTL_OK;
}

int old_tcprulescheck(struct ctl *c, int argc, char **argv)
{
    const char *ip = argc == 3 ? argv[2] : getenv("TCPREMOTEIP");
    if (argc < 2 || argc > 3 || !ip)
        return ctl_usage(c, "CDB [IP] (else TCPREMOTEIP, TCPREMOTEHOST, TCPREMOTEINFO)");
    str cdb;
    err e = file_read(AT_FDCWD, argv[1], CONFIG_MAX, c->arena, &cdb);
    if (failed(e))
        return ctl_fail_err(c, argv[1], e);
    const char *host = getenv("TCPREMOTEHOST");
    const char *info = getenv("TCPREMOTEINFO");
    struct tcp_peer peer = {.ip = str_from(ip),
                            .host = str_from(host),
                            .info = str_from(info),
                            .has_host = host != NULL,
                            .has_info = info != NULL};
    struct tcprules_answer answer;
    e = tcprules_find(cdb, &peer, c->arena, &answer);
    if (failed(e))
        return ctl_fail_err(c, argv[1], e);
    auto_buf struct buf b;
    buf_init(&b, 1 << 20);
    tcprules_print(&answer, &b);
    return ctl_print(c, buf_str(&b)) ? CTL_OK : CTL_TEMPORARY;
}

int old_maildirmake(struct ctl *c, int argc, char **argv)
{
    if (argc != 2)
        return ctl_usage(c, "DIR");
    struct stat st;
    if (!failed(file_stat(AT_FDCWD, argv[1], &st)))
        return ctl_fail(c, CTL_TEMPORARY, "fatal: unable to mkdir %s: it exists", argv[1]);
    err e = maildir_make(AT_FDCWD, argv[1]);
    return failed(e) ? ctl_fail_err(c, argv[1], e) : CTL_OK;
}
