/* SPDX-License-Identifier: ISC */
#include "control/check_private.h"

#include "control/assign.h"
#include "control/schema.h"
#include "control/tcprules.h"
#include "os/file.h"

void check_users(struct checker *c)
{
    static const char path[] = "var/qmail/users/assign";
    str text;
    struct stat at, cdb;
    if (failed(file_read(c->root, path, CONTROL_FILE_MAX, c->a, &text)))
        return;
    auto_buf struct buf out;
    buf_init(&out, SITE_ARCHIVE_MAX);
    size_t line;
    if (failed(assign_compile(text, &out, &line)))
        checker_add(c, MSG_ASSIGN_BAD, str_from(path), line, S(""), S(""));
    if (failed(file_stat(c->root, path, &at)))
        return;
    if (failed(file_stat(c->root, "var/qmail/users/cdb", &cdb)))
        checker_add(c, MSG_ASSIGN_NO_CDB, str_from(path), 0, S(""), S(""));
    else if (at.st_mtime > cdb.st_mtime)
        checker_add(c, MSG_ASSIGN_OLD_CDB, str_from(path), 0, S(""), S(""));
}

/* A rule that meets every stranger must not open the relay. */
static bool opens_relay(str cdb, struct arena *a)
{
    const struct tcp_peer strangers[] = {
        {.ip = S("198.51.100.77")},
        {.ip = S("198.51.100.77"), .host = S("stranger.invalid"), .has_host = true},
        {.ip = S("2001:db8:ffff::77")},
    };
    for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++) {
        struct tcprules_answer r;
        str value;
        if (!failed(tcprules_find(cdb, &strangers[i], a, &r)) && !r.deny &&
            tcprules_variable(&r, S("RELAYCLIENT"), &value))
            return true;
    }
    return false;
}

static void check_rules_file(struct checker *c, str path, bool smtp)
{
    str text;
    if (failed(file_read(c->root, path.p, CONTROL_FILE_MAX, c->a, &text)))
        return;
    auto_buf struct buf cdb;
    buf_init(&cdb, SITE_ARCHIVE_MAX);
    struct tcprules_report report;
    err e = tcprules_compile(text, &cdb, &report);
    for (size_t i = 0; i < report.n; i++)
        checker_add(c, MSG_RULES_FINDING, path, report.at[i].line, str_from(report.at[i].text),
                    S(""));
    if (failed(e))
        checker_add(c, MSG_RULES_BAD, path, report.bad_line, report.bad_text, S(""));
    else if (smtp && opens_relay(buf_str(&cdb), c->a))
        checker_add(c, MSG_RULES_OPEN_RELAY, path, 0, S(""), S(""));
    str line;
    for (size_t number = 1; line_next(&text, &line); number++)
        if (line.n == 0 || line.p[0] != '#')
            check_words(c, path, number, line);
}

void check_rules(struct checker *c)
{
    for (enum site_rules r = 0; r < RULES_COUNT; r++) {
        bool smtp = r == RULES_SMTP;
        check_rules_file(c, arena_printf(c->a, CONTROL_DIR "tcp.%s", site_rules_name(r)), smtp);
        check_rules_file(c, arena_printf(c->a, "etc/tcp.%s", site_rules_name(r)), smtp);
    }
}

static err check_alias(void *ctx, const struct dir_entry *d)
{
    struct checker *c = ctx;
    if (!str_starts(d->name, S(".qmail")))
        return OK_ERR;
    str path = arena_printf(c->a, "var/qmail/alias/%.*s", STR_ARG(d->name));
    str text, line;
    if (failed(file_read(c->root, path.p, CONTROL_FILE_MAX, c->a, &text)))
        return OK_ERR; /* a directory, or not ours to read */
    for (size_t number = 1; line_next(&text, &line); number++)
        if (line.n && line.p[0] != '#')
            check_words(c, path, number, line);
    return OK_ERR;
}

void check_aliases(struct checker *c)
{
    if (dir_each(c->root, "var/qmail/alias", check_alias, c).kind == ERR_NOTFOUND)
        return;
    /* RFC 5321 4.5.1 wants postmaster; bounces and cron write to the others. */
    static const char *const needed[] = {"postmaster", "mailer-daemon", "root"};
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        struct stat st;
        str path = arena_printf(c->a, "var/qmail/alias/.qmail-%s", needed[i]);
        str any = S("var/qmail/alias/.qmail-default");
        if (failed(file_stat(c->root, path.p, &st)) && failed(file_stat(c->root, any.p, &st)))
            checker_add(c, MSG_NO_ALIAS, S("var/qmail/alias"), 0, str_from(needed[i]), S(""));
    }
}
