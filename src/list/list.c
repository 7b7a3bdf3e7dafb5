/* SPDX-License-Identifier: ISC */
#include "list/list.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "os/file.h"

static const struct {
    const char *file;
    char letter; /* in flags and config; 0: by presence alone */
} flag_names[FLAG_COUNT] = {
    [FLAG_ARCHIVED] = {"archived", 'a'},
    [FLAG_MODGETONLY] = {"modgetonly", 'b'},
    [FLAG_DIGESTED] = {"digested", 'd'},
    [FLAG_SUBGETONLY] = {"subgetonly", 'g'},
    [FLAG_NOSUBCONFIRM] = {"nosubconfirm", 'h'},
    [FLAG_INDEXED] = {"indexed", 'a'},
    [FLAG_NOUNSUBCONFIRM] = {"nounsubconfirm", 'j'},
    [FLAG_MODCANLIST] = {"modcanlist", 'l'},
    [FLAG_MODPOST] = {"modpost", 'm'},
    [FLAG_MODCANEDIT] = {"modcanedit", 'n'},
    [FLAG_MODPOSTONLY] = {"modpostonly", 'o'},
    [FLAG_PUBLIC] = {"public", 'p'},
    [FLAG_REMOTE] = {"remote", 'r'},
    [FLAG_MODSUB] = {"modsub", 's'},
    [FLAG_ADDTRAILER] = {"addtrailer", 't'},
    [FLAG_SUBPOSTONLY] = {"subpostonly", 'u'},
    [FLAG_NOWARN] = {"nowarn", 'w'},
    [FLAG_CONFIRMPOST] = {"confirmpost", 'y'},
    [FLAG_THREADED] = {"threaded", 'i'},
    [FLAG_NORETURNPOSTS] = {"noreturnposts", 0},
    [FLAG_OMITBOTTOM] = {"omitbottom", 0},
    [FLAG_REPLYTOLIST] = {"replytolist", 0},
    [FLAG_REWRITEFROM] = {"rewritefrom", 0},
};

struct verdict verdict_of(err e, const char *doing)
{
    static char text[256];
    bool final = e.kind == ERR_SYNTAX || e.kind == ERR_DENIED || e.kind == ERR_LIMIT;
    int n = snprintf(text, sizeof text, "%s: %s", doing, err_text(e));
    size_t length = n < 0 ? 0 : (size_t)n < sizeof text ? (size_t)n : sizeof text - 1;
    return (struct verdict){.code = final ? 100 : 111, .text = str_of(text, length)};
}

bool list_has(const struct mlist *l, const char *name)
{
    struct stat st;
    return !failed(file_stat(l->dir, name, &st));
}

static bool read_at(const struct mlist *l, int dir, str folder, const char *name, size_t max,
                    str *ret)
{
    char path[1024];
    int n = snprintf(path, sizeof path, "%.*s%s%s", STR_ARG(folder), folder.n ? "/" : "", name);
    return n > 0 && (size_t)n < sizeof path && !failed(file_read(dir, path, max, l->arena, ret));
}

bool list_file(const struct mlist *l, const char *name, size_t max, str *ret)
{
    if (read_at(l, l->dir, S(""), name, max, ret))
        return true;
    if (l->fallback.n && read_at(l, l->dir, l->fallback, name, max, ret))
        return true;
    return l->root >= 0 && read_at(l, l->root, S("etc/ezmlm/default"), name, max, ret);
}

struct list_lines list_values(const struct mlist *l, const char *name)
{
    struct list_lines lines = {0};
    str text, line;
    if (!list_file(l, name, LIST_VALUE_MAX, &text))
        return lines;
    size_t n = 1;
    for (size_t i = 0; i < text.n; i++)
        n += text.p[i] == '\n';
    lines.at = NEW_N(l->arena, str, n);
    while (str_line(&text, &line)) {
        line = str_trim_end(line);
        if (line.n && *line.p != '#')
            lines.at[lines.n++] = line;
    }
    return lines;
}

bool list_value(const struct mlist *l, const char *name, str *ret)
{
    struct list_lines lines = list_values(l, name);
    if (lines.n)
        *ret = lines.at[0];
    return lines.n > 0;
}

/* The line "F:-aBc" of config, or the contents of flags. */
static void read_letters(struct mlist *l)
{
    str text, line;
    if (!failed(file_read(l->dir, "flags", LIST_VALUE_MAX, l->arena, &text))) {
        l->generation = LIST_LETTERS;
        l->has_letters = true;
        (void)str_line(&text, &l->letters); /* an empty file: no letters */
        return;
    }
    if (!failed(file_read(l->dir, "config", LIST_VALUE_MAX, l->arena, &text))) {
        l->generation = LIST_CONFIG;
        while (str_line(&text, &line)) {
            if (str_skip(&line, S("F:"))) {
                l->letters = line;
                l->has_letters = true;
            }
        }
        return;
    }
    l->generation = list_has(l, "dot") || list_has(l, "ezmlmrc") ? LIST_PRESENCE : LIST_053;
}

