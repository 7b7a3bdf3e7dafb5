/* SPDX-License-Identifier: ISC */
#include "wire/imap_url.h"

#include "wire/imap_append.h"

static int hex(char c)
{
    return char_is_digit(c)       ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

static err decode(struct arena *a, str text, str *ret)
{
    char *p = NEW_N(a, char, text.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c == '%') {
            if (i + 2 >= text.n || hex(text.p[i + 1]) < 0 || hex(text.p[i + 2]) < 0)
                return err_new(ERR_SYNTAX, "a bad escape in a URL");
            c = (char)(hex(text.p[i + 1]) * 16 + hex(text.p[i + 2]));
            i += 2;
        } else if ((unsigned char)c <= ' ' || c == 127) {
            return err_new(ERR_SYNTAX, "a bad octet in a URL");
        }
        if (c == '\0' || c == '\r' || c == '\n')
            return err_new(ERR_SYNTAX, "a bad octet in a URL");
        p[n++] = c;
    }
    *ret = str_of(p, n);
    return OK_ERR;
}

static bool take_number(str *s, uint32_t *ret)
{
    uint64_t v;
    if (!str_take_u64(s, &v) || v > UINT32_MAX)
        return false;
    *ret = (uint32_t)v;
    return true;
}

static err bad(void)
{
    return err_new(ERR_SYNTAX, "not a URL of a message here");
}

static err read_section(struct arena *a, str *rest, struct imap_url *u)
{
    ptrdiff_t end = str_find_str(*rest, S("/;"));
    size_t n = end < 0 ? rest->n : (size_t)end;
    struct imap_reader r = {.arena = a};
    err e = decode(a, str_slice(*rest, 0, n), &r.rest);
    *rest = str_from_at(*rest, n);
    u->has_section = true;
    if (!failed(e))
        e = imap_section_spec(&r, &u->section);
    return failed(e) || r.rest.n > 0 ? bad() : OK_ERR;
}

static err read_tail(struct arena *a, str rest, struct imap_url *u)
{
    if (!str_iskip(&rest, S("/;UID=")) || !take_number(&rest, &u->uid) || u->uid == 0)
        return bad();
    if (str_iskip(&rest, S("/;SECTION="))) {
        err e = read_section(a, &rest, u);
        if (failed(e))
            return e;
    }
    if (str_iskip(&rest, S("/;PARTIAL="))) {
        u->has_partial = true;
        if (!take_number(&rest, &u->from))
            return bad();
        if (str_skip(&rest, S(".")) && (!take_number(&rest, &u->count) || u->count == 0))
            return bad();
    }
    return rest.n == 0 ? OK_ERR : bad();
}

err imap_url_read(struct arena *a, str text, struct imap_url *ret)
{
    struct imap_url u = {0};
    if (text.n > IMAP_URL_MAX || !str_skip(&text, S("/")) || str_starts(text, S("/")))
        return bad();
    size_t n = 0;
    while (n < text.n && text.p[n] != ';')
        n++;
    str name = str_slice(text, 0, n);
    str rest = str_from_at(text, n);
    if (str_iskip(&rest, S(";UIDVALIDITY="))) {
        if (!take_number(&rest, &u.uidvalidity) || u.uidvalidity == 0)
            return bad();
    } else if (str_ends(name, S("/"))) { /* "/name/;UID=": the slash begins what follows */
        name.n--;
        rest = str_from_at(text, n - 1);
    }
    err e = decode(a, name, &u.mailbox);
    if (!failed(e) && (u.mailbox.n == 0 || u.mailbox.n > IMAP_MAILBOX_MAX))
        e = bad();
    if (!failed(e))
        e = read_tail(a, rest, &u);
    if (failed(e))
        return e;
    *ret = u;
    return OK_ERR;
}
