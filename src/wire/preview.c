/* SPDX-License-Identifier: ISC */
#include "wire/preview.h"

#include "wire/charset.h"
#include "wire/mail_text.h"

enum { QUICK_LOOK = 1024 };

static const struct mime_part *after(const struct mime_part *p)
{
    if (p->children)
        return p->children;
    while (p && !p->next)
        p = p->parent;
    return p ? p->next : NULL;
}

static const struct mime_part *first_text(const struct mime_part *root)
{
    const struct mime_part *html = NULL;
    for (const struct mime_part *p = root; p; p = after(p)) {
        if (p->kind != MIME_LEAF || !str_ieq(p->type, S("text")) ||
            (p != root && str_ieq(p->disposition, S("attachment"))))
            continue;
        if (!str_ieq(p->subtype, S("html")))
            return p; /* in an alternative the plain one comes first; and wins if it does not */
        html = html ? html : p;
    }
    return html;
}

/* White space and what shows nothing: controls, the characters that pad newsletters. */
static bool is_blank(uint32_t c)
{
    return c <= ' ' || (c >= 0x7f && c <= 0xa0) || c == 0xad || c == 0x34f || c == 0x61c ||
           (c >= 0x2000 && c <= 0x200f) || (c >= 0x2028 && c <= 0x202f) ||
           (c >= 0x205f && c <= 0x206f) || c == 0x3000 || c == 0xfeff;
}

/* Adds a line's words; returns the characters that are still welcome. */
static size_t add_words(struct buf *b, str line, size_t start, size_t room)
{
    bool space = b->n > start;
    while (line.n > 0 && room > 0) {
        size_t n = utf8_length(line);
        uint32_t c = n ? utf8_code(line) : 0xfffd;
        str one = str_slice(line, 0, n);
        line = str_from_at(line, n ? n : 1);
        if (is_blank(c)) {
            space = b->n > start;
            continue;
        }
        if (space && --room == 0)
            break;
        if (space)
            buf_addc(b, ' ');
        space = false;
        if (n)
            buf_add(b, one);
        else
            utf8_write(b, c);
        room--;
    }
    return room;
}

static bool is_quote(str line)
{
    return str_starts(line, S(">")) || str_starts(line, S("|"));
}

/* "On Monday Taro wrote:" before a quotation. */
static bool introduces(str line, str rest)
{
    str next;
    while (str_line(&rest, &next)) {
        next = str_trim(next);
        if (next.n)
            return is_quote(next) && (str_ends(line, S(":")) || str_ends(line, S("\xef\xbc\x9a")));
    }
    return false;
}

enum quotes { WITHOUT_QUOTES, WITH_QUOTES };

static bool has_words(str text)
{
    str line;
    while (str_line(&text, &line))
        if (str_trim(line).n)
            return true;
    return false;
}

/* True: whatever else comes after the text changes nothing. */
static bool add_lines(struct buf *b, str text, enum quotes how)
{
    size_t start = b->n, room = PREVIEW_CHARS;
    str line;
    while (room > 0 && str_line(&text, &line)) {
        line = str_trim(line);
        if (str_eq(line, S("--")) && b->n > start)
            return true; /* the signature */
        if (!line.n || (how == WITHOUT_QUOTES && (is_quote(line) || introduces(line, text))))
            continue;
        room = add_words(b, line, start, room);
    }
    return room == 0 && has_words(text); /* else the last line may introduce a quotation */
}

/* ASCII that is itself in any charset that an undeclared text may have. */
static bool is_plain_ascii(str s)
{
    bool good = true;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        good &= c < 0x7e && c != 0x1b && c != '\\';
    }
    return good;
}

static bool is_unencoded(const struct mime_part *p)
{
    str charset = params_get(&p->params, S("charset"));
    return (!p->encoding.n || str_ieq(p->encoding, S("7bit")) || str_ieq(p->encoding, S("8bit"))) &&
           (!charset.n || str_ieq(charset, S("us-ascii")) || str_ieq(charset, S("utf-8"))) &&
           !str_ieq(p->subtype, S("html"));
}

/* Most mail begins with enough plain text: the rest of it need not be looked at. */
static bool add_beginning(struct buf *b, const struct mime_part *p)
{
    str text = str_slice(p->body, 0, QUICK_LOOK);
    if (!is_unencoded(p) || !is_plain_ascii(text))
        return false;
    size_t start = b->n;
    text.n = (size_t)(str_rfind(text, '\n') + 1); /* whole lines; none: -1 */
    if (add_lines(b, text, WITHOUT_QUOTES))
        return true;
    b->n = start;
    return false;
}

void preview_write(struct buf *b, const struct mime_part *root)
{
    const struct mime_part *p = first_text(root);
    if (!p || add_beginning(b, p))
        return;
    struct mime_part part = *p;
    part.body = str_slice(part.body, 0, PREVIEW_LOOK_MAX);
    auto_buf struct buf text;
    buf_init(&text, 3 * part.body.n + 64);
    if (!mail_part_text(&text, &part))
        return;
    size_t start = b->n;
    (void)add_lines(b, buf_str(&text), WITHOUT_QUOTES); /* this is all of it */
    if (b->n == start)
        (void)add_lines(b, buf_str(&text), WITH_QUOTES); /* as above */
}
