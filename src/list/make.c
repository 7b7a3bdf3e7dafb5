/* SPDX-License-Identifier: ISC */
#include "list/make.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "list/list.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/random.h"

enum { FILE_TEXT_MAX = 64 << 10, RANDOM_OCTETS = 64 };

struct maker {
    const struct make *m;
    int dir;
    unsigned on; /* options in force */
};

static const struct {
    const char *file;
    char letter;
} presence[] = {
    {"archived", 'a'},    {"indexed", 'a'},      {"modgetonly", 'b'},  {"digested", 'd'},
    {"subgetonly", 'g'},  {"nosubconfirm", 'h'}, {"threaded", 'i'},    {"nounsubconfirm", 'j'},
    {"modcanlist", 'l'},  {"modpost", 'm'},      {"modcanedit", 'n'},  {"modpostonly", 'o'},
    {"public", 'p'},      {"remote", 'r'},       {"modsub", 's'},      {"addtrailer", 't'},
    {"subpostonly", 'u'}, {"nowarn", 'w'},       {"confirmpost", 'y'},
};

static bool on(const struct maker *k, char letter)
{
    return k->on & make_bit(letter);
}

static bool there(const struct maker *k, const char *name)
{
    struct stat st;
    return !failed(file_stat(k->dir, name, &st));
}

static err put(const struct maker *k, const char *name, str text)
{
    return file_replace(k->dir, name, text, 0644);
}

/* People change these: an edit leaves them alone. */
static err put_kept(const struct maker *k, const char *name, str text)
{
    if (k->m->edit && !k->m->overwrite && there(k, name))
        return OK_ERR;
    return put(k, name, text);
}

static err drop(const struct maker *k, const char *name)
{
    err e = file_unlink(k->dir, name);
    return e.kind == ERR_NOTFOUND ? OK_ERR : e;
}

static void line(const struct maker *k, struct buf *b, const char *program, const char *behind)
{
    buf_addf(b, "|%.*s/ezmlm-%s", STR_ARG(k->m->bin), program);
    for (const char *p = behind; *p; p++) {
        if (*p == '@') /* the list's directory, quoted for the shell */
            buf_addf(b, "'%s'", k->m->dir);
        else
            buf_addc(b, *p);
    }
    buf_addc(b, '\n');
}

static void tail(const struct maker *k, struct buf *b)
{
    if (on(k, 'm') || on(k, 'y'))
        line(k, b, "clean", " @ || exit 0");
    if (!on(k, 'w'))
        line(k, b, "warn", " @ || exit 0");
}

/* Who may post, and what happens to a post. */
static void editor(const struct maker *k, struct buf *b)
{
    line(k, b, "reject", " @");
    line(k, b, "checksub", " -n @ deny");
    if (on(k, 'u') && !on(k, 'm'))
        line(k, b, "checksub", " @ . digest allow mod");
    if (on(k, 'y'))
        line(k, b, "store", " -y @");
    else if (on(k, 'm') && on(k, 'u'))
        line(k, b, "gate", " @ . digest allow mod");
    else if (on(k, 'm'))
        line(k, b, "store", " @");
    else
        line(k, b, "send", " @");
    tail(k, b);
    if (on(k, 'd')) {
        line(k, b, "tstdig", " @ || exit 99");
        line(k, b, "digests", " @ || exit 0");
    }
}

static void manager(const struct maker *k, struct buf *b)
{
    line(k, b, "weed", "");
    line(k, b, "get", " @");
    line(k, b, "request", " @");
    line(k, b, "manage", " @");
    tail(k, b);
}

static void bouncer(const struct maker *k, struct buf *b, const char *behind)
{
    line(k, b, "weed", "");
    line(k, b, "return", behind);
}

static err scripts(const struct maker *k)
{
    static const char *const names[] = {"editor",    "manager",   "bouncer",
                                        "moderator", "confirmer", "digest/bouncer"};
    err e = OK_ERR;
    for (size_t i = 0; i < 6 && !failed(e); i++) {
        auto_buf struct buf b;
        buf_init(&b, FILE_TEXT_MAX);
        if (i == 0) {
            editor(k, &b);
        } else if (i == 1) {
            manager(k, &b);
        } else if (i == 2) {
            bouncer(k, &b, " -D @");
        } else if (i == 5) {
            bouncer(k, &b, " -d @");
        } else {
            line(k, &b, "weed", "");
            line(k, &b, i == 3 ? "moderate" : "confirm", " @");
            tail(k, &b);
        }
        e = put(k, names[i], buf_str(&b));
    }
    str owner = k->m->args[5].n ? arena_printf(k->m->arena, "&%.*s\n", STR_ARG(k->m->args[5]))
                                : arena_printf(k->m->arena, "%s/Mailbox\n", k->m->dir);
    return failed(e) ? e : put_kept(k, "owner", owner);
}

