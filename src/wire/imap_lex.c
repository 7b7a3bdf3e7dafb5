/* SPDX-License-Identifier: ISC */
#include "wire/imap_lex.h"

static bool is_control(char c)
{
    return (unsigned char)c < 0x20 || c == 0x7f;
}

bool imap_is_atom_char(char c)
{
    switch (c) {
    case '(':
    case ')':
    case '{':
    case ' ':
    case '%':
    case '*':
    case '"':
    case '\\':
    case ']':
        return false;
    default:
        return !is_control(c) && (unsigned char)c < 0x80;
    }
}

bool imap_is_astring_char(char c)
{
    return imap_is_atom_char(c) || c == ']';
}

static str without_end(str line)
{
    if (line.n > 0 && line.p[line.n - 1] == '\n')
        line.n--;
    if (line.n > 0 && line.p[line.n - 1] == '\r')
        line.n--;
    return line;
}

err imap_line_literal(str line, struct imap_literal *ret_literal, bool *ret_found)
{
    line = without_end(line);
    *ret_found = false;
    if (line.n == 0 || line.p[line.n - 1] != '}')
        return OK_ERR;
    ptrdiff_t open = str_rfind(line, '{');
    /* A quoted string may end in "}" only before its quote, and no atom holds "{". */
    if (open < 0)
        return OK_ERR;
    struct imap_literal l = {.wait = true};
    l.binary = open > 0 && line.p[open - 1] == '~';
    str digits = str_slice(line, (size_t)open + 1, line.n - 1);
    /* "a{b" c}: the last word only happens to end so. */
    if (str_find(digits, ' ') >= 0 || str_find(digits, '"') >= 0)
        return OK_ERR;
    if (digits.n > 0 && digits.p[digits.n - 1] == '+') {
        l.wait = false;
        digits.n--;
    }
    if (!str_u64(digits, &l.size) || l.size > INT64_MAX)
        return err_new(ERR_SYNTAX, "bad literal size");
    *ret_literal = l;
    *ret_found = true;
    return OK_ERR;
}

bool imap_at_end(const struct imap_reader *r)
{
    for (size_t i = 0; i < r->rest.n; i++) {
        char c = r->rest.p[i];
        if (c != ' ' && c != '\r' && c != '\n')
            return false;
    }
    return true;
}

bool imap_skip(struct imap_reader *r, char c)
{
    if (r->rest.n == 0 || r->rest.p[0] != c)
        return false;
    r->rest = str_from_at(r->rest, 1);
    return true;
}

bool imap_skip_word(struct imap_reader *r, str w)
{
    if (!str_istarts(r->rest, w))
        return false;
    if (r->rest.n > w.n && imap_is_atom_char(r->rest.p[w.n]))
        return false;
    r->rest = str_from_at(r->rest, w.n);
    return true;
}

err imap_space(struct imap_reader *r)
{
    return imap_skip(r, ' ') ? OK_ERR : err_new(ERR_SYNTAX, "an argument is missing");
}

err imap_end(struct imap_reader *r)
{
    return imap_at_end(r) ? OK_ERR : err_new(ERR_SYNTAX, "too many arguments");
}

static err take_while(struct imap_reader *r, bool (*fits)(char), const char *what, str *ret)
{
    size_t n = 0;
    while (n < r->rest.n && fits(r->rest.p[n]))
        n++;
    if (n == 0)
        return err_new(ERR_SYNTAX, what);
    *ret = str_slice(r->rest, 0, n);
    r->rest = str_from_at(r->rest, n);
    return OK_ERR;
}

err imap_atom(struct imap_reader *r, str *ret_atom)
{
    return take_while(r, imap_is_atom_char, "an atom is expected", ret_atom);
}

static str unescape(struct arena *a, str raw)
{
    char *p = NEW_N(a, char, raw.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < raw.n; i++) {
        if (raw.p[i] == '\\')
            i++;
        p[n++] = raw.p[i];
    }
    return str_of(p, n);
}

/* RFC 3501 4.3: any character but CR, LF and NUL; a quote and a backslash are escaped. Eight-bit
 * octets are taken: clients send UTF-8 here, and names are checked where they are used. */
