/* SPDX-License-Identifier: ISC */
/* How it works: one walk. Text goes through put(), which keeps white space single; a tag is read to
 * its '>' with its attributes, looked up, and becomes nothing, a space or a line end. What is
 * skipped (comments, scripts) is skipped with one search for its end, and when there is none
 * the text is over, so nothing is looked at twice. */
#include "wire/html_text.h"

#include <string.h>

#include "wire/charset.h"
#include "wire/html_entities.h"

struct html {
    struct buf *out, *links;
    bool space, line; /* owed before the next character */
    bool any;         /* something was written: no blank goes before it */
    unsigned pre;     /* open <pre> */
};

static void put(struct html *h, str s)
{
    if (h->any && h->line)
        buf_addc(h->out, '\n');
    else if (h->any && h->space)
        buf_addc(h->out, ' ');
    h->space = h->line = false;
    h->any = true;
    buf_add(h->out, s);
}

static bool is_white(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static bool is_word(char c)
{
    return char_is_alpha(c) || char_is_digit(c);
}

/* ---- entities ---- */

static size_t numeric(str s, uint32_t *ret_code) /* s starts behind "&#" */
{
    uint32_t code = 0;
    bool hex = s.n > 0 && (s.p[0] == 'x' || s.p[0] == 'X');
    size_t i = hex, first = i;
    for (; i < s.n && i < 12; i++) {
        char c = char_lower(s.p[i]);
        uint32_t digit = char_is_digit(c) ? (uint32_t)(c - '0') : (uint32_t)(c - 'a') + 10;
        if (!char_is_digit(c) && !(hex && c >= 'a' && c <= 'f'))
            break;
        code = code > 0x110000 ? code : code * (hex ? 16 : 10) + digit;
    }
    if (i == first)
        return 0;
    *ret_code = code;
    return i + (i < s.n && s.p[i] == ';');
}

/* The octets of an entity at the front of s ("&…"), or 0. */
static size_t entity(str s, uint32_t *ret_code)
{
    if (s.n < 3)
        return 0;
    if (s.p[1] == '#') {
        size_t n = numeric(str_from_at(s, 2), ret_code);
        if (n && *ret_code >= 0x80 && *ret_code < 0xa0) /* HTML: windows-1252 was meant */
            *ret_code = charset_windows1252((unsigned char)*ret_code);
        return n ? n + 2 : 0;
    }
    size_t n = 1;
    while (n < s.n && n <= HTML_ENTITY_MAX && is_word(s.p[n]))
        n++;
    uint32_t code = html_entity(str_slice(s, 1, n));
    if (!code)
        return 0;
    *ret_code = code;
    return n + (n < s.n && s.p[n] == ';');
}

static size_t put_entity(struct html *h, str s)
{
    uint32_t code;
    size_t n = entity(s, &code);
    if (!n) {
        put(h, S("&"));
        return 1;
    }
    char c[4];
    struct buf one = {.p = c, .cap = sizeof c, .max = sizeof c};
    utf8_write(&one, code == 0 ? 0xfffd : code);
    if (one.n == 1 && is_white(c[0]))
        h->space = true;
    else
        put(h, str_of(c, one.n));
    return n;
}

static void decode_to(struct buf *b, str s)
{
    while (s.n > 0) {
        size_t n = 0;
        while (n < s.n && s.p[n] != '&')
            n++;
        buf_add(b, str_slice(s, 0, n));
        s = str_from_at(s, n);
        uint32_t code;
        size_t len = s.n ? entity(s, &code) : 0;
        if (len)
            utf8_write(b, code);
        else if (s.n)
            buf_addc(b, '&');
        s = str_from_at(s, len ? len : 1);
    }
}

/* ---- tags ---- */

enum tag_kind { INLINE, BLOCK, CELL, PRE, SKIP };

static enum tag_kind kind_of(str name)
{
    static const struct {
        str name;
        enum tag_kind kind;
    } table[] = {
        {S("address"), BLOCK},   {S("article"), BLOCK},  {S("blockquote"), BLOCK},
        {S("body"), BLOCK},      {S("br"), BLOCK},       {S("center"), BLOCK},
        {S("dd"), BLOCK},        {S("div"), BLOCK},      {S("dl"), BLOCK},
        {S("dt"), BLOCK},        {S("fieldset"), BLOCK}, {S("figure"), BLOCK},
        {S("footer"), BLOCK},    {S("form"), BLOCK},     {S("h1"), BLOCK},
        {S("h2"), BLOCK},        {S("h3"), BLOCK},       {S("h4"), BLOCK},
        {S("h5"), BLOCK},        {S("h6"), BLOCK},       {S("head"), BLOCK},
        {S("header"), BLOCK},    {S("hr"), BLOCK},       {S("html"), BLOCK},
        {S("li"), BLOCK},        {S("main"), BLOCK},     {S("nav"), BLOCK},
        {S("noscript"), INLINE}, {S("ol"), BLOCK},       {S("option"), BLOCK},
        {S("p"), BLOCK},         {S("pre"), PRE},        {S("script"), SKIP},
        {S("section"), BLOCK},   {S("style"), SKIP},     {S("table"), BLOCK},
        {S("tbody"), BLOCK},     {S("td"), CELL},        {S("template"), SKIP},
        {S("th"), CELL},         {S("thead"), BLOCK},    {S("title"), BLOCK},
        {S("tr"), BLOCK},        {S("ul"), BLOCK},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (str_ieq(table[i].name, name))
            return table[i].kind;
    return INLINE;
}

static void attribute(struct html *h, str name, str value)
{
    bool alt = str_ieq(name, S("alt"));
    if (!value.n ||
        !(alt || str_ieq(name, S("href")) || str_ieq(name, S("src")) || str_ieq(name, S("title"))))
        return;
    if (str_istarts(value, S("data:")) || str_istarts(value, S("cid:")))
        return; /* nothing that a reader sees */
    if (alt) {
        put(h, S(""));
        decode_to(h->out, value);
    } else if (h->links) {
        decode_to(h->links, value);
        buf_addc(h->links, '\n');
    }
}

/* s starts behind the tag's name. Returns the octets up to and with the '>'. */
static size_t attributes(struct html *h, str s)
{
    size_t i = 0;
    while (i < s.n && s.p[i] != '>') {
        if (is_white(s.p[i]) || s.p[i] == '/') {
            i++;
            continue;
        }
        size_t start = i;
        do
            i++;
        while (i < s.n && !is_white(s.p[i]) && s.p[i] != '=' && s.p[i] != '>' && s.p[i] != '/');
        str name = str_slice(s, start, i), value = {0};
        while (i < s.n && is_white(s.p[i]))
            i++;
        if (i < s.n && s.p[i] == '=') {
            i++;
            while (i < s.n && is_white(s.p[i]))
                i++;
            char quote = i < s.n && (s.p[i] == '"' || s.p[i] == '\'') ? s.p[i++] : 0;
            start = i;
            while (i < s.n && (quote ? s.p[i] != quote : !is_white(s.p[i]) && s.p[i] != '>'))
                i++;
            value = str_slice(s, start, i);
            i += quote && i < s.n;
        }
        attribute(h, name, value);
    }
    return i + (i < s.n);
}

/* Everything up to the end tag of `name`, case aside. */
static size_t skip_element(str s, str name)
{
    for (size_t i = 0; i < s.n; i++) {
        const char *p = memchr(s.p + i, '<', s.n - i);
        if (!p)
            break;
        i = (size_t)(p - s.p);
        str rest = str_from_at(s, i);
        if (str_skip(&rest, S("</")) && str_istarts(rest, name))
            return i;
    }
    return s.n;
}

static size_t skip_to(str s, str end)
{
    ptrdiff_t at = str_find_str(s, end);
    return at < 0 ? s.n : (size_t)at + end.n;
}

/* s starts with '<'. Returns the octets of the tag; 0: it is none. */
static size_t tag(struct html *h, str s)
{
    if (s.n < 2)
        return 0;
    if (str_starts(s, S("<!--")))
        return 4 + skip_to(str_from_at(s, 4), S("-->"));
    if (s.p[1] == '!' || s.p[1] == '?')
        return skip_to(s, S(">"));
    bool closes = s.p[1] == '/';
    size_t start = 1 + closes, n = start;
    if (start >= s.n || !char_is_alpha(s.p[start]))
        return 0;
    while (n < s.n && (is_word(s.p[n]) || s.p[n] == ':' || s.p[n] == '-'))
        n++;
    str name = str_slice(s, start, n);
    enum tag_kind kind = kind_of(name);
    h->line |= kind == BLOCK || kind == PRE;
    h->space |= kind == CELL;
    n += attributes(h, str_from_at(s, n));
    if (kind == SKIP && !closes)
        n += skip_element(str_from_at(s, n), name);
    if (kind == PRE)
        h->pre = closes ? h->pre - (h->pre > 0) : h->pre + 1;
    h->line |= kind == BLOCK || kind == PRE;
    return n;
}

void html_to_text(struct buf *b, str html, struct buf *links)
{
    struct html h = {.out = b, .links = links};
    while (html.n > 0) {
        char c = html.p[0];
        size_t n = 1;
        if (c == '<') {
            n = tag(&h, html);
            if (!n) {
                put(&h, S("<"));
                n = 1;
            }
        } else if (c == '&') {
            n = put_entity(&h, html);
        } else if (is_white(c)) {
            h.space = true;
            h.line |= h.pre > 0 && c == '\n';
        } else {
            while (n < html.n && html.p[n] != '<' && html.p[n] != '&' && !is_white(html.p[n]))
                n++;
            put(&h, str_slice(html, 0, n));
        }
        html = str_from_at(html, n);
    }
    if (h.any)
        buf_addc(b, '\n');
}