static void read_charset(struct mlist *l)
{
    str text, charset, coding;
    l->charset = S("us-ascii");
    if (list_value(l, "charset", &text)) {
        (void)str_cut(text, ':', &charset, &coding); /* without ':' nothing is encoded */
        l->charset = charset;
        if (coding.n && (char_upper(*coding.p) == 'Q' || char_upper(*coding.p) == 'B'))
            l->encoding = char_upper(*coding.p);
    }
    str language;
    if (list_value(l, "language", &language))
        l->japanese = str_istarts(language, S("ja"));
    else
        l->japanese = str_ieq(l->charset, S("iso-2022-jp")) || str_ends(l->fallback, S("/ja"));
    if (l->japanese && str_ieq(l->charset, S("us-ascii")))
        l->charset = S("utf-8");
}

err list_open(struct arena *a, int root, const char *path, struct mlist *ret)
{
    struct mlist l = {.arena = a, .root = root, .path = path, .dir = -1};
    err e = dir_open(AT_FDCWD, path, &l.dir);
    if (failed(e))
        return e;
    str text;
    if (!failed(file_read(l.dir, "ezmlmrc", LIST_VALUE_MAX, a, &text)))
        (void)str_line(&text, &l.fallback); /* empty: none */
    l.fallback = str_trim_end(l.fallback);
    if (!list_value(&l, "outlocal", &l.outlocal) || !list_value(&l, "outhost", &l.outhost)) {
        fd_close(l.dir);
        return err_new(ERR_NOTFOUND, "outlocal and outhost of the list");
    }
    if (failed(file_read(l.dir, "key", LIST_KEY_MAX, a, &l.whole_key)))
        l.whole_key = S(""); /* cookies are then refused: see list_set_sub */
    read_letters(&l);
    read_charset(&l);
    list_set_sub(&l, S(""));
    *ret = l;
    return OK_ERR;
}

void list_close(struct mlist *l)
{
    fd_close(l->dir);
    l->dir = -1;
}

void list_set_sub(struct mlist *l, str sub)
{
    static const char *const parts[] = {"", "digest", "allow", "deny"};
    size_t cut = 0;
    for (size_t i = 0; i < 4; i++)
        if (str_eq(sub, str_from(parts[i])))
            cut = i;
    l->sub = sub;
    l->local = sub.n ? arena_printf(l->arena, "%.*s-%.*s", STR_ARG(l->outlocal), STR_ARG(sub))
                     : l->outlocal;
    l->key = l->whole_key.n > cut ? str_slice(l->whole_key, 0, l->whole_key.n - cut) : S("");
}

bool list_flag(const struct mlist *l, enum list_flag flag)
{
    char letter = flag_names[flag].letter;
    if (letter && l->has_letters) {
        /* The last word on a letter counts; upper case is "not". */
        for (size_t i = l->letters.n; i > 0; i--)
            if (char_lower(l->letters.p[i - 1]) == letter)
                return l->letters.p[i - 1] == letter;
        return false;
    }
    str text;
    return list_file(l, flag_names[flag].file, LIST_VALUE_MAX, &text);
}

str list_moderators(const struct mlist *l, const char *const *files)
{
    str name;
    for (; *files; files++)
        if (!failed(file_read(l->dir, *files, LIST_VALUE_MAX, l->arena, &name)) &&
            (name = str_trim(name)).n)
            return name;
    return S("mod");
}

str list_address(const struct mlist *l, const char *behind)
{
    return arena_printf(l->arena, "%.*s%s@%.*s", STR_ARG(l->local), behind, STR_ARG(l->outhost));
}

void list_log(const struct mlist *l, str sub, int64_t now, const char *event, str address,
              str comment)
{
    auto_buf struct buf line;
    char path[256];
    buf_init(&line, 4096);
    buf_addf(&line, "%lld %s %.*s%s%.*s", (long long)now, event, STR_ARG(address),
             comment.n ? " " : "", STR_ARG(comment));
    for (size_t i = 0; i < line.n; i++)
        if (line.p[i] < 32 || line.p[i] > 126)
            line.p[i] = '?';
    buf_addc(&line, '\n');
    (void)snprintf(path, sizeof path, "%.*s%sLog", STR_ARG(sub), sub.n ? "/" : "");
    auto_fd int fd = -1;
    if (failed(file_open(l->dir, path, O_WRONLY | O_APPEND | O_CREAT, 0600, &fd)))
        return;
    (void)failed(file_write(fd, buf_str(&line))); /* a log that is full stops no list */
}