static err quoted(struct imap_reader *r, str *ret)
{
    bool escapes = false;
    for (size_t i = 1; i < r->rest.n; i++) {
        char c = r->rest.p[i];
        if (c == '"') {
            str raw = str_slice(r->rest, 1, i);
            r->rest = str_from_at(r->rest, i + 1);
            *ret = escapes ? unescape(r->arena, raw) : raw;
            return OK_ERR;
        }
        if (c == '\\') {
            escapes = true;
            i++;
            if (i == r->rest.n || (r->rest.p[i] != '"' && r->rest.p[i] != '\\'))
                return err_new(ERR_SYNTAX, "a bad escape in a quoted string");
        } else if (c == '\r' || c == '\n' || c == '\0') {
            break;
        }
    }
    return err_new(ERR_SYNTAX, "a quoted string has no end");
}

static err any_literal(struct imap_reader *r, str *ret)
{
    str rest = r->rest;
    struct imap_literal l;
    bool found = false;
    (void)str_skip(&rest, S("~"));
    ptrdiff_t close = str_find(str_slice(rest, 0, 32), '}');
    if (close < 0)
        return err_new(ERR_SYNTAX, "bad literal size");
    err e = imap_line_literal(str_slice(rest, 0, (size_t)close + 1), &l, &found);
    if (failed(e))
        return e;
    rest = str_from_at(rest, (size_t)close + 1);
    (void)str_skip(&rest, S("\r"));
    if (!found || !str_skip(&rest, S("\n")) || l.size > rest.n)
        return err_new(ERR_SYNTAX, "a literal is cut short");
    *ret = str_slice(rest, 0, (size_t)l.size);
    r->rest = str_from_at(rest, (size_t)l.size);
    return OK_ERR;
}

static err literal(struct imap_reader *r, str *ret)
{
    err e = any_literal(r, ret);
    if (!failed(e) && str_find(*ret, '\0') >= 0)
        return err_new(ERR_SYNTAX, "a NUL in a literal");
    return e;
}

err imap_string(struct imap_reader *r, str *ret)
{
    if (r->rest.n > 0 && r->rest.p[0] == '"')
        return quoted(r, ret);
    if (r->rest.n > 0 && (r->rest.p[0] == '{' || r->rest.p[0] == '~'))
        return literal(r, ret);
    return err_new(ERR_SYNTAX, "a string is expected");
}

static bool is_string_start(const struct imap_reader *r)
{
    return r->rest.n > 0 && (r->rest.p[0] == '"' || r->rest.p[0] == '{');
}

err imap_astring(struct imap_reader *r, str *ret)
{
    if (is_string_start(r))
        return imap_string(r, ret);
    return take_while(r, imap_is_astring_char, "a string is expected", ret);
}

err imap_nstring(struct imap_reader *r, str *ret)
{
    if (imap_skip_word(r, S("NIL"))) {
        *ret = (str){0};
        return OK_ERR;
    }
    return imap_string(r, ret);
}

err imap_nstring8(struct imap_reader *r, str *ret)
{
    if (r->rest.n > 0 && r->rest.p[0] == '~')
        return any_literal(r, ret);
    return imap_nstring(r, ret);
}

static bool is_list_char(char c)
{
    return imap_is_astring_char(c) || c == '%' || c == '*';
}

err imap_list_mailbox(struct imap_reader *r, str *ret)
{
    if (is_string_start(r))
        return imap_string(r, ret);
    return take_while(r, is_list_char, "a mailbox pattern is expected", ret);
}

err imap_number64(struct imap_reader *r, uint64_t *ret)
{
    uint64_t value = 0;
    if (!str_take_u64(&r->rest, &value) || value > INT64_MAX)
        return err_new(ERR_SYNTAX, "a number is expected");
    *ret = value;
    return OK_ERR;
}

err imap_number(struct imap_reader *r, uint32_t *ret)
{
    uint64_t value = 0;
    err e = imap_number64(r, &value);
    if (failed(e))
        return e;
    if (value > UINT32_MAX)
        return err_new(ERR_SYNTAX, "a number is too large");
    *ret = (uint32_t)value;
    return OK_ERR;
}

err imap_nz_number(struct imap_reader *r, uint32_t *ret)
{
    uint32_t value = 0;
    err e = imap_number(r, &value);
    if (failed(e))
        return e;
    if (value == 0)
        return err_new(ERR_SYNTAX, "a number must not be zero");
    *ret = value;
    return OK_ERR;
}
