/* SPDX-License-Identifier: ISC */
/* ctl/old_ezmlm_dispatch.c -- ezmlm-dispatch: all lists below a folder behind one .qmail-default.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/ezmlm.h"
#include "ctl/programs.h"
#include "ctl/submit.h"
#include "dotqmail/parse.h"
#include "os/file.h"

/* What stands behind a list's name, and who takes it. The longest come first. */
static const struct {
    const char *prefix, *file;
} ways[] = {
    {"digest-return-", "digest/bouncer"},
    {"digest-owner", "owner"},
    {"return-", "bouncer"},
    {"owner", "owner"},
    {"confirm-", "confirmer"},
    {"discard-", "confirmer"},
    {"accept-", "moderator"},
    {"reject-", "moderator"},
};

static bool is_list(struct ctl *c, const char *base, str name)
{
    struct stat st;
    if (!name.n || *name.p == '.' || str_find(name, '/') >= 0)
        return false;
    const char *path = arena_printf(c->arena, "%s/%.*s/editor", base, STR_ARG(name)).p;
    return stat(path, &st) == 0;
}

/* Tries the whole as a list's name, then what is left of each '-' from the right. */
static bool find_list(struct ctl *c, const char *base, str address, str *ret_name, str *ret_rest)
{
    str low = arena_lower(c->arena, address);
    for (size_t n = low.n; n > 0; n--) {
        if (n < low.n && low.p[n] != '-')
            continue;
        if (is_list(c, base, str_slice(low, 0, n))) {
            *ret_name = str_slice(low, 0, n);
            *ret_rest = n < low.n ? str_from_at(address, n + 1) : (str){0};
            return true;
        }
    }
    return false;
}

/* *rest: what the file's programs get as DEFAULT. */
static const char *file_for(str *rest)
{
    if (!rest->p)
        return "editor";
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        str prefix = str_from(ways[i].prefix), after = *rest;
        if (!str_iskip(&after, prefix) || (!str_ends(prefix, S("-")) && after.n))
            continue;
        *rest = after;
        return ways[i].file;
    }
    return "manager";
}

static int run_line(struct ctl *c, const struct instruction *i, struct envelope *forwards)
{
    if (i->kind == DO_FORWARD) {
        str to = i->text;
        (void)str_skip(&to, S("&")); /* mostly there */
        envelope_add(forwards, to);
        return 0;
    }
    if (i->kind == DO_PROGRAM) {
        char shell[] = "/bin/sh", option[] = "-c";
        char *argv[] = {shell, option, (char *)(uintptr_t)arena_cstr(c->arena, i->text), NULL};
        if (lseek(0, 0, SEEK_SET) < 0 && errno != ESPIPE)
            return CTL_TEMPORARY;
        return program_run(c, argv, 0);
    }
    if (i->kind == DO_MBOX || i->kind == DO_MAILDIR || i->kind == DO_REFUSE)
        return ctl_fail(c, CTL_PERMANENT, "fatal: only programs and forwards can stand here");
    return 0;
}

static int forward(struct ctl *c, struct envelope *to)
{
    struct buf message, all;
    if (lseek(0, 0, SEEK_SET) < 0 && errno != ESPIPE)
        return CTL_TEMPORARY;
    if (failed(descriptor_read(0, LIST_POST_MAX, &message)))
        return CTL_TEMPORARY;
    struct submit_outcome done;
    buf_init(&all, (size_t)LIST_POST_MAX + 4096);
    buf_add(&all, str_from(getenv("DTLINE")));
    buf_add(&all, buf_str(&message));
    queue_submit(c, to, buf_str(&all), &done);
    return done.code == 0 ? CTL_OK
                          : ctl_fail(c, done.text[0] == 'D' ? CTL_PERMANENT : CTL_TEMPORARY,
                                     "fatal: %s", done.text + 1);
}

static int run_file(struct ctl *c, const struct dotqmail *plan)
{
    struct envelope to;
    const char *sender = getenv("NEWSENDER");
    sender = sender ? sender : getenv("SENDER");
    envelope_init(&to, str_from(sender));
    int code = 0;
    for (size_t i = 0; i < plan->n && code == 0; i++)
        code = run_line(c, &plan->at[i], &to);
    if ((code == 0 || code == 99) && to.n) {
        int sent = forward(c, &to);
        code = sent ? sent : code;
    }
    envelope_done(&to);
    return code;
}

int old_ezmlm_dispatch(struct ctl *c, int argc, char **argv)
{
    const char *address = getenv("DEFAULT");
    str name, rest, text;
    struct dotqmail plan;
    if (argc < 2)
        return ctl_usage(c, "BASEDIR [LIST]");
    if (!address)
        return ctl_fail(c, CTL_PERMANENT, "fatal: DEFAULT not set");
    if (argc > 2) {
        name = str_from(argv[2]);
        rest = *address ? str_from(address) : (str){0};
        if (!is_list(c, argv[1], name))
            return ctl_fail(c, CTL_PERMANENT, "fatal: no such list (#5.1.1)");
    } else if (!find_list(c, argv[1], str_from(address), &name, &rest)) {
        return ctl_fail(c, CTL_PERMANENT, "fatal: no such list (#5.1.1)");
    }
    const char *file = file_for(&rest);
    const char *path = arena_printf(c->arena, "%s/%.*s/%s", argv[1], STR_ARG(name), file).p;
    err e = file_read(AT_FDCWD, path, DOTQMAIL_MAX, c->arena, &text);
    if (!failed(e))
        e = dotqmail_parse(text, false, S(""), c->arena, &plan);
    if (failed(e))
        return ctl_fail(c, e.kind == ERR_NOTFOUND ? CTL_PERMANENT : CTL_TEMPORARY,
                        "fatal: unable to read %s: %s", path, err_text(e));
    (void)setenv("DEFAULT", arena_cstr(c->arena, rest), 1); /* memory is checked by the arena */
    return run_file(c, &plan);
}
