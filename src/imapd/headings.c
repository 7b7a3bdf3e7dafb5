/* SPDX-License-Identifier: ISC */
#include "imapd/headings.h"

#include <stdlib.h>

#include "imapd/bodies.h"
#include "imapd/digests.h"
#include "wire/addrlist.h"
#include "wire/casemap.h"
#include "wire/date.h"
#include "wire/header.h"
#include "wire/msgid.h"
#include "wire/subject.h"
#include "wire/words.h"

enum { VALUE_MAX = 64 * 1024, ROOM_MAX = 4 * VALUE_MAX };

struct reading {
    struct session *s;
    const uint32_t *indices;
    size_t n;
    uint32_t *left; /* places of those without a digest; ascending */
    size_t n_left, at;
    unsigned wants;
    uint64_t id_key;
    heading_fn *fn;
    void *ctx;
    struct arena *arena;      /* one message's */
    struct buf words, mapped; /* room */
    struct thread_id refs[THREAD_REFS_MAX];
};

/* A text to compare: cut, at a character, where it is longer than anybody writes. */
static str mapped(struct reading *r, str utf8)
{
    buf_reset(&r->mapped);
    casemap_add(&r->mapped, str_slice(utf8, 0, VALUE_MAX));
    return arena_copy(r->arena, str_slice(buf_str(&r->mapped), 0, HEADING_TEXT_MAX));
}

static bool field(str header, str name, str *ret)
{
    struct header_field f;
    if (!header_find(header, name, &f))
        return false;
    *ret = str_slice(f.value, 0, VALUE_MAX);
    return true;
}

static void read_date(str header, struct heading *h)
{
    str value;
    struct mail_date date;
    if (!field(header, S("Date"), &value))
        return;
    err e = date_parse(value, &date);
    if (!failed(e))
        h->sent = date.epoch;
}

static void read_subject(struct reading *r, str header, struct heading *h)
{
    str value, base;
    if (!field(header, S("Subject"), &value))
        return;
    buf_reset(&r->words);
    subject_clean(&r->words, value);
    h->refwd = subject_base(buf_str(&r->words), &base);
    h->subject = mapped(r, base);
}

/* RFC 5957 3: the display name, or the address as it would be written. */
static str display_of(struct reading *r, const struct addr *a)
{
    buf_reset(&r->words);
    if (a->kind == ADDR_GROUP_START)
        words_to_utf8(&r->words, a->name.n > 0 ? a->name : a->mailbox);
    else
        words_to_utf8(&r->words, a->name);
    if (r->words.n == 0 && a->kind == ADDR_MAILBOX) {
        buf_add(&r->words, a->mailbox);
        if (a->host.n > 0) {
            buf_addc(&r->words, '@');
            buf_add(&r->words, a->host);
        }
    }
    return mapped(r, buf_str(&r->words));
}

static void read_address(struct reading *r, str header, str name, str *ret_mailbox,
                         str *ret_display)
{
    str value;
    if (!field(header, name, &value))
        return;
    struct addrlist list = addrlist_parse(r->arena, value, 0);
    if (list.n == 0)
        return;
    if (ret_mailbox != NULL) {
        const struct addr *a = &list.at[0];
        *ret_mailbox = mapped(r, a->mailbox);
    }
    if (ret_display != NULL)
        *ret_display = display_of(r, &list.at[0]);
}

/* Of more than THREAD_REFS_MAX the last one still counts: it is the parent. */
static size_t add_ids(struct reading *r, str value, size_t max)
{
    size_t n = 0;
    while (msgid_next(&value, &r->words)) {
        r->refs[n < max ? n : max - 1] = thread_id_of(buf_str(&r->words), r->id_key);
        if (n == 0 && max == 1)
            return 1;
        n += n < max;
    }
    return n;
}

/* RFC 5256 3, REFERENCES step 1. */
static void read_references(struct reading *r, str header, struct heading *h)
{
    str value;
    if (field(header, S("Message-ID"), &value) && msgid_next(&value, &r->words))
        h->message_id = arena_copy(r->arena, buf_str(&r->words));
    if (field(header, S("References"), &value))
        h->n_refs = add_ids(r, value, THREAD_REFS_MAX);
    if (h->n_refs == 0 && field(header, S("In-Reply-To"), &value))
        h->n_refs = add_ids(r, value, 1);
    h->refs = r->refs;
}

