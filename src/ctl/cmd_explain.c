/* SPDX-License-Identifier: ISC */
/* ctl/cmd_explain.c -- the whole route of an address, told by the code that decides it. */
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/rewrite.h"
#include "control/site.h"
#include "ctl/ctl.h"
#include "ctl/look.h"
#include "dotqmail/owner.h"
#include "dotqmail/parse.h"
#include "dotqmail/search.h"
#include "os/fd.h"
#include "os/file.h"
#include "people/passwd.h"
#include "sieve/sieve.h"
#include "store/folders.h"

struct story {
    struct ctl *ctl;
    struct site site;
    struct passwd_db *passwd;
    struct buf out;
    int home;
};

static err find_account(void *ctx, str name, struct arena *a, struct account *ret)
{
    struct story *s = ctx;
    struct person p;
    err e = passwd_find(s->passwd, name, a, &p);
    if (!failed(e))
        *ret = (struct account){.name = p.name, .uid = p.uid, .gid = p.gid, .home = p.home};
    buf_addf(&s->out, "  account %.*s: %s\n", STR_ARG(name), failed(e) ? "none" : "yes");
    return e;
}

static err home_uid(void *ctx, str home, uint32_t *ret_uid)
{
    struct story *s = ctx;
    struct stat st;
    if (stat(arena_cstr(s->ctl->arena, home), &st) < 0) {
        buf_addf(&s->out, "  its home %.*s does not exist\n", STR_ARG(home));
        return err_new(ERR_NOTFOUND, "home does not exist");
    }
    *ret_uid = st.st_uid;
    return OK_ERR;
}

static err look(void *ctx, const char *name, struct dotqmail_file *ret)
{
    struct story *s = ctx;
    err e = look_at(s->home, name, ret);
    buf_addf(&s->out, "  %s: %s\n", name,
             failed(e) ? (e.kind == ERR_NOTFOUND ? "not there" : err_text(e)) : "found");
    return e;
}

static str bare(str path)
{
    while (str_skip(&path, S("./")))
        ;
    while (path.n > 1 && path.p[path.n - 1] == '/')
        path.n--;
    return path;
}

/* The user's mailbox is where his Sieve script works, as deliver does it. */
static void tell_sieve(struct story *s, const struct instruction *in)
{
    struct stat st;
    struct folders f;
    char link[PATH_MAX] = "";
    if ((in->kind != DO_MAILDIR && in->kind != DO_MBOX) ||
        fstatat(s->home, ".dovecot.sieve", &st, 0) < 0 ||
        failed(folders_locate(&f, s->home, s->site.defaultdelivery)) ||
        !str_eq(bare(in->text), str_from(f.inbox)))
        return;
    (void)!readlinkat(s->home, ".dovecot.sieve", link, sizeof link - 1); /* a plain file: no link */
    buf_addf(&s->out, "    there the Sieve script ~/.dovecot.sieve%s%s decides\n",
             link[0] ? " -> " : "", link);
    struct sieve_problems problems = {0};
    str text;
    err e = file_read(s->home, ".dovecot.sieve", SIEVE_SCRIPT_MAX, s->ctl->arena, &text);
    struct sieve_script *script = failed(e) ? NULL : sieve_compile(text, s->ctl->arena, &problems);
    if (failed(e))
        buf_addf(&s->out, "    but it cannot be read (%s): everything is kept\n", err_text(e));
    for (size_t i = 0; i < problems.n; i++) {
        buf_add(&s->out, S("    "));
        sieve_problem_write(&s->out, &problems.at[i],
                            s->ctl->japanese ? SIEVE_JAPANESE : SIEVE_ENGLISH);
        buf_addc(&s->out, '\n');
    }
    sieve_script_done(script);
}

static void tell_instructions(struct story *s, const struct dotqmail *d)
{
    for (size_t i = 0; i < d->n; i++) {
        const struct instruction *in = &d->at[i];
        size_t before = s->out.n;
        buf_addf(&s->out, "  line %zu: ", in->line);
        if (!instruction_print(in, &s->out)) {
            if (in->kind == DO_REFUSE)
                buf_addf(&s->out, "refused: %.*s\n", STR_ARG(in->text));
            else
                s->out.n = before; /* comments and the like */
        }
        if (s->out.n > before && s->out.p[s->out.n - 1] != '\n')
            buf_addc(&s->out, '\n');
        if (in->warning)
            buf_addf(&s->out, "    warning: %s\n", in->warning);
        tell_sieve(s, in);
    }
}

static int tell_file(struct story *s, const struct dotqmail_found *found)
{
    str text = S("");
    if (found->outcome == DOTQMAIL_FILE) {
        err e = file_read(s->home, found->name.file.p, DOTQMAIL_MAX, s->ctl->arena, &text);
        if (failed(e)) {
            buf_addf(&s->out, "  %s: %s\n", found->name.file.p, err_text(e));
            return CTL_FOUND;
        }
    }
    struct dotqmail d;
    err e = dotqmail_parse(text, found->forward_only, s->site.defaultdelivery, s->ctl->arena, &d);
    if (failed(e))
        return ctl_fail_err(s->ctl, "reading .qmail", e);
    if (found->outcome != DOTQMAIL_FILE)
        buf_add(&s->out, S("  default delivery (control/defaultdelivery):\n"));
    tell_instructions(s, &d);
    return CTL_OK;
}

