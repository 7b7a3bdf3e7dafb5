/* SPDX-License-Identifier: ISC */
#include "wire/managesieve.h"

enum { QUOTED_MAX = 1024 }; /* RFC 5804 4: a quoted string holds no more */

static const struct {
    const char *name;
    enum managesieve_verb verb;
} verbs[] = {
    {"AUTHENTICATE", MANAGESIEVE_AUTHENTICATE},
    {"CAPABILITY", MANAGESIEVE_CAPABILITY},
    {"CHECKSCRIPT", MANAGESIEVE_CHECKSCRIPT},
    {"DELETESCRIPT", MANAGESIEVE_DELETESCRIPT},
    {"GETSCRIPT", MANAGESIEVE_GETSCRIPT},
    {"HAVESPACE", MANAGESIEVE_HAVESPACE},
    {"LISTSCRIPTS", MANAGESIEVE_LISTSCRIPTS},
    {"LOGOUT", MANAGESIEVE_LOGOUT},
    {"NOOP", MANAGESIEVE_NOOP},
    {"PUTSCRIPT", MANAGESIEVE_PUTSCRIPT},
    {"RENAMESCRIPT", MANAGESIEVE_RENAMESCRIPT},
    {"SETACTIVE", MANAGESIEVE_SETACTIVE},
    {"STARTTLS", MANAGESIEVE_STARTTLS},
};

static str without_end(str line)
{
    if (line.n && line.p[line.n - 1] == '\n')
        line.n--;
    if (line.n && line.p[line.n - 1] == '\r')
        line.n--;
    return line;
}

bool managesieve_literal(str line, uint64_t *ret_size)
{
    line = without_end(line);
    ptrdiff_t open = str_rfind(line, '{');
    if (open < 0)
        return false;
    str number = str_from_at(line, (size_t)open + 1);
    if (!str_take_u64(&number, ret_size))
        return false;
    (void)str_skip(&number, S("+")); /* "{n}" is a mistake of clients that mean the same */
    return str_eq(number, S("}"));
}

enum managesieve_verb managesieve_verb(str *rest)
{
    size_t n = 0;
    while (n < rest->n && char_is_alpha(rest->p[n]))
        n++;
    str word = str_slice(*rest, 0, n);
    *rest = str_from_at(*rest, n);
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        if (str_ieq(word, str_from(verbs[i].name)))
            return verbs[i].verb;
    return MANAGESIEVE_UNKNOWN;
}

static bool take_quoted(str *rest, struct arena *a, str *ret)
{
    str s = str_from_at(*rest, 1);
    char *p = NULL;
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '"') {
            *ret = str_of(p, n);
            *rest = str_from_at(s, i + 1);
            return true;
        }
        if (c == '\\')
            c = ++i < s.n ? s.p[i] : '\n';
        if (c == '\r' || c == '\n' || c == '\0')
            return false;
        if (!p)
            p = arena_alloc(a, s.n, 1);
        p[n++] = c;
    }
    return false;
}

static bool take_literal(str *rest, str *ret)
{
    uint64_t n;
    ptrdiff_t end = str_find(*rest, '\n');
    if (end < 0 || !managesieve_literal(str_slice(*rest, 0, (size_t)end), &n))
        return false;
    str after = str_from_at(*rest, (size_t)end + 1);
    if (n > after.n)
        return false;
    *ret = str_slice(after, 0, (size_t)n);
    *rest = str_from_at(after, (size_t)n);
    return true;
}

bool managesieve_string(str *rest, struct arena *a, str *ret)
{
    str s = *rest;
    if (!str_skip(&s, S(" ")) || !s.n)
        return false;
    bool ok = s.p[0] == '"'   ? take_quoted(&s, a, ret)
              : s.p[0] == '{' ? take_literal(&s, ret)
                              : false;
    if (ok)
        *rest = s;
    return ok;
}

bool managesieve_number(str *rest, uint64_t *ret)
{
    str s = *rest;
    if (!str_skip(&s, S(" ")) || !str_take_u64(&s, ret) || *ret > UINT32_MAX)
        return false;
    *rest = s;
    return true;
}

bool managesieve_end(str rest)
{
    return str_trim_end(rest).n == 0;
}

static bool fits_quotes(str s)
{
    if (s.n > QUOTED_MAX)
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '\r' || s.p[i] == '\n' || s.p[i] == '\0')
            return false;
    return true;
}

void managesieve_write(struct buf *b, str s)
{
    if (!fits_quotes(s)) {
        buf_addf(b, "{%zu}\r\n", s.n);
        buf_add(b, s);
        return;
    }
    buf_addc(b, '"');
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '"' || s.p[i] == '\\')
            buf_addc(b, '\\');
        buf_addc(b, s.p[i]);
    }
    buf_addc(b, '"');
}
