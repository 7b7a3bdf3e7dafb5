/* SPDX-License-Identifier: ISC */
#include "ctl/check_homes.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/words.h"
#include "dotqmail/parse.h"
#include "dotqmail/search.h"
#include "os/fd.h"
#include "os/file.h"
#include "people/passwd.h"

struct homes {
    struct ctl *ctl;
    struct buf *out;
    struct homes_findings *found;
    size_t users, files;
    const struct person *person;
    const char *shown; /* the home as findings name it: below the root */
    int home;
    struct arena *arena; /* one file's */
};

static void tell(struct homes *h, bool error, const char *file, size_t line, const char *text)
{
    if (h->found->errors + h->found->warnings >= CHECK_HOMES_FOUND)
        return;
    *(error ? &h->found->errors : &h->found->warnings) += 1;
    buf_addf(h->out, "%s%s%s", h->shown, file ? "/" : "", file ? file : "");
    if (line)
        buf_addf(h->out, ":%zu", line);
    buf_addf(h->out, ": %s: %s [dotqmail.%s]\n", error ? "error" : "warning", word(h->ctl, text),
             error ? "refused" : "suspicious");
}

static void check_text(struct homes *h, const char *file, str text, bool forward_only)
{
    struct dotqmail d;
    if (!text.n)
        return; /* default delivery */
    err e = dotqmail_parse(text, forward_only, S(""), h->arena, &d);
    if (failed(e)) {
        tell(h, true, file, 0, "the file is too large");
        return;
    }
    for (size_t i = 0; i < d.n; i++) {
        const struct instruction *in = &d.at[i];
        if (in->kind == DO_REFUSE)
            tell(h, true, file, in->line, arena_cstr(h->arena, in->text));
        if (in->warning && strcmp(in->warning, DOTQMAIL_NO_DOMAIN) != 0)
            tell(h, false, file, in->line, in->warning);
    }
}

static void check_file(struct homes *h, const char *name)
{
    auto_fd int fd = -1;
    struct stat st;
    str text;
    err e = file_open(h->home, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, &fd);
    if (failed(e) || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return; /* a link or a device: delivery's business, not for root to open */
    if (st.st_mode & DOTQMAIL_PATERNALISM) {
        tell(h, true, name, 0, "everybody may write to it: mail waits");
        return;
    }
    e = file_read_fd(fd, DOTQMAIL_MAX, h->arena, &text);
    if (e.kind == ERR_LIMIT)
        tell(h, true, name, 0, "the file is too large");
    else if (!failed(e))
        check_text(h, name, text, st.st_mode & S_IXUSR);
}

static err note_file(void *ctx, const struct dir_entry *d)
{
    struct homes *h = ctx;
    bool ours = str_eq(d->name, S(".qmail")) || str_starts(d->name, S(".qmail-"));
    if (!ours || ++h->files > CHECK_HOMES_FILES)
        return OK_ERR;
    for (size_t i = 0; i < d->name.n; i++) /* a name is printed: no control characters */
        if ((unsigned char)d->name.p[i] < ' ' || d->name.p[i] == 127)
            return OK_ERR;
    check_file(h, d->name.p);
    arena_reset(h->arena);
    return OK_ERR;
}

/* As qmail-getpw: a home that is not its user's own is nobody's mailbox. */
static err check_person(void *ctx, const struct person *p)
{
    struct homes *h = ctx;
    struct stat st;
    if (++h->users > CHECK_HOMES_USERS)
        return err_new(ERR_LIMIT, "too many users to look at");
    if (p->uid == 0)
        return OK_ERR;
    auto_arena struct arena *a = arena_new("home", 1 << 16);
    const char *path = arena_cstr(a, p->home);
    auto_fd int home = -1;
    if (failed(dir_open(AT_FDCWD, path, &home)) || fstat(home, &st) < 0 || st.st_uid != p->uid)
        return OK_ERR;
    size_t root = strlen(h->ctl->root);
    bool below = root > 1 && strncmp(path, h->ctl->root, root) == 0 && path[root] == '/';
    h->shown = below ? path + root + 1 : path;
    h->home = home;
    h->files = 0;
    if (dotqmail_home_refused(st.st_mode))
        tell(h, true, NULL, 0, "everybody may write to it: mail waits");
    /* A home that cannot be read (a network's) has no findings; the others still do. */
    (void)failed(dir_each(home, ".", note_file, h));
    return OK_ERR;
}

err check_homes(struct ctl *c, struct buf *out, struct homes_findings *ret)
{
    struct passwd_db *people;
    *ret = (struct homes_findings){0};
    err e = passwd_open(c->root_dir, &people);
    if (failed(e))
        return e;
    auto_arena struct arena *a = arena_new(".qmail", 32 << 20);
    struct homes h = {.ctl = c, .out = out, .found = ret, .arena = a};
    e = passwd_each(people, check_person, &h);
    passwd_free(people);
    return e;
}
