/* SPDX-License-Identifier: ISC */
#include <unistd.h>

#include "list/admin.h"
#include "list/members.h"
#include "os/file.h"

struct findings {
    struct list_run *run;
    struct buf *out;
    size_t n;
};

static void find(struct findings *f, const char *what, const char *mend)
{
    buf_addf(f->out, "%s: %s\n", what, mend);
    f->n++;
}

/* Quotes and dashes that come from a word processor, an address made safe from robots. */
static void check_words(struct findings *f, const char *name)
{
    static const char *const wrong[] = {"\xe2\x80\x98", "\xe2\x80\x99", "\xe2\x80\x9c",
                                        "\xe2\x80\x9d", "\xe2\x80\x93", "_at_"};
    struct arena *a = f->run->list->arena;
    str text;
    if (failed(file_read(f->run->list->dir, name, LIST_VALUE_MAX, a, &text)))
        return;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        if (str_find_str(text, str_from(wrong[i])) >= 0)
            find(f, arena_printf(a, "%s has \"%s\"", name, wrong[i]).p,
                 i == 5 ? "write '@'" : "write plain ' \" or -");
}

static void check_bouncer(struct findings *f)
{
    struct mlist *l = f->run->list;
    str text, line;
    bool weeds = false, returns = false;
    if (failed(file_read(l->dir, "bouncer", LIST_VALUE_MAX, l->arena, &text))) {
        find(f, "bouncer is missing", "bounces are refused: ezmlm-make -e+ writes it");
        return;
    }
    while (str_line(&text, &line)) {
        if (str_find_str(line, S("ezmlm-weed")) >= 0 && str_starts(line, S("|")))
            weeds = true;
        if (str_find_str(line, S("ezmlm-return")) >= 0 && str_starts(line, S("|"))) {
            returns = true;
            if (!weeds)
                find(f, "bouncer calls ezmlm-return before ezmlm-weed",
                     "vacation notices count as bounces: put |ezmlm-weed above it");
            if (str_find_str(line, str_from(l->path)) < 0)
                find(f, "bouncer's ezmlm-return names another directory",
                     "bounces go to another list, or nowhere");
        }
    }
    if (!returns)
        find(f, "bouncer has no line |ezmlm-return", "members whose mail bounces stay for ever");
}

static void check_links(struct findings *f)
{
    static const char *const behind[] = {"", "-default", "-owner", "-return-default"};
    struct mlist *l = f->run->list;
    str dot;
    if (!list_value(l, "dot", &dot))
        return; /* an old list does not say where they are */
    for (size_t i = 0; i < 4; i++) {
        const char *path = arena_printf(l->arena, "%.*s%s", STR_ARG(dot), behind[i]).p;
        if (access(path, F_OK) < 0)
            find(f, arena_printf(l->arena, "%s is missing, or leads nowhere", path).p,
                 "mail to that address is refused: ezmlm-make -e+ makes the links");
    }
}

static void check_members(struct findings *f)
{
    struct mlist *l = f->run->list;
    struct members m;
    struct member_report r;
    err e = members_open(l->dir, S(""), &m);
    if (!failed(e)) {
        e = members_check(&m, false, &r);
        members_close(&m);
    }
    if (failed(e)) {
        find(f, "the members cannot be read", err_text(e));
        return;
    }
    if (r.torn)
        find(f, "there are torn records among the members", "ezmlm-check -r drops them");
    if (r.doubled)
        find(f, "some members stand there twice", "ezmlm-check -r keeps one of each");
    if (r.misplaced)
        find(f, "some members stand in a file where ezmlm does not look",
             "ezmlm-check -r puts them right");
    if (r.narrow)
        find(f, "some members stand where only 32-bit ezmlm finds them",
             "we find them; for 64-bit ezmlm: ezmlm-check -r");
}

size_t list_check(struct list_run *r, struct buf *out)
{
    static const char *const scripts[] = {"editor",   "manager",   "bouncer",
                                          "owner",    "moderator", "confirmer",
                                          "outlocal", "outhost",   "headeradd"};
    struct findings f = {.run = r, .out = out};
    struct stat st;
    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++)
        check_words(&f, scripts[i]);
    if (r->list->whole_key.n < 8)
        find(&f, "key is missing or short",
             "requests cannot be confirmed safely: write a random "
             "file of 64 octets");
    if (fstat(r->list->dir, &st) == 0 && (st.st_mode & 0022))
        find(&f, "others may write in the directory", "chmod go-w");
    if (!list_has(r->list, "owner"))
        find(&f, "owner is missing", "mail to the owner is refused");
    if (list_flag(r->list, FLAG_MODPOST) && !list_has(r->list, "mod/subscribers"))
        find(&f, "posts are moderated, but there are no moderators", "ezmlm-sub DIR mod ADDRESS");
    check_bouncer(&f);
    check_links(&f);
    check_members(&f);
    return f.n;
}