static err folders(const struct maker *k)
{
    static const char *const all[] = {"archive",
                                      "subscribers",
                                      "bounce",
                                      "bounce/d",
                                      "bounce/h",
                                      "text",
                                      "digest",
                                      "digest/subscribers",
                                      "digest/bounce",
                                      "digest/bounce/d",
                                      "digest/bounce/h",
                                      "allow",
                                      "allow/subscribers",
                                      "deny",
                                      "deny/subscribers",
                                      "mod",
                                      "mod/subscribers",
                                      "mod/pending",
                                      "mod/accepted",
                                      "mod/rejected",
                                      "mod/unconfirmed"};
    err e = OK_ERR;
    for (size_t i = 0; i < sizeof all / sizeof all[0] && !failed(e); i++)
        e = dir_make(k->dir, all[i], 0755);
    return e;
}

static err flags(const struct maker *k)
{
    err e = OK_ERR;
    for (size_t i = 0; i < sizeof presence / sizeof presence[0] && !failed(e); i++) {
        if (!on(k, presence[i].letter))
            e = drop(k, presence[i].file);
        else if (!there(k, presence[i].file)) /* its content names a moderators' directory */
            e = put(k, presence[i].file, S(""));
    }
    static const struct {
        const char *file;
        int arg;
    } moderators[] = {{"modpost", 7}, {"modsub", 8}, {"remote", 9}};
    for (size_t i = 0; i < 3 && !failed(e); i++) {
        str to = k->m->args[moderators[i].arg];
        if (to.n && there(k, moderators[i].file))
            e = put(k, moderators[i].file, arena_printf(k->m->arena, "%.*s\n", STR_ARG(to)));
    }
    if (!failed(e) && k->m->edit) /* they would override the files: see list.h */
        e = drop(k, "flags");
    return failed(e) || !k->m->edit ? e : drop(k, "config");
}

static err headers(const struct maker *k)
{
    static const char add[] = "Sender: <<#l#>-return-@<#H#>>\n"
                              "Precedence: bulk\n"
                              "X-No-Archive: yes\n"
                              "List-Post: <mailto:<#L#>@<#H#>>\n"
                              "List-Help: <mailto:<#L#>-help@<#H#>>\n"
                              "List-Unsubscribe: <mailto:<#L#>-unsubscribe@<#H#>>\n"
                              "List-Subscribe: <mailto:<#L#>-subscribe@<#H#>>\n";
    static const char removed[] = "return-path\nreturn-receipt-to\ncontent-length\nprecedence\n"
                                  "x-confirm-reading-to\nx-pmrqc\nlist-subscribe\n"
                                  "list-unsubscribe\nlist-help\nlist-post\nsender\n";
    const struct make *m = k->m;
    err e = put_kept(k, "headeradd", str_from(add));
    if (!failed(e))
        e = put_kept(k, "headerremove", str_from(removed));
    if (!failed(e) && on(k, 'x'))
        e = put_kept(k, "mimeremove",
                     S("application/excel\napplication/rtf\napplication/msword\n"
                       "application/ms-tnef\ntext/html\ntext/rtf\n"
                       "text/enriched\ntext/x-vcard\napplication/activemessage\n"));
    if (!failed(e) && on(k, 'x'))
        e = put_kept(k, "msgsize", S("30000:2\n"));
    if (!failed(e) && on(k, 'f'))
        e = put_kept(k, "prefix", arena_printf(m->arena, "[%.*s]\n", STR_ARG(m->local)));
    if (!failed(e) && !on(k, 'f') && m->edit && (m->off & make_bit('f')))
        e = drop(k, "prefix");
    if (!failed(e) && m->args[0].n)
        e = put(k, "sublist", arena_printf(m->arena, "%.*s\n", STR_ARG(m->args[0])));
    if (!failed(e) && m->args[3].n)
        e = put(k, "fromheader", arena_printf(m->arena, "%.*s\n", STR_ARG(m->args[3])));
    if (!failed(e) && m->args[4].n)
        e = put(k, "tstdigopts", arena_printf(m->arena, "%.*s\n", STR_ARG(m->args[4])));
    if (!failed(e) && m->charset.n)
        e = put_kept(k, "charset", arena_printf(m->arena, "%.*s\n", STR_ARG(m->charset)));
    return e;
}

/* ezmlm's key is pid and times: guessable. Ours is random, and kept for ever. */
static err key(const struct maker *k)
{
    if (there(k, "key"))
        return OK_ERR;
    char octets[RANDOM_OCTETS];
    random_bytes(octets, sizeof octets);
    return file_replace(k->dir, "key", str_of(octets, sizeof octets), 0600);
}

