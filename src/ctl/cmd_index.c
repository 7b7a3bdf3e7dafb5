/* SPDX-License-Identifier: ISC */
/* ctl/cmd_index.c -- `twinpost index`: gathers the words of mailboxes now rather than in the
 * background, through each user's keeper; what was done stays done, so a call that was cut short
 * goes on when it is made again. */
#include <stdio.h>
#include <string.h>

#include "ctl/ctl.h"
#include "ctl/mailbox.h"
#include "ctl/progress.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/poll.h"
#include "people/passwd.h"

#define USAGE "[--rebuild | --off | --on] --all | USER …"

enum { LOOK_MS = 100, USERS_ARENA_MAX = 64 << 20, FOLDERS_ARENA_MAX = 32 << 20 };

struct indexing {
    struct ctl *c;
    struct progress bar;
    enum store_index_wish wish;
    struct arena *users; /* names of --all */
    VEC(str) names;
    size_t messages, folders, problems;
};

static void problem(struct indexing *x, str user, str folder, const char *why)
{
    progress_clear(&x->bar);
    x->problems++;
    (void)ctl_fail(x->c, 0, "%.*s%s%.*s: %s", STR_ARG(user), folder.n ? " " : "", STR_ARG(folder),
                   why);
}

/* Until all words of the open mailbox are gathered. */
static err one_box(struct indexing *x, struct store *s, str user, str folder)
{
    char part[64]; /* what progress keeps of it */
    struct store_index i;
    enum store_index_wish wish = x->wish;
    (void)snprintf(part, sizeof part, "%.*s %.*s", STR_ARG(user), STR_ARG(folder));
    for (;;) {
        err e = store_index_wish(s, wish, &i);
        if (failed(e) || wish == STORE_INDEX_OFF)
            return e;
        if (i.off)
            return err_new(ERR_DENIED, "the user has switched the index off (--on)");
        progress_show(&x->bar, str_from(part), i.done, i.total);
        if (i.done >= i.total)
            break;
        if (i.unwilling)
            return err_new(ERR_LIMIT, "no more of it can be indexed");
        wish = STORE_INDEX_NOW;
        (void)poll_until(NULL, 0, deadline_in_ms(LOOK_MS)); /* it only waits */
    }
    x->messages += i.done;
    x->folders++;
    return OK_ERR;
}

static err each_folder(struct indexing *x, struct store *s, str user)
{
    auto_arena struct arena *a = arena_new("folders", FOLDERS_ARENA_MAX);
    struct store_folder *folders;
    size_t n;
    err e = store_list(s, a, &folders, &n);
    for (size_t i = 0; i < n && !failed(e); i++) {
        const struct store_box *box;
        if (folders[i].flags & (STORE_NOSELECT | STORE_ABSENT))
            continue;
        err here = store_select(s, folders[i].name, STORE_EXAMINE, &box);
        if (!failed(here))
            here = one_box(x, s, user, folders[i].name);
        if (here.kind == ERR_CLOSED || here.kind == ERR_TIMEOUT)
            e = here;
        else if (here.kind == ERR_DENIED && x->wish != STORE_INDEX_OFF)
            return here;
        else if (failed(here) && here.kind != ERR_NOTFOUND) /* gone meanwhile: nothing to do */
            problem(x, user, folders[i].name, err_text(here));
    }
    return e;
}

static void one_user(struct indexing *x, str user)
{
    struct store *s;
    err e = ctl_mailbox(x->c, user, &s);
    if (!failed(e)) {
        e = each_folder(x, s, user);
        store_free(s);
    }
    if (failed(e))
        problem(x, user, S(""), err_text(e));
}

/* ---- whom ---- */

static err note_user(void *ctx, const struct person *p)
{
    struct indexing *x = ctx;
    if (p->uid != 0)
        vec_push(&x->names, arena_copy(x->users, p->name));
    return OK_ERR;
}

/* Of a machine's many accounts only those with mail: the others' keepers need not start. */
static bool has_mail(struct indexing *x, str user)
{
    struct passwd_db *db;
    struct person p;
    err e = passwd_open(x->c->root_dir, &db);
    if (failed(e))
        return false;
    e = passwd_find(db, user, x->users, &p);
    passwd_free(db);
    struct stat st;
    return !failed(e) &&
           (!failed(file_stat(AT_FDCWD, arena_printf(x->users, "%.*s/Maildir", STR_ARG(p.home)).p,
                              &st)) ||
            !failed(file_stat(AT_FDCWD, arena_printf(x->users, "%.*s/Mailbox", STR_ARG(p.home)).p,
                              &st)));
}

static err all_users(struct indexing *x)
{
    struct passwd_db *db;
    err e = passwd_open(x->c->root_dir, &db);
    if (failed(e))
        return e;
    e = passwd_each(db, note_user, x);
    passwd_free(db);
    for (size_t i = 0; i < x->names.n && !failed(e); i++)
        if (has_mail(x, x->names.at[i]))
            one_user(x, x->names.at[i]);
    return e;
}

static int finish(struct indexing *x)
{
    progress_end(&x->bar);
    bool ja = x->c->japanese;
    auto_buf struct buf b;
    buf_init(&b, 256);
    if (x->wish == STORE_INDEX_OFF)
        buf_add(&b, ja ? S("検索用の索引をやめました\n") : S("the index is switched off\n"));
    else
        buf_addf(&b,
                 ja ? "%zu フォルダの %zu 通を索引に入れました\n"
                    : "%zu folders are indexed, with %zu messages\n",
                 x->folders, x->messages);
    if (!x->problems && !ctl_print(x->c, buf_str(&b)))
        return CTL_TEMPORARY;
    return x->problems ? CTL_FOUND : CTL_OK;
}

int cmd_index(struct ctl *c, int argc, char **argv)
{
    static const struct {
        const char *option;
        enum store_index_wish wish;
    } wishes[] = {
        {"--rebuild", STORE_INDEX_ANEW}, {"--off", STORE_INDEX_OFF}, {"--on", STORE_INDEX_ON}};
    struct indexing x = {.c = c, .wish = STORE_INDEX_NOW};
    bool all = false;
    int at = 1;
    for (; at < argc && argv[at][0] == '-'; at++) {
        bool known = strcmp(argv[at], "--all") == 0;
        all |= known;
        for (size_t i = 0; i < sizeof wishes / sizeof *wishes; i++) {
            if (strcmp(argv[at], wishes[i].option) != 0)
                continue;
            x.wish = wishes[i].wish;
            known = true;
        }
        if (!known)
            return ctl_usage(c, "index " USAGE);
    }
    if (all == (at < argc))
        return ctl_usage(c, "index " USAGE);
    progress_begin(&x.bar);
    x.users = arena_new("users", USERS_ARENA_MAX);
    err e = all ? all_users(&x) : OK_ERR;
    for (; at < argc; at++)
        one_user(&x, str_from(argv[at]));
    arena_free(x.users);
    vec_done(&x.names);
    return failed(e) ? ctl_fail_err(c, "reading the users", e) : finish(&x);
}
