/* SPDX-License-Identifier: ISC */
/* The readers of a digest. Every count is checked against the octets that are left before memory
 * is taken for it, so that damaged bytes cost no more than their own length. */
#include <string.h>

#include "wire/digest.h"
#include "wire/digest_private.h"

enum {
    ADDR_BYTES = 2, /* no address, parameter, part takes fewer octets */
    PARAM_BYTES = 2,
    PART_BYTES = 13,
    TREE_MAX = 96 << 20, /* octets of memory for one structure */
};

struct in {
    str rest;
    bool bad;
};

static uint64_t take_number(struct in *in)
{
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (!in->rest.n)
            break;
        unsigned char c = (unsigned char)in->rest.p[0];
        in->rest = str_from_at(in->rest, 1);
        v |= (uint64_t)(c & 0x7f) << shift;
        if (c < 0x80)
            return v;
    }
    in->bad = true;
    return 0;
}

static int64_t take_signed(struct in *in)
{
    uint64_t v = take_number(in);
    return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

static str take_bytes(struct in *in, uint64_t n)
{
    if (n > in->rest.n) {
        in->bad = true;
        return S("");
    }
    str s = str_slice(in->rest, 0, (size_t)n);
    in->rest = str_from_at(in->rest, (size_t)n);
    return s;
}

static str take_str(struct in *in)
{
    return take_bytes(in, take_number(in));
}

static str take_nstr(struct in *in)
{
    uint64_t n = take_number(in);
    return n ? take_bytes(in, n - 1) : (str){0};
}

static unsigned take_byte(struct in *in)
{
    str s = take_bytes(in, 1);
    return s.n ? (unsigned char)s.p[0] : 0;
}

/* How many follow, none of which is shorter than `least`. */
static size_t take_count(struct in *in, size_t max, size_t least)
{
    uint64_t n = take_number(in);
    if (n > max || n > in->rest.n / least) {
        in->bad = true;
        return 0;
    }
    return (size_t)n;
}

static err verdict(const struct in *in)
{
    return in->bad ? err_new(ERR_SYNTAX, "a damaged digest") : OK_ERR;
}

/* ---- the front ---- */

static void take_keys(struct in *in, struct mail_digest *d)
{
    if (d->has_sent) {
        d->sent = take_signed(in);
        d->sent_day = take_signed(in);
    }
    d->subject = take_str(in);
    d->message_id = take_str(in);
    d->references = take_str(in);
    d->from = take_str(in);
    d->to = take_str(in);
    d->cc = take_str(in);
    d->display_from = take_str(in);
    d->display_to = take_str(in);
    d->names = take_str(in);
    d->preview = take_str(in);
    in->bad |= d->references.n && d->references.p[d->references.n - 1] != 0;
    in->bad |= d->names.n && d->names.p[d->names.n - 1] != 0;
}

err digest_open(str blob, struct mail_digest *ret)
{
    struct in in = {.rest = blob};
    if (take_byte(&in) != DIGEST_MAGIC || take_byte(&in) != DIGEST_VERSION)
        return err_new(ERR_SYNTAX, "no digest of this version");
    unsigned flags = take_byte(&in);
    str id = take_bytes(&in, DIGEST_ID_BYTES), thread = take_bytes(&in, DIGEST_ID_BYTES);
    if (in.bad)
        return verdict(&in);
    struct mail_digest d = {.has_sent = (flags & DIGEST_HAS_SENT) != 0,
                            .refwd = (flags & DIGEST_REFWD) != 0,
                            .attachment = (flags & DIGEST_ATTACHMENT) != 0};
    memcpy(d.id.at, id.p, sizeof d.id.at);
    memcpy(d.thread.at, thread.p, sizeof d.thread.at);
    d.octets = take_number(&in);
    d.lines = take_number(&in);
    d.header_n = (size_t)take_number(&in);
    take_keys(&in, &d);
    d.envelope = take_str(&in);
    d.structure = take_str(&in);
    in.bad |= in.rest.n > 0;
    if (!in.bad)
        *ret = d;
    return verdict(&in);
}

/* ---- envelope ---- */

static struct addr take_addr(struct in *in)
{
    unsigned flags = take_byte(in);
    struct addr a = {.kind = (enum addr_kind)(flags & DIGEST_ADDR_KIND)};
    in->bad |= a.kind > ADDR_GROUP_END;
    a.mailbox = take_str(in);
    if (flags & DIGEST_ADDR_HOST)
        a.host = take_str(in);
    if (flags & DIGEST_ADDR_NAME)
        a.name = take_str(in);
    if (flags & DIGEST_ADDR_ROUTE)
        a.route = take_str(in);
    return a;
}

static struct addrlist take_list(struct in *in, struct arena *a)
{
    struct addrlist l = {.n = take_count(in, ADDRLIST_MAX * 2, ADDR_BYTES)};
    if (l.n)
        l.at = NEW_N(a, struct addr, l.n);
    for (size_t i = 0; i < l.n && !in->bad; i++)
        l.at[i] = take_addr(in);
    return l;
}

static struct addrlist take_list_like(struct in *in, struct arena *a, const struct addrlist *from)
{
    return take_byte(in) == DIGEST_LIST_AS_FROM ? *from : take_list(in, a);
}

err digest_envelope_of(str bytes, struct arena *a, struct envelope *ret)
{
    struct in in = {.rest = bytes};
    struct envelope e = {.date = take_nstr(&in)};
    e.subject = take_nstr(&in);
    e.in_reply_to = take_nstr(&in);
    e.message_id = take_nstr(&in);
    e.from = take_list(&in, a);
    e.sender = take_list_like(&in, a, &e.from);
    e.reply_to = take_list_like(&in, a, &e.from);
    e.to = take_list(&in, a);
    e.cc = take_list(&in, a);
    e.bcc = take_list(&in, a);
    in.bad |= in.rest.n > 0;
    if (!in.bad)
        *ret = e;
    return verdict(&in);
}

err digest_envelope(const struct mail_digest *d, struct arena *a, struct envelope *ret)
{
    return digest_envelope_of(d->envelope, a, ret);
}

/* ---- structure ---- */

struct tree {
    struct in in;
    struct arena *a;
    size_t at_start; /* of the arena */
    size_t parts;
};

static bool is_full(struct tree *t)
{
    t->in.bad |= arena_used(t->a) - t->at_start > TREE_MAX || t->parts > 2 * MIME_PARTS_MAX + 2;
    return t->in.bad;
}

static struct params take_params(struct tree *t)
{
    struct params p = {.n = take_count(&t->in, PARAMS_MAX + 1, PARAM_BYTES)};
    if (p.n)
        p.at = NEW_N(t->a, struct param, p.n);
    for (size_t i = 0; i < p.n; i++) {
        p.at[i].name = take_str(&t->in);
        p.at[i].value = take_str(&t->in);
    }
    return p;
}

static void take_sizes(struct in *in, struct mime_part *p)
{
    p->header_at = (size_t)take_number(in);
    p->header.n = (size_t)take_number(in);
    p->header_octets = take_number(in);
    p->header_lines = take_number(in);
    p->body_at = (size_t)take_number(in);
    p->body.n = (size_t)take_number(in);
    p->body_octets = take_number(in);
    p->body_lines = take_number(in);
}

static void take_rest(struct tree *t, struct mime_part *p, unsigned flags)
{
    struct in *in = &t->in;
    if (flags & DIGEST_PART_DISPOSITION) {
        p->disposition = take_str(in);
        p->disposition_params = take_params(t);
    }
    if (flags & DIGEST_PART_LANGUAGES) {
        p->language_count = take_count(in, MIME_LANGUAGES_MAX, 1);
        p->languages = NEW_N(t->a, str, p->language_count + 1);
        for (size_t i = 0; i < p->language_count; i++)
            p->languages[i] = take_str(in);
    }
    if (flags & DIGEST_PART_RARE) {
        p->id = take_nstr(in);
        p->description = take_nstr(in);
        p->md5 = take_nstr(in);
        p->location = take_nstr(in);
    }
}

static struct mime_part *take_part(struct tree *t, struct mime_part *parent);

static void take_children(struct tree *t, struct mime_part *p)
{
    str envelope = {0};
    size_t n = 0;
    if (p->kind == MIME_MESSAGE) {
        envelope = take_str(&t->in);
        n = 1;
    } else if (p->kind == MIME_MULTIPART) {
        n = take_count(&t->in, MIME_PARTS_MAX, PART_BYTES);
    }
    for (size_t i = 0; i < n && !is_full(t); i++) {
        struct mime_part *c = take_part(t, p);
        c->number = (unsigned)i + 1;
        c->envelope = envelope;
        if (p->last_child)
            p->last_child->next = c;
        else
            p->children = c;
        p->last_child = c;
        p->child_count++;
    }
    t->in.bad |= p->kind != MIME_LEAF && !p->child_count;
}

/* Recursion ends at the depth that the writer has. */
static struct mime_part *take_part(struct tree *t, struct mime_part *parent)
{
    struct mime_part *p = NEW(t->a, struct mime_part);
    unsigned flags = take_byte(&t->in);
    t->parts++;
    p->parent = parent;
    p->depth = parent ? parent->depth + 1 : 0;
    p->kind = (enum mime_kind)(flags & DIGEST_PART_KIND);
    p->cut = (flags & DIGEST_PART_CUT) != 0;
    t->in.bad |= p->kind > MIME_MESSAGE || p->depth > MIME_DEPTH_MAX + 1;
    p->type = take_str(&t->in);
    p->subtype = take_str(&t->in);
    p->encoding = take_str(&t->in);
    p->params = take_params(t);
    take_sizes(&t->in, p);
    take_rest(t, p, flags);
    if (!is_full(t))
        take_children(t, p);
    return p;
}

err digest_structure(const struct mail_digest *d, struct arena *a, struct mime_part **ret)
{
    struct tree t = {.in = {.rest = d->structure}, .a = a, .at_start = arena_used(a)};
    struct mime_part *root = take_part(&t, NULL);
    t.in.bad |= t.in.rest.n > 0;
    if (!t.in.bad)
        *ret = root;
    return verdict(&t.in);
}

static bool lies_in(str message, size_t at, size_t n)
{
    return at <= message.n && n <= message.n - at;
}

static const struct mime_part *part_after(const struct mime_part *p)
{
    if (p->children)
        return p->children;
    while (p && !p->next)
        p = p->parent;
    return p ? p->next : NULL;
}

err digest_attach(struct mime_part *root, str message)
{
    if (root->header.n + root->body.n != message.n)
        return err_new(ERR_SYNTAX, "a digest of another message");
    for (const struct mime_part *p = root; p; p = part_after(p))
        if (!lies_in(message, p->header_at, p->header.n) ||
            !lies_in(message, p->body_at, p->body.n))
            return err_new(ERR_SYNTAX, "a digest of another message");
    for (struct mime_part *p = root; p; p = (struct mime_part *)(uintptr_t)part_after(p)) {
        p->header.p = message.p + p->header_at;
        p->body.p = message.p + p->body_at;
    }
    return OK_ERR;
}

void digest_id_write(struct buf *b, const struct digest_id *id)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < sizeof id->at; i++) {
        buf_addc(b, digits[id->at[i] >> 4]);
        buf_addc(b, digits[id->at[i] & 15]);
    }
}