static void read_header(struct reading *r, str header, struct heading *h)
{
    unsigned wants = r->wants;
    read_date(header, h);
    if (wants & HEADING_SUBJECT)
        read_subject(r, header, h);
    if (wants & HEADING_CC)
        read_address(r, header, S("Cc"), &h->cc, NULL);
    if (wants & (HEADING_FROM | HEADING_DISPLAYFROM))
        read_address(r, header, S("From"), wants & HEADING_FROM ? &h->from : NULL,
                     wants & HEADING_DISPLAYFROM ? &h->display_from : NULL);
    if (wants & (HEADING_TO | HEADING_DISPLAYTO))
        read_address(r, header, S("To"), wants & HEADING_TO ? &h->to : NULL,
                     wants & HEADING_DISPLAYTO ? &h->display_to : NULL);
    if (wants & HEADING_REFERENCES)
        read_references(r, header, h);
}

static struct heading heading_new(const struct reading *r, size_t place)
{
    return (struct heading){.sent = store_box(r->s->store)->messages[r->indices[place]].date};
}

static err each_header(void *ctx, const struct body *b)
{
    struct reading *r = ctx;
    size_t place = r->left[r->at];
    struct heading h = heading_new(r, place);
    session_progress(r->s, r->n - r->n_left + r->at, r->n);
    r->at++;
    read_header(r, b->missing ? S("") : header_split(b->text, 0).header, &h);
    r->fn(r->ctx, place, &h);
    arena_reset(r->arena);
    return r->s->phase == PHASE_END ? err_new(ERR_CLOSED, "the client is gone") : OK_ERR;
}

/* ---- from a digest ---- */

static void known_references(struct reading *r, const struct mail_digest *d, struct heading *h)
{
    str rest = d->references, id;
    if (d->message_id.n > 0)
        h->message_id = d->message_id;
    while (rest.n > 0 && h->n_refs < THREAD_REFS_MAX) {
        (void)str_cut(rest, '\0', &id, &rest);
        r->refs[h->n_refs++] = thread_id_of(id, r->id_key);
    }
    h->refs = r->refs;
}

static void each_digest(void *ctx, size_t place, const struct mail_digest *d)
{
    struct reading *r = ctx;
    if (d == NULL) {
        r->left[r->n_left++] = (uint32_t)place;
        return;
    }
    struct heading h = heading_new(r, place);
    unsigned wants = r->wants;
    if (d->has_sent)
        h.sent = d->sent;
    h.refwd = d->refwd;
    if (wants & HEADING_SUBJECT)
        h.subject = mapped(r, d->subject);
    if (wants & HEADING_CC)
        h.cc = mapped(r, d->cc);
    if (wants & HEADING_FROM)
        h.from = mapped(r, d->from);
    if (wants & HEADING_TO)
        h.to = mapped(r, d->to);
    if (wants & HEADING_DISPLAYFROM)
        h.display_from = mapped(r, d->display_from);
    if (wants & HEADING_DISPLAYTO)
        h.display_to = mapped(r, d->display_to);
    if (wants & HEADING_REFERENCES)
        known_references(r, d, &h);
    r->fn(r->ctx, place, &h);
    arena_reset(r->arena);
}

static err read_left(struct reading *r)
{
    if (r->n_left == 0)
        return OK_ERR;
    uint32_t *indices = NEW_N(r->s->arena, uint32_t, r->n_left);
    for (size_t i = 0; i < r->n_left; i++)
        indices[i] = r->indices[r->left[i]];
    struct spans spans = spans_of_indices(r->s->arena, indices, r->n_left);
    return bodies_each(r->s, &spans, BODY_HEADER, each_header, r);
}

err headings_each(struct session *s, const uint32_t *indices, size_t n, unsigned wants,
                  uint64_t id_key, heading_fn *fn, void *ctx)
{
    struct reading *r = mem_alloc("headings", sizeof *r);
    *r = (struct reading){.s = s,
                          .indices = indices,
                          .n = n,
                          .left = NEW_N(s->arena, uint32_t, n + 1),
                          .wants = wants,
                          .id_key = id_key,
                          .fn = fn,
                          .ctx = ctx,
                          .arena = arena_new("heading", SESSION_ARENA_MAX)};
    buf_init(&r->words, ROOM_MAX);
    buf_init(&r->mapped, ROOM_MAX * 4);
    err e = digests_each(s, indices, n, each_digest, r);
    if (!failed(e))
        e = read_left(r);
    buf_done(&r->words);
    buf_done(&r->mapped);
    arena_free(r->arena);
    free(r);
    return e;
}
