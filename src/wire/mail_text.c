/* SPDX-License-Identifier: ISC */
/* How it works: what a reader sees is gathered in `utf8`, a piece at a time, and made normal when
 * it moves to head, parts or body. */
#include "wire/mail_text.h"

#include <string.h>

#include "wire/charset.h"
#include "wire/encoding.h"
#include "wire/header.h"
#include "wire/html_text.h"
#include "wire/normal.h"
#include "wire/words.h"

enum { UTF8_MAX = 3 * MAIL_TEXT_PART_MAX + 4096 }; /* one octet of KOI8 is two, of CP932 three */

void mail_text_init(struct mail_text *t, size_t max)
{
    *t = (struct mail_text){0};
    max = max < MAIL_TEXT_MAX ? max : MAIL_TEXT_MAX;
    buf_init(&t->head, max);
    buf_init(&t->parts, max);
    buf_init(&t->body, max);
    buf_init(&t->raw, MAIL_TEXT_PART_MAX + 1024);
    buf_init(&t->utf8, UTF8_MAX);
}

void mail_text_done(struct mail_text *t)
{
    buf_done(&t->head);
    buf_done(&t->parts);
    buf_done(&t->body);
    buf_done(&t->raw);
    buf_done(&t->utf8);
}

/* ---- headers ---- */

/* A buffer that is full keeps what fits: its user knows by `over`. */
static void add_some(struct buf *b, str s)
{
    size_t room = b->max - b->n;
    buf_add(b, str_slice(s, 0, room));
    b->over |= s.n > room;
}

static void spaces_for_lines(char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i] == '\n' || p[i] == '\r')
            p[i] = ' ';
}

/* Old mailers put Japanese into headers as it is; the words' decoder expects UTF-8 or ASCII. */
static void add_value(struct buf *b, str value)
{
    size_t start = b->n;
    str charset = charset_guess(value);
    if (str_eq(charset, S("utf-8")) && str_find_str(value, S("=?")) < 0) {
        header_unfold_to(b, value);
    } else if (str_eq(charset, S("utf-8"))) {
        words_to_utf8(b, value);
    } else {
        auto_buf struct buf converted;
        buf_init(&converted, value.n * 3 + 64);
        err e = charset_to_utf8(&converted, charset, value);
        words_to_utf8(b, failed(e) ? value : buf_str(&converted));
    }
    if (b->n > start)
        spaces_for_lines(b->p + start, b->n - start);
}

void mail_text_value(struct buf *b, str raw_value)
{
    auto_buf struct buf utf8;
    buf_init(&utf8, raw_value.n * 3 + 64);
    add_value(&utf8, str_slice(raw_value, 0, MAIL_TEXT_PART_MAX));
    normal_add(b, buf_str(&utf8));
}

static void header_lines(struct buf *utf8, str header)
{
    for (struct header_field f; header_next(&header, &f);) {
        if (f.name.n == 0 && str_trim(f.raw).n == 0)
            continue; /* the empty line that ends a part's header */
        if (f.name.n > 0) {
            buf_add(utf8, f.name);
            buf_add(utf8, S(": "));
        }
        add_value(utf8, f.value);
        buf_addc(utf8, '\n');
    }
}

bool mail_text_field_has(str head, str field, const struct finder *needle)
{
    str line;
    while (str_line(&head, &line)) {
        str value = line;
        if (str_iskip(&value, field) && str_skip(&value, S(": ")) &&
            finder_next(needle, value, 0) >= 0)
            return true;
    }
    return false;
}

/* ---- parts ---- */

void mail_part_decode(struct buf *b, const struct mime_part *p)
{
    str body = str_slice(p->body, 0, MAIL_TEXT_PART_MAX);
    if (str_ieq(p->encoding, S("base64"))) {
        struct base64_decoder d = {0};
        base64_decode_feed(&d, b, body);
        base64_decode_end(&d, b);
    } else if (str_ieq(p->encoding, S("quoted-printable"))) {
        struct qp_decoder d = {0};
        qp_decode_feed(&d, b, body);
        qp_decode_end(&d, b);
    } else {
        buf_add(b, body);
    }
}

/* Delivery reports and the like are text too. */
static bool is_text(const struct mime_part *p)
{
    return p->kind == MIME_LEAF && (str_ieq(p->type, S("text")) || str_ieq(p->type, S("message")));
}

static bool is_html(const struct mime_part *p)
{
    return str_ieq(p->type, S("text")) && str_ieq(p->subtype, S("html"));
}

static void to_utf8(struct buf *b, const struct mime_part *p, str octets)
{
    str charset = params_get(&p->params, S("charset"));
    bool plain = charset.n == 0 || str_ieq(charset, S("utf-8")) || str_ieq(charset, S("us-ascii"));
    if (plain && utf8_is_valid(octets) && str_find(octets, '\x1b') < 0) { /* most mail */
        buf_add(b, octets);
        return;
    }
    bool declared = charset.n > 0 && !str_ieq(charset, S("us-ascii")) &&
                    !str_ieq(charset, S("unknown-8bit")) && !str_ieq(charset, S("utf-8"));
    err e = declared ? charset_to_utf8(b, charset, octets) : err_new(ERR_NOTFOUND, "charset");
    if (failed(e)) /* none, one that says nothing, one that nobody knows, or a lie */
        e = charset_to_utf8(b, charset_guess(octets), octets);
    if (failed(e))
        utf8_repair(b, octets);
}

