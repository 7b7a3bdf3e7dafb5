/* SPDX-License-Identifier: ISC */
#include "wire/lex.h"

bool lex_is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

size_t lex_comment_closed(str s)
{
    size_t depth = 0, i = 0;
    for (; i < s.n; i++) {
        if (s.p[i] == '\\')
            i++;
        else if (s.p[i] == '(' && depth < LEX_COMMENT_DEPTH)
            depth++;
        else if (s.p[i] == ')' && --depth == 0)
            return i + 1;
    }
    return 0;
}

size_t lex_quoted_closed(str s)
{
    for (size_t i = 1; i < s.n; i++) {
        if (s.p[i] == '\\')
            i++;
        else if (s.p[i] == '"')
            return i + 1;
    }
    return 0;
}

str lex_skip_blanks(str s)
{
    while (s.n > 0 && lex_is_blank(s.p[0]))
        s = str_from_at(s, 1);
    return s;
}

str lex_skip_cfws(str s)
{
    s = lex_skip_blanks(s);
    while (s.n > 0 && s.p[0] == '(') {
        size_t n = lex_comment_closed(s);
        s = lex_skip_blanks(str_from_at(s, n ? n : s.n));
    }
    return s;
}

str lex_inside(str s)
{
    if (s.n == 0)
        return s;
    char close = s.p[0] == '(' ? ')' : s.p[0] == '[' ? ']' : s.p[0];
    size_t slashes = 0; /* a closing octet after an odd number of them is text */
    while (slashes + 1 < s.n && s.p[s.n - 2 - slashes] == '\\')
        slashes++;
    bool closed = s.n > 1 && s.p[s.n - 1] == close && slashes % 2 == 0;
    return str_slice(s, 1, s.n - closed);
}

str lex_unquote(struct arena *a, str s)
{
    if (str_find(s, '\\') < 0 && str_find(s, '\n') < 0 && str_find(s, '\r') < 0)
        return s;
    char *to = arena_alloc(a, s.n, 1);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\\' && i + 1 < s.n)
            i++;
        if (s.p[i] != '\n' && s.p[i] != '\r')
            to[n++] = s.p[i];
    }
    return str_of(to, n);
}
