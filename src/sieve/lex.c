/* SPDX-License-Identifier: ISC */
#include "sieve/lex.h"

static void advance(struct lexer *l, size_t n)
{
    for (size_t i = 0; i < n && i < l->rest.n; i++) {
        l->at.column++;
        if (l->rest.p[i] == '\n') {
            l->at.line++;
            l->at.column = 1;
        }
    }
    l->rest = str_from_at(l->rest, n);
}

static struct token bad(struct lexer *l, struct sieve_pos at, enum sieve_problem_kind kind, str a)
{
    sieve_problem_add(l->problems, at, kind, a, S(""));
    return (struct token){.kind = TOKEN_BAD, .at = at};
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_name(char c, bool first)
{
    return char_is_alpha(c) || c == '_' || (!first && char_is_digit(c));
}

static size_t name_length(str s)
{
    size_t n = 0;
    while (n < s.n && is_name(s.p[n], n == 0))
        n++;
    return n;
}

/* False when a comment has no end: told. */
static bool skip_blanks(struct lexer *l)
{
    for (;;) {
        size_t n = 0;
        while (n < l->rest.n && is_blank(l->rest.p[n]))
            n++;
        advance(l, n);
        if (str_starts(l->rest, S("#"))) {
            ptrdiff_t end = str_find(l->rest, '\n');
            advance(l, end < 0 ? l->rest.n : (size_t)end + 1);
        } else if (str_starts(l->rest, S("/*"))) {
            struct sieve_pos at = l->at;
            ptrdiff_t end = str_find_str(str_from_at(l->rest, 2), S("*/"));
            if (end < 0) {
                sieve_problem_add(l->problems, at, SIEVE_OPEN_COMMENT, S(""), S(""));
                l->rest = S("");
                return false;
            }
            advance(l, (size_t)end + 4);
        } else {
            return true;
        }
    }
}

static struct token quoted(struct lexer *l)
{
    struct token t = {.kind = TOKEN_STRING, .at = l->at};
    str s = str_from_at(l->rest, 1);
    size_t end = 0;
    bool copy = false;
    for (; end < s.n && s.p[end] != '"'; end++) {
        copy |= s.p[end] == '\\' || s.p[end] == '\r';
        end += s.p[end] == '\\' && end + 1 < s.n;
    }
    if (end >= s.n) {
        l->rest = S("");
        return bad(l, t.at, SIEVE_OPEN_STRING, S(""));
    }
    t.text = str_slice(s, 0, end);
    if (copy) {
        char *p = arena_alloc(l->arena, end + 1, 1);
        size_t n = 0;
        for (size_t i = 0; i < end; i++) {
            if (s.p[i] == '\\' && i + 1 < end)
                i++;
            else if (s.p[i] == '\r' && i + 1 < end && s.p[i + 1] == '\n')
                continue;
            p[n++] = s.p[i];
        }
        t.text = str_of(p, n);
    }
    advance(l, end + 2);
    return t;
}

/* RFC 5228 2.4.2: text: … a line with a lone dot; doubled dots are single ones. */
static struct token multi_line(struct lexer *l)
{
    struct token t = {.kind = TOKEN_STRING, .at = l->at};
    advance(l, 5);
    size_t n = 0;
    while (n < l->rest.n && (l->rest.p[n] == ' ' || l->rest.p[n] == '\t'))
        n++;
    str after = str_from_at(l->rest, n), line;
    if (str_starts(after, S("#"))) {
        (void)str_line(&after, &line); /* not empty: there is the '#' */
    } else if (!str_skip(&after, S("\r\n")) && !str_skip(&after, S("\n"))) {
        return bad(l, l->at, SIEVE_BAD_TEXT_LINE, S(""));
    }
    str all = after;
    char *p = arena_alloc(l->arena, all.n + 1, 1);
    n = 0;
    while (str_line(&after, &line)) {
        if (str_eq(line, S("."))) {
            t.text = str_of(p, n);
            advance(l, l->rest.n - after.n);
            return t;
        }
        if (line.n > 1 && line.p[0] == '.' && line.p[1] == '.')
            line = str_from_at(line, 1);
        for (size_t i = 0; i < line.n; i++)
            p[n++] = line.p[i];
        p[n++] = '\n'; /* a line and its end: not longer than what was read, but for a last one */
        if (!after.n)
            break;
    }
    l->rest = S("");
    return bad(l, t.at, SIEVE_OPEN_TEXT, S(""));
}

static struct token number(struct lexer *l)
{
    struct token t = {.kind = TOKEN_NUMBER, .at = l->at};
    str rest = l->rest;
    unsigned shift = 0;
    bool ok = str_take_u64(&rest, &t.number);
    if (ok && rest.n) {
        char unit = char_upper(rest.p[0]);
        shift = unit == 'K' ? 10 : unit == 'M' ? 20 : unit == 'G' ? 30 : 0;
        rest = shift ? str_from_at(rest, 1) : rest;
    }
    if (!ok || t.number > (UINT64_C(1) << 62) >> shift || (rest.n && is_name(rest.p[0], false))) {
        size_t n = 0;
        while (n < l->rest.n && is_name(l->rest.p[n], false))
            n++;
        str text = str_slice(l->rest, 0, n);
        struct sieve_pos at = l->at;
        advance(l, n);
        return bad(l, at, SIEVE_BAD_NUMBER, text);
    }
    t.number <<= shift;
    advance(l, l->rest.n - rest.n);
    return t;
}

static struct token tag(struct lexer *l)
{
    struct token t = {.kind = TOKEN_TAG, .at = l->at};
    size_t n = name_length(str_from_at(l->rest, 1));
    if (!n) {
        advance(l, 1);
        return bad(l, t.at, SIEVE_BAD_TAG, S(""));
    }
    t.text = arena_lower(l->arena, str_slice(l->rest, 1, n + 1));
    advance(l, n + 1);
    return t;
}

struct token lexer_next(struct lexer *l)
{
    if (!skip_blanks(l))
        return (struct token){.kind = TOKEN_BAD, .at = l->at};
    struct token t = {.kind = TOKEN_END, .at = l->at};
    if (!l->rest.n)
        return t;
    char c = l->rest.p[0];
    if (c == '"')
        return quoted(l);
    if (c == ':')
        return tag(l);
    if (char_is_digit(c))
        return number(l);
    size_t n = name_length(l->rest);
    if (n == 4 && l->rest.n > 4 && l->rest.p[4] == ':' && str_istarts(l->rest, S("text")))
        return multi_line(l);
    if (n) {
        t.kind = TOKEN_NAME;
        t.text = arena_lower(l->arena, str_slice(l->rest, 0, n));
        advance(l, n);
        return t;
    }
    if (str_find(S("()[]{},;"), c) >= 0) {
        t.kind = TOKEN_MARK;
        t.mark = c;
        advance(l, 1);
        return t;
    }
    str one = str_slice(l->rest, 0, 1);
    advance(l, 1);
    return bad(l, t.at, SIEVE_BAD_CHARACTER, one);
}