static int tell_delivery(struct story *s, const struct owner *o)
{
    err e = dir_open(AT_FDCWD, arena_cstr(s->ctl->arena, o->home), &s->home);
    struct stat st;
    if (failed(e) || fstat(s->home, &st) < 0) {
        buf_addf(&s->out, "  home %.*s: %s: the mail waits\n", STR_ARG(o->home), err_text(e));
        return CTL_FOUND;
    }
    const char *refused = dotqmail_home_refused(st.st_mode);
    if (refused) {
        buf_addf(&s->out, "  deferred: %s\n", refused);
        return CTL_FOUND;
    }
    struct dotqmail_files files = {.ctx = s, .look = look};
    struct dotqmail_found found;
    dotqmail_find(o->dash, o->ext, &files, s->ctl->arena, &found);
    if (found.outcome == DOTQMAIL_NO_MAILBOX || found.outcome == DOTQMAIL_REFUSED) {
        buf_addf(&s->out, "%s: %s\n", found.outcome == DOTQMAIL_NO_MAILBOX ? "bounces" : "deferred",
                 found.text);
        return CTL_FOUND;
    }
    return tell_file(s, &found);
}

/* What stands before a home that users/assign names: route puts it there too. */
static str house_root(const struct ctl *c)
{
    char path[PATH_MAX];
    if (!realpath(c->root, path) || strcmp(path, "/") == 0)
        return S("");
    return arena_copy(c->arena, str_from(path));
}

static int tell_local(struct story *s, const struct rewritten *r)
{
    buf_addf(&s->out, "local: %.*s\n", STR_ARG(r->address));
    struct accounts who = {
        .ctx = s, .root = house_root(s->ctl), .find = find_account, .home_uid = home_uid};
    struct owner o;
    err e = owner_find(s->site.has_users_cdb ? s->site.users_cdb : S(""), r->user, &who,
                       s->ctl->arena, &o);
    if (failed(e)) {
        buf_addf(&s->out, "deferred: %s\n", err_text(e));
        return CTL_FOUND;
    }
    if (o.source == OWNER_ASSIGN)
        buf_addf(&s->out, "  users/assign: %.*s\n", STR_ARG(o.rule));
    buf_addf(&s->out, "owner: %.*s uid %u gid %u home %.*s dash \"%.*s\" ext \"%.*s\"\n",
             STR_ARG(o.user), o.uid, o.gid, STR_ARG(o.home), STR_ARG(o.dash), STR_ARG(o.ext));
    return tell_delivery(s, &o);
}

static void tell_remote(struct story *s, const struct rewritten *r)
{
    struct smtproute route = {0};
    bool has = site_smtproute(&s->site, r->host, &route);
    if (has && !route.by_mx)
        buf_addf(&s->out, "remote: to %.*s port %u by control/smtproutes\n", STR_ARG(route.host),
                 route.port);
    else
        buf_addf(&s->out, "remote: to the mail exchangers of %.*s\n", STR_ARG(r->host));
}

static err open_story(struct story *s)
{
    auto_buf struct buf archive;
    buf_init(&archive, SITE_ARCHIVE_MAX);
    err e = site_collect(s->ctl->root_dir, false, &archive);
    if (!failed(e))
        e = site_parse(arena_copy(s->ctl->arena, buf_str(&archive)), s->ctl->arena, &s->site);
    if (!failed(e))
        e = passwd_open(s->ctl->root_dir, &s->passwd);
    return e;
}

int cmd_explain(struct ctl *c, int argc, char **argv)
{
    if (argc != 2)
        return ctl_usage(c, command_find(admin_commands, "explain")->usage);
    struct story s = {.ctl = c, .home = -1};
    buf_init(&s.out, 1 << 20);
    err e = open_story(&s);
    if (failed(e))
        return ctl_fail_err(c, "cannot read the configuration", e);
    str address = str_from(argv[1]);
    bool allowed = false;
    e = site_rcpthost_allowed(&s.site, address, &allowed);
    buf_addf(&s.out, "rcpthosts: a stranger %s send to it by SMTP\n",
             failed(e) ? "cannot now (morercpthosts.cdb is damaged)"
             : allowed ? "may"
                       : "may not");
    struct rewritten r;
    rewrite_address(&s.site, address, c->arena, &r);
    for (size_t i = 0; i < r.n_steps; i++) {
        buf_add(&s.out, S("  "));
        rewrite_step_text(&r.steps[i], &s.out);
        buf_addc(&s.out, '\n');
    }
    int code = CTL_OK;
    if (r.local)
        code = tell_local(&s, &r);
    else
        tell_remote(&s, &r);
    bool printed = ctl_print(c, buf_str(&s.out));
    passwd_free(s.passwd);
    fd_close(s.home);
    buf_done(&s.out);
    return printed ? code : CTL_TEMPORARY;
}
