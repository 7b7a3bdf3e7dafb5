/* SPDX-License-Identifier: ISC */
#include "dotqmail/parse.h"

#define FIRST_BLANK "Uh-oh: first line of .qmail file is blank. (#4.2.1)"
#define FILE_REFUSED "Uh-oh: .qmail has file delivery but has x bit set. (#4.7.0)"
#define PROGRAM_REFUSED "Uh-oh: .qmail has prog delivery but has x bit set. (#4.7.0)"

struct parser {
    struct instruction *at;
    size_t n;
    bool forward_only;
    struct dotqmail *d;
};

static const char *warn_program(str text)
{
    /* UTF-8 of ‘ ’ “ ”: the shell takes them as letters of a word. */
    static const char *const quotes[] = {"\xe2\x80\x98", "\xe2\x80\x99", "\xe2\x80\x9c",
                                         "\xe2\x80\x9d"};
    for (size_t i = 0; i < sizeof quotes / sizeof *quotes; i++)
        if (str_find_str(text, str_from(quotes[i])) >= 0)
            return "a typographic quote: the shell wants ' or \"";
    if (str_ends(text, S("\r")))
        return "the line ends in CR LF; the CR is part of the command";
    return NULL;
}

static const char *warn_path(str text)
{
    return str_ends(text, S("\r")) ? "the line ends in CR LF; the CR is part of the path" : NULL;
}

static const char *warn_address(str text)
{
    if (str_ends(text, S("\r")))
        return "the line ends in CR LF; the CR is part of the address";
    if (str_find_str(text, S("_at_")) >= 0)
        return "_at_ is no @";
    for (size_t i = 0; i < text.n; i++)
        if (str_find(S(" \t<>(),;"), text.p[i]) >= 0)
            return "spaces, brackets and comments do not belong in a forward address";
    if (str_find(text, '@') < 0)
        return DOTQMAIL_NO_DOMAIN;
    return NULL;
}

static void add(struct parser *p, enum instruction_kind kind, size_t line, str text,
                const char *warning)
{
    p->at[p->n++] =
        (struct instruction){.kind = kind, .line = line, .text = text, .warning = warning};
}

/* False: nothing after this line is run. */
static bool refused(struct parser *p, size_t line, const char *why)
{
    add(p, DO_REFUSE, line, str_from(why), NULL);
    return false;
}

static bool add_line(struct parser *p, size_t number, str line)
{
    if (line.n == 0)
        return number != 1 || refused(p, number, FIRST_BLANK);
    switch (line.p[0]) {
    case '#':
        add(p, DO_COMMENT, number, line, NULL);
        return true;
    case '.':
    case '/':
        p->d->files++;
        if (p->forward_only)
            return refused(p, number, FILE_REFUSED);
        add(p, line.p[line.n - 1] == '/' ? DO_MAILDIR : DO_MBOX, number, line, warn_path(line));
        return true;
    case '|':
        p->d->programs++;
        if (p->forward_only)
            return refused(p, number, PROGRAM_REFUSED);
        line = str_from_at(line, 1);
        add(p, DO_PROGRAM, number, line, warn_program(line));
        return true;
    case '+': {
        bool list = str_eq(line, S("+list"));
        p->forward_only |= list;
        add(p, list ? DO_LIST : DO_IGNORED, number, line,
            list ? NULL : "an unknown + line is ignored");
        return true;
    }
    default:
        (void)str_skip(&line, S("&")); /* the sign may be left out */
        p->d->forwards++;
        add(p, DO_FORWARD, number, line, warn_address(line));
        return true;
    }
}

/* Trailing space and tab cut. qmail handles lines as C strings: a NUL ends one. */
static str cut_line(str line)
{
    while (line.n && char_is_space(line.p[line.n - 1]))
        line.n--;
    ptrdiff_t nul = str_find(line, '\0');
    return nul >= 0 ? str_slice(line, 0, (size_t)nul) : line;
}

err dotqmail_parse(str text, bool forward_only, str defaultdelivery, struct arena *a,
                   struct dotqmail *ret)
{
    struct dotqmail d = {.is_default = text.n == 0};
    if (d.is_default) {
        text = defaultdelivery;
        forward_only = false;
    }
    size_t lines = 1;
    for (size_t i = 0; i < text.n; i++)
        lines += text.p[i] == '\n';
    if (text.n > DOTQMAIL_MAX || lines > DOTQMAIL_LINES_MAX)
        return err_new(ERR_LIMIT, ".qmail file is too large");
    struct parser p = {
        .at = NEW_N(a, struct instruction, lines), .forward_only = forward_only, .d = &d};
    bool more = true;
    for (size_t number = 1; more; number++) {
        str line;
        bool cut = str_cut(text, '\n', &line, &text);
        more = add_line(&p, number, cut_line(line)) && cut && text.n;
    }
    d.at = p.at;
    d.n = p.n;
    *ret = d;
    return OK_ERR;
}

bool instruction_print(const struct instruction *i, struct buf *out)
{
    static const char *const words[] = {[DO_MBOX] = "mbox",
                                        [DO_MAILDIR] = "maildir",
                                        [DO_PROGRAM] = "program",
                                        [DO_FORWARD] = "forward",
                                        [DO_REFUSE] = NULL};
    if (!words[i->kind])
        return false;
    buf_addf(out, "%s %.*s\n", words[i->kind], STR_ARG(i->text));
    return true;
}