static bool part_text(struct buf *b, const struct mime_part *p, struct buf *raw, struct buf *utf8,
                      struct buf *links)
{
    if (!is_text(p))
        return false;
    buf_reset(raw);
    mail_part_decode(raw, p);
    if (!is_html(p)) {
        to_utf8(b, p, buf_str(raw));
        return true;
    }
    buf_reset(utf8);
    to_utf8(utf8, p, buf_str(raw));
    html_to_text(b, buf_str(utf8), links);
    return true;
}

bool mail_part_text(struct buf *b, const struct mime_part *p)
{
    auto_buf struct buf raw, utf8;
    buf_init(&raw, p->body.n + 64);
    buf_init(&utf8, 3 * p->body.n + 64);
    return part_text(b, p, &raw, &utf8, NULL);
}

bool mail_part_name(struct buf *b, const struct mime_part *p)
{
    return params_utf8(b, &p->disposition_params, S("filename")) ||
           params_utf8(b, &p->params, S("name"));
}

/* ---- the message ---- */

static void make_normal(struct mail_text *t, struct buf *to)
{
    str s = buf_str(&t->utf8);
    t->cut |= t->utf8.over;
    if (s.n <= (to->max - to->n) / NORMAL_GROWTH) { /* it fits, whatever it becomes */
        normal_add(to, s);
    } else {
        auto_buf struct buf all;
        buf_init(&all, s.n * NORMAL_GROWTH + 1);
        normal_add(&all, s);
        add_some(to, buf_str(&all));
        t->cut |= to->over;
        to->over = false;
    }
    buf_reset(&t->utf8);
    t->utf8.over = false;
}

static void read_name(struct mail_text *t, const struct mime_part *p)
{
    size_t start = t->utf8.n;
    if (params_utf8(&t->utf8, &p->disposition_params, S("filename")))
        buf_addc(&t->utf8, '\n');
    size_t n = t->utf8.n - start;
    if (params_utf8(&t->utf8, &p->params, S("name"))) {
        bool same = t->utf8.n - start == 2 * n - 1 && n > 0 &&
                    memcmp(t->utf8.p + start, t->utf8.p + start + n, n - 1) == 0;
        t->utf8.n = same ? start + n : t->utf8.n;
        if (!same)
            buf_addc(&t->utf8, '\n');
    }
    if (p->description.n) {
        add_value(&t->utf8, p->description);
        buf_addc(&t->utf8, '\n');
    }
    if (t->utf8.n > start)
        spaces_for_lines(t->utf8.p + start, t->utf8.n - start - 1);
}

static void read_part(struct mail_text *t, const struct mime_part *p, struct buf *work)
{
    auto_buf struct buf links;
    buf_init(&links, HTML_LINKS_MAX);
    t->cut |= p->body.n > MAIL_TEXT_PART_MAX && is_text(p);
    read_name(t, p);
    if (p->kind == MIME_MESSAGE) {
        header_lines(&t->utf8, str_slice(p->children->header, 0, MAIL_TEXT_PART_MAX));
    } else if (part_text(&t->utf8, p, &t->raw, work, &links)) {
        if (t->utf8.n > 0 && t->utf8.p[t->utf8.n - 1] != '\n')
            buf_addc(&t->utf8, '\n');
        buf_add(&t->utf8, buf_str(&links));
    }
    make_normal(t, &t->body);
}

static const struct mime_part *after(const struct mime_part *p)
{
    if (p->children)
        return p->children;
    while (p && !p->next)
        p = p->parent;
    return p ? p->next : NULL;
}

void mail_text_read(struct mail_text *t, struct arena *a, str message, unsigned wants)
{
    buf_reset(&t->head);
    buf_reset(&t->parts);
    buf_reset(&t->body);
    t->cut = false;
    if (wants & MAIL_TEXT_HEAD) {
        str header = header_split(message, 0).header;
        t->cut |= header.n > MAIL_TEXT_PART_MAX;
        header_lines(&t->utf8, str_slice(header, 0, MAIL_TEXT_PART_MAX));
        make_normal(t, &t->head);
    }
    if (!(wants & (MAIL_TEXT_PARTS | MAIL_TEXT_BODY)))
        return;
    auto_buf struct buf work;
    buf_init(&work, UTF8_MAX);
    for (const struct mime_part *p = mime_parse(a, message); p; p = after(p)) {
        bool inner = p->parent && p->parent->kind == MIME_MESSAGE; /* in the body already */
        if ((wants & MAIL_TEXT_PARTS) && p->parent && !inner) {
            header_lines(&t->utf8, str_slice(p->header, 0, MAIL_TEXT_PART_MAX));
            make_normal(t, &t->parts);
        }
        if (wants & MAIL_TEXT_BODY)
            read_part(t, p, &work);
    }
}