static err names(const struct maker *k)
{
    const struct make *m = k->m;
    const struct {
        const char *file;
        str value;
    } all[] = {{"outlocal", m->local}, {"outhost", m->host}, {"dot", str_from(m->dot)}};
    err e = OK_ERR;
    for (size_t i = 0; i < sizeof all / sizeof all[0] && !failed(e); i++)
        e = put(k, all[i].file, arena_printf(m->arena, "%.*s\n", STR_ARG(all[i].value)));
    if (!failed(e) && m->digest_code.n)
        e = put(k, "digestcode", arena_printf(m->arena, "%.*s\n", STR_ARG(m->digest_code)));
    if (!failed(e) && !there(k, "lock"))
        e = put(k, "lock", S(""));
    return failed(e) || there(k, "lockbounce") ? e : put(k, "lockbounce", S(""));
}

static err links(const struct maker *k)
{
    static const struct {
        const char *behind, *file;
        char letter; /* 0: always */
    } all[] = {
        {"", "editor", 0},
        {"-default", "manager", 0},
        {"-owner", "owner", 0},
        {"-return-default", "bouncer", 0},
        {"-accept-default", "moderator", 0},
        {"-reject-default", "moderator", 0},
        {"-confirm-default", "confirmer", 0},
        {"-discard-default", "confirmer", 0},
        {"-digest-owner", "owner", 'd'},
        {"-digest-return-default", "digest/bouncer", 'd'},
    };
    const struct make *m = k->m;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        const char *to = arena_printf(m->arena, "%s/%s", m->dir, all[i].file).p;
        const char *at = arena_printf(m->arena, "%s%s", m->dot, all[i].behind).p;
        struct stat st;
        if (lstat(at, &st) == 0 && m->edit) {
            if (S_ISLNK(st.st_mode) && unlink(at) < 0)
                return err_sys("remove an old link");
            if (!S_ISLNK(st.st_mode))
                continue; /* somebody wrote a file there: his */
        }
        if (all[i].letter && !on(k, all[i].letter))
            continue;
        if (symlink(to, at) < 0)
            return errno == EEXIST ? err_new(ERR_DENIED, "the link is there already")
                                   : err_sys("make a link");
    }
    return OK_ERR;
}

/* What an edit with -+ keeps. */
static unsigned options_of(struct mlist *l)
{
    static const struct {
        enum list_flag flag;
        char letter;
    } all[] = {{FLAG_ARCHIVED, 'a'},       {FLAG_MODGETONLY, 'b'},   {FLAG_DIGESTED, 'd'},
               {FLAG_SUBGETONLY, 'g'},     {FLAG_NOSUBCONFIRM, 'h'}, {FLAG_THREADED, 'i'},
               {FLAG_NOUNSUBCONFIRM, 'j'}, {FLAG_MODCANLIST, 'l'},   {FLAG_MODPOST, 'm'},
               {FLAG_MODCANEDIT, 'n'},     {FLAG_MODPOSTONLY, 'o'},  {FLAG_PUBLIC, 'p'},
               {FLAG_REMOTE, 'r'},         {FLAG_MODSUB, 's'},       {FLAG_ADDTRAILER, 't'},
               {FLAG_SUBPOSTONLY, 'u'},    {FLAG_NOWARN, 'w'},       {FLAG_CONFIRMPOST, 'y'}};
    unsigned set = 0;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (list_flag(l, all[i].flag))
            set |= make_bit(all[i].letter);
    set |= list_has(l, "prefix") ? make_bit('f') : 0;
    return set;
}

static err start(struct maker *k, const char **ret_problem)
{
    const struct make *m = k->m;
    unsigned usual = make_bit('a') | make_bit('p');
    struct mlist l;
    if (m->edit) {
        *ret_problem = "no list is there to edit";
        err e = list_open(m->arena, -1, m->dir, &l);
        if (failed(e))
            return err_new(ERR_DENIED, "no list to edit");
        k->on = ((m->keep ? options_of(&l) : usual) | m->on) & ~m->off;
        k->dir = fd_take(&l.dir);
        return OK_ERR;
    }
    k->on = (usual | m->on) & ~m->off;
    if (mkdir(m->dir, 0700) < 0) {
        *ret_problem = "unable to make the directory";
        return errno == EEXIST ? err_new(ERR_DENIED, "directory is there already")
                               : err_sys("mkdir");
    }
    return dir_open(AT_FDCWD, m->dir, &k->dir);
}

err list_make(const struct make *m, const char **ret_problem)
{
    struct maker k = {.m = m, .dir = -1};
    *ret_problem = "unable to make the list";
    err e = start(&k, ret_problem);
    if (!failed(e))
        e = folders(&k);
    if (!failed(e))
        e = key(&k);
    if (!failed(e))
        e = flags(&k);
    if (!failed(e))
        e = headers(&k);
    if (!failed(e))
        e = scripts(&k);
    if (!failed(e))
        e = names(&k);
    if (!failed(e)) {
        *ret_problem = "unable to make the .qmail links";
        e = links(&k);
    }
    fd_close(k.dir);
    return e;
}
