/* SPDX-License-Identifier: ISC */
#include "imapd/search_text.h"

#include "wire/charset.h"
#include "wire/date.h"
#include "wire/encoding.h"
#include "wire/fold.h"
#include "wire/header.h"
#include "wire/mime.h"
#include "wire/words.h"

/* UTF-8 takes at most three octets for one of a single-octet charset. */
enum { UTF8_PART_MAX = 3 * SEARCH_PART_MAX + 1024 };

static str folded(struct buf *b)
{
    fold_in_place(b->p, b->n);
    return buf_str(b);
}

/* ---- headers ---- */

static bool header_has(const struct haystack *h, const struct needle *needle)
{
    auto_buf struct buf b;
    buf_init(&b, UTF8_PART_MAX);
    str rest = header_split(h->message, 0).header;
    struct header_field f;
    while (header_find_next(&rest, needle->field, &f)) {
        buf_reset(&b);
        words_to_utf8(&b, str_slice(f.value, 0, SEARCH_PART_MAX));
        if (folded_has(folded(&b), needle->text))
            return true;
    }
    return false;
}

static void search_headers(struct haystack *h)
{
    if (h->headers_done)
        return;
    h->headers_done = true;
    for (size_t i = 0; i < h->n; i++)
        if (h->needles[i].key == IMAP_KEY_HEADER)
            h->found[i] = header_has(h, &h->needles[i]);
}

/* ---- bodies ---- */

static bool wants(const struct haystack *h, size_t i, bool in_header)
{
    enum imap_key key = h->needles[i].key;
    return !h->found[i] && (key == IMAP_KEY_TEXT || (key == IMAP_KEY_BODY && !in_header));
}

static bool wants_any(const struct haystack *h)
{
    for (size_t i = 0; i < h->n; i++)
        if (wants(h, i, false))
            return true;
    return false;
}

static void look(struct haystack *h, struct buf *b, bool in_header)
{
    str text = folded(b);
    for (size_t i = 0; i < h->n; i++)
        if (wants(h, i, in_header))
            h->found[i] = folded_has(text, h->needles[i].text);
}

static void look_in_header(struct haystack *h, str header, bool own)
{
    auto_buf struct buf b;
    buf_init(&b, UTF8_PART_MAX);
    str rest = str_slice(header, 0, SEARCH_PART_MAX);
    struct header_field f;
    while (header_next(&rest, &f)) {
        buf_add(&b, f.name);
        buf_add(&b, S(": "));
        words_to_utf8(&b, f.value);
        buf_addc(&b, '\n');
    }
    look(h, &b, own);
}

static void undo_encoding(const struct mime_part *p, struct buf *b)
{
    /* Four octets of base64 are three; the rest of an oversized part is not looked at. */
    str body = str_slice(p->body, 0, SEARCH_PART_MAX);
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

static void look_in_text(struct haystack *h, const struct mime_part *p)
{
    auto_buf struct buf raw, utf8;
    buf_init(&raw, SEARCH_PART_MAX + 1024);
    buf_init(&utf8, UTF8_PART_MAX);
    undo_encoding(p, &raw);
    err e = charset_to_utf8(&utf8, params_get(&p->params, S("charset")), buf_str(&raw));
    if (failed(e)) /* a charset that nobody knows: ASCII in it can still be found */
        utf8_repair(&utf8, buf_str(&raw));
    look(h, &utf8, false);
}

static const struct mime_part *after(const struct mime_part *p)
{
    if (p->children != NULL)
        return p->children;
    while (p != NULL && p->next == NULL)
        p = p->parent;
    return p != NULL ? p->next : NULL;
}

static void search_bodies(struct haystack *h)
{
    if (h->bodies_done)
        return;
    h->bodies_done = true;
    const struct mime_part *root = mime_parse(h->arena, h->message);
    look_in_header(h, root->header, true);
    for (const struct mime_part *p = root; p != NULL && wants_any(h); p = after(p)) {
        if (p->kind == MIME_MESSAGE)
            look_in_header(h, p->children->header, false);
        else if (p->kind == MIME_LEAF && str_ieq(p->type, S("text")))
            look_in_text(h, p);
    }
}

bool haystack_has(struct haystack *h, size_t i)
{
    if (h->needles[i].key == IMAP_KEY_HEADER)
        search_headers(h);
    else
        search_bodies(h);
    return h->found[i];
}

bool haystack_sent_day(struct haystack *h, int64_t *ret_day)
{
    struct header_field f;
    struct mail_date date;
    if (!header_find(header_split(h->message, 0).header, S("Date"), &f))
        return false;
    err e = date_parse(f.value, &date);
    if (failed(e))
        return false;
    *ret_day = date_sent_day(&date);
    return true;
}
