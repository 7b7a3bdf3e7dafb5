/* SPDX-License-Identifier: ISC */
#include "imapd/search_text.h"

#include "wire/date.h"
#include "wire/header.h"

/* ---- what the index knows ---- */

struct needle needle_of(const struct imap_search *node)
{
    return (struct needle){.key = node->key,
                           .field = node->field,
                           .text = node->text,
                           .finder = finder_of(node->text)};
}

struct store_found needle_look_up(struct store *s, struct arena *a, const struct needle *n)
{
    struct store_find_key key = {.where = n->key == IMAP_KEY_HEADER ? STORE_FIND_FIELD
                                          : n->key == IMAP_KEY_BODY ? STORE_FIND_BODY
                                                                    : STORE_FIND_TEXT,
                                 .field = n->field,
                                 .text = n->text};
    struct store_found found = {0};
    err e = store_find(s, a, &key, &found);
    return failed(e) ? (struct store_found){0} : found;
}

static bool holds(const uint32_t *uids, size_t n, uint32_t uid)
{
    size_t from = 0;
    while (from < n) {
        size_t middle = from + (n - from) / 2;
        if (uids[middle] == uid)
            return true;
        if (uids[middle] < uid)
            from = middle + 1;
        else
            n = middle;
    }
    return false;
}

enum index_answer index_says(const struct store_found *f, uint32_t uid)
{
    if (holds(f->sure, f->n_sure, uid))
        return INDEX_YES;
    return uid > f->upto || holds(f->ask, f->n_ask, uid) ? INDEX_UNKNOWN : INDEX_NO;
}

/* ---- one message ---- */

static bool is_in(const struct needle *n, const struct buf *b)
{
    return finder_next(&n->finder, buf_str(b), 0) >= 0;
}

static void search_headers(struct haystack *h)
{
    if (h->headers_done)
        return;
    h->headers_done = true;
    mail_text_read(h->text, h->arena, h->message, MAIL_TEXT_HEAD);
    for (size_t i = 0; i < h->n; i++) {
        const struct needle *n = &h->needles[i];
        if (n->key == IMAP_KEY_HEADER)
            h->found[i] = mail_text_field_has(buf_str(&h->text->head), n->field, &n->finder);
        else if (n->key == IMAP_KEY_TEXT)
            h->found[i] = is_in(n, &h->text->head);
    }
}

static void search_bodies(struct haystack *h)
{
    if (h->bodies_done)
        return;
    h->bodies_done = true;
    mail_text_read(h->text, h->arena, h->message, MAIL_TEXT_PARTS | MAIL_TEXT_BODY);
    for (size_t i = 0; i < h->n; i++) {
        const struct needle *n = &h->needles[i];
        if (n->key == IMAP_KEY_BODY || n->key == IMAP_KEY_TEXT)
            h->found[i] = h->found[i] || is_in(n, &h->text->body);
        if (n->key == IMAP_KEY_TEXT)
            h->found[i] = h->found[i] || is_in(n, &h->text->parts);
    }
}

bool haystack_has(struct haystack *h, size_t i)
{
    if (h->needles[i].key != IMAP_KEY_BODY)
        search_headers(h);
    if (h->needles[i].key != IMAP_KEY_HEADER && !h->found[i])
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
