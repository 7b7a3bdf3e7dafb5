/* SPDX-License-Identifier: ISC */
/* How it works: the value is cut into tokens; those of one entry are collected until a comma,
 * semicolon, colon or the end closes it. An entry with angle brackets is a name and a spec. One
 * without is cut into stretches: words joined by dots and '@'. What is not closed (quote, comment,
 * literal, bracket) is taken as text, and is looked for once only, so that the work stays linear.
 */
#include "wire/addrlist.h"

#include <string.h>

#include "wire/lex.h"

enum { ENTRY_TOKENS_MAX = 4'096 }; /* an entry with more is cut into several */

enum token_kind { T_WORD, T_QUOTED, T_LITERAL, T_COMMENT, T_DOT, T_AT, T_MARK };

struct token {
    enum token_kind kind;
    bool apart; /* blanks or a comment stand before it */
    str raw;
};

struct span { /* tokens [from, to) */
    size_t from, to;
};

struct parser {
    struct arena *arena;
    unsigned flags;
    str rest;
    bool apart;
    bool quotes_are_text, comments_are_text, literals_are_text, jis_is_text;
    VEC(struct token) tokens; /* of this entry, without comments and brackets */
    struct span angle;        /* those between the brackets */
    bool has_angle, in_angle, in_group;
    str angle_text;
    str comment;             /* the last one */
    const char *start, *end; /* of the entry's source; NULL: nothing yet */
    VEC(struct addr) out;
    bool truncated, ugly;
};

static bool is_special(char c)
{
    return lex_is_blank(c) || (c && strchr("()<>@,;:\".[", c));
}

/* A stretch of raw ISO-2022-JP, whose octets look like specials: ESC $ ... ESC ( B. Old Japanese
 * mailers put it into headers as it is. 0 when it is not closed. */
static size_t jis_length(struct parser *p, str s)
{
    if (p->jis_is_text || !str_starts(s, S("\x1b$")))
        return 0;
    ptrdiff_t at = str_find_str(s, S("\x1b("));
    p->jis_is_text = at < 0;
    return at < 0 ? 0 : (size_t)at + 3 < s.n ? (size_t)at + 3 : s.n;
}

static size_t word_length(struct parser *p, str s)
{
    size_t n = 0;
    while (n < s.n && !is_special(s.p[n])) {
        size_t jis = s.p[n] == '\x1b' ? jis_length(p, str_from_at(s, n)) : 0;
        n += jis ? jis : s.p[n] == '\\' && n + 1 < s.n ? 2 : 1;
    }
    return n ? n : 1; /* a lone opener is text */
}

/* Length of a quoted string, comment or literal; 0 when it is not closed, and then none of its
 * kind is looked for again. */
static size_t closed_length(struct parser *p, str s)
{
    bool *is_text = s.p[0] == '"'   ? &p->quotes_are_text
                    : s.p[0] == '(' ? &p->comments_are_text
                                    : &p->literals_are_text;
    size_t n = 0;
    if (!*is_text) {
        ptrdiff_t bracket = s.p[0] == '[' ? str_find(s, ']') : -1;
        n = s.p[0] == '"'   ? lex_quoted_closed(s)
            : s.p[0] == '(' ? lex_comment_closed(s)
                            : (size_t)(bracket + 1);
        *is_text = n == 0;
    }
    p->ugly |= n == 0;
    return n;
}

static bool next_token(struct parser *p, struct token *ret)
{
    str s = lex_skip_blanks(p->rest);
    p->apart |= s.n != p->rest.n;
    if (s.n == 0)
        return false;
    char c = s.p[0];
    size_t n = c == '"' || c == '(' || c == '[' ? closed_length(p, s) : 0;
    enum token_kind kind = n == 0 ? T_WORD : c == '"' ? T_QUOTED : c == '(' ? T_COMMENT : T_LITERAL;
    if (n == 0 && c && strchr("<>,;:", c)) {
        kind = T_MARK;
        n = 1;
    } else if (c == '.' || c == '@') {
        kind = c == '.' ? T_DOT : T_AT;
        n = 1;
    } else if (n == 0) {
        n = word_length(p, s);
    }
    *ret = (struct token){.kind = kind, .apart = p->apart, .raw = str_slice(s, 0, n)};
    p->apart = kind == T_COMMENT;
    p->rest = str_from_at(s, n);
    return true;
}

static str token_text(struct parser *p, const struct token *t)
{
    if (t->kind == T_QUOTED)
        return lex_unquote(p->arena, lex_inside(t->raw));
    return t->kind == T_WORD ? lex_unquote(p->arena, t->raw) : t->raw;
}

static bool is_joint(const struct token *t)
{
    return t->kind == T_DOT || t->kind == T_AT;
}

/* The text of tokens, single blanks where words stood apart; around dots and '@' only if
 * `as_phrase`. */
static str join(struct parser *p, struct span s, bool as_phrase)
{
    const struct token *t = p->tokens.at;
    if (s.from >= s.to)
        return S("");
    if (s.to - s.from == 1)
        return token_text(p, &t[s.from]);
    size_t room = 0;
    for (size_t i = s.from; i < s.to; i++)
        room += t[i].raw.n + 1;
    char *to = arena_alloc(p->arena, room, 1);
    size_t n = 0;
    for (size_t i = s.from; i < s.to; i++) {
        bool blank = i > s.from && t[i].apart;
        if (blank && (as_phrase || (!is_joint(&t[i]) && !is_joint(&t[i - 1]))))
            to[n++] = ' ';
        str text = token_text(p, &t[i]);
        if (text.n)
            memcpy(to + n, text.p, text.n);
        n += text.n;
    }
    return str_of(to, n);
}

static void emit(struct parser *p, struct addr a)
{
    if (p->out.n == ADDRLIST_MAX) {
        p->truncated = true;
        return;
    }
    vec_push(&p->out, a);
}

/* Route, local part and host of the tokens of a spec. */
static void read_spec(struct parser *p, struct span s, struct addr *a)
{
    const struct token *t = p->tokens.at;
    a->mailbox = a->route = S("");
    if (s.from < s.to && t[s.from].kind == T_AT) {
        size_t colon = s.from;
        while (colon < s.to && !(t[colon].kind == T_MARK && t[colon].raw.p[0] == ':'))
            colon++;
        if (colon < s.to) { /* RFC 5322 4.4: obs-route */
            a->route = join(p, (struct span){s.from, colon}, false);
            s.from = colon + 1;
        }
    }
    size_t at = s.to;
    for (size_t i = s.from; i < s.to; i++) {
        if (t[i].kind == T_AT)
            at = i;
        p->ugly |= t[i].kind == T_MARK;
    }
    a->mailbox = join(p, (struct span){s.from, at}, false);
    if (at < s.to)
        a->host = join(p, (struct span){at + 1, s.to}, false);
    p->ugly |= a->mailbox.n == 0 || (at < s.to && a->host.n == 0);
}

static str source_of(const struct parser *p, struct span s)
{
    const struct token *t = p->tokens.at;
    const char *end = t[s.to - 1].raw.p + t[s.to - 1].raw.n;
    return str_of(t[s.from].raw.p, (size_t)(end - t[s.from].raw.p));
}

static str comment_text(struct parser *p)
{
    if (!p->comment.p)
        return S("");
    str s = str_trim(lex_unquote(p->arena, lex_inside(p->comment)));
    p->comment = (str){0};
    return s;
}

static void flush_angle(struct parser *p)
{
    struct addr a = {.spec = str_trim(p->angle_text),
                     .source = str_of(p->start, (size_t)(p->end - p->start))};
    a.name = join(p, (struct span){0, p->angle.from}, true);
    read_spec(p, p->angle, &a);
    if (a.name.n == 0)
        a.name = comment_text(p);
    emit(p, a);
}

/* The end of the stretch that starts at `from`: words that touch or are joined by dots and '@'. */
static size_t stretch_end(const struct parser *p, size_t from, bool *ret_has_at)
{
    const struct token *t = p->tokens.at;
    size_t to = from;
    bool joined = true;
    *ret_has_at = false;
    while (to < p->tokens.n && (joined || !t[to].apart || is_joint(&t[to]))) {
        *ret_has_at |= t[to].kind == T_AT;
        joined = is_joint(&t[to]);
        to++;
    }
    return to;
}

/* Without brackets. `John Smith j@x` is a name and an address, unless words are to be split. */
static void flush_bare(struct parser *p)
{
    bool split = p->flags & ADDRLIST_SPLIT_WORDS;
    size_t name_from = 0, last_to = 0, emitted = 0;
    bool has_at;
    for (size_t from = 0; from < p->tokens.n; from = last_to) {
        last_to = stretch_end(p, from, &has_at);
        if (!split && !has_at)
            continue;
        struct span spec = {from, last_to};
        struct addr a = {.name = join(p, (struct span){name_from, from}, true)};
        read_spec(p, spec, &a);
        a.spec = source_of(p, spec);
        a.source = source_of(p, (struct span){name_from, last_to});
        p->ugly |= !split && name_from != from;
        bool whole = name_from == 0 && last_to == p->tokens.n;
        if (whole) /* comments and all */
            a.source = str_of(p->start, (size_t)(p->end - p->start));
        if (whole && a.name.n == 0)
            a.name = comment_text(p);
        emit(p, a);
        emitted++;
        name_from = last_to;
    }
    if (name_from == p->tokens.n)
        return;
    p->ugly |= emitted > 0; /* words after an address belong to nobody; words alone are one */
    if (emitted == 0) {
        struct span all = {0, p->tokens.n};
        emit(p, (struct addr){.name = comment_text(p),
                              .mailbox = join(p, all, true),
                              .route = S(""),
                              .spec = source_of(p, all),
                              .source = str_of(p->start, (size_t)(p->end - p->start))});
    }
}

static void flush(struct parser *p)
{
    if (p->in_angle) {
        p->ugly = true;
        p->angle.to = p->tokens.n;
    }
    if (p->has_angle)
        flush_angle(p);
    else if (p->tokens.n > 0)
        flush_bare(p);
    p->tokens.n = 0;
    p->has_angle = p->in_angle = p->apart = false;
    p->comment = (str){0};
    p->start = p->end = NULL;
}

static void end_group(struct parser *p)
{
    flush(p);
    if (p->in_group)
        emit(p, (struct addr){.kind = ADDR_GROUP_END});
    p->in_group = false;
}

static void start_group(struct parser *p)
{
    struct span all = {0, p->tokens.n};
    str source = p->start ? str_of(p->start, (size_t)(p->end - p->start)) : S("");
    emit(p, (struct addr){.kind = ADDR_GROUP_START,
                          .mailbox = join(p, all, true),
                          .source = source,
                          .spec = source});
    p->tokens.n = 0;
    flush(p);
    p->in_group = true;
}

static void keep(struct parser *p, struct token t)
{
    if (!p->start)
        p->start = t.raw.p;
    p->end = t.raw.p + t.raw.n;
    if (t.kind == T_COMMENT)
        p->comment = t.raw;
    else
        vec_push(&p->tokens, t);
}

static void open_angle(struct parser *p, struct token t)
{
    if (p->in_angle) { /* "<<a@b>": the inner one counts */
        p->ugly = true;
        p->tokens.n = p->angle.from;
    } else if (p->has_angle) {
        p->ugly = true;
        flush(p);
    }
    if (!p->start)
        p->start = t.raw.p;
    p->end = t.raw.p + 1;
    p->has_angle = p->in_angle = true;
    p->angle = (struct span){p->tokens.n, p->tokens.n};
    p->angle_text = str_of(p->end, 0);
}

static void close_angle(struct parser *p, struct token t)
{
    if (!p->in_angle) {
        p->ugly = true;
        return;
    }
    p->angle_text.n = (size_t)(t.raw.p - p->angle_text.p);
    p->angle.to = p->tokens.n;
    p->end = t.raw.p + 1;
    p->in_angle = false;
}

/* Commas and colons inside brackets belong to a route; elsewhere a comma there means that the
 * closing bracket is missing. */
static bool in_route(const struct parser *p)
{
    if (!p->in_angle || p->angle.from == p->tokens.n || p->tokens.at[p->angle.from].kind != T_AT)
        return false;
    for (size_t i = p->tokens.n; i > p->angle.from; i--) {
        if (p->tokens.at[i - 1].kind == T_MARK)
            return p->tokens.at[i - 1].raw.p[0] == ',';
    }
    return true;
}

static void mark(struct parser *p, struct token t)
{
    char c = t.raw.p[0];
    if (c == '<') {
        open_angle(p, t);
    } else if (c == '>') {
        close_angle(p, t);
    } else if (c == ';') {
        p->ugly |= !p->in_group;
        end_group(p);
    } else if (c == ',') {
        if (in_route(p))
            keep(p, t);
        else
            flush(p);
    } else if (in_route(p)) {
        keep(p, t);
    } else if (p->in_group || p->has_angle) {
        p->ugly = true;
        t.kind = T_WORD;
        keep(p, t);
    } else {
        start_group(p);
    }
}

static void set_angle_end(struct parser *p)
{
    if (p->in_angle && p->angle_text.p)
        p->angle_text.n = (size_t)(p->end - p->angle_text.p);
}

struct addrlist addrlist_parse(struct arena *a, str value, unsigned flags)
{
    struct parser p = {.arena = a, .flags = flags, .rest = value};
    for (struct token t; !p.truncated && next_token(&p, &t);) {
        if (t.kind == T_MARK) {
            mark(&p, t);
            continue;
        }
        if (p.has_angle && !p.in_angle && t.kind != T_COMMENT) {
            p.ugly = true; /* a comma is missing */
            flush(&p);
        }
        keep(&p, t);
        set_angle_end(&p);
        if (p.tokens.n == ENTRY_TOKENS_MAX) {
            p.ugly = true;
            flush(&p);
        }
    }
    p.ugly |= p.in_group;
    end_group(&p);
    struct addrlist list = {.n = p.out.n, .truncated = p.truncated, .ugly = p.ugly};
    if (p.out.n > 0) {
        list.at = NEW_N(a, struct addr, p.out.n);
        memcpy(list.at, p.out.at, p.out.n * sizeof *p.out.at);
    }
    vec_done(&p.out);
    vec_done(&p.tokens);
    return list;
}
