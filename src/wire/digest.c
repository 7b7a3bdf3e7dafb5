/* SPDX-License-Identifier: ISC */
/* How it works: the message is parsed as for an answer, then written down in one go. Most messages
 * have few of the rare fields, so those cost a bit each when absent; a digest of ordinary mail has
 * some hundred octets. */
#include "wire/digest.h"

#include <string.h>

#include "wire/crlf.h"
#include "wire/date.h"
#include "wire/digest_private.h"
#include "wire/header.h"
#include "wire/mail_text.h"
#include "wire/msgid.h"
#include "wire/preview.h"
#include "wire/subject.h"
#include "wire/words.h"

enum {
    VALUE_MAX = 64 * 1024, /* decoded text on its way to a key */
    REFS_FIRST = 16,       /* of too many references these and the last ones stay */
};
static const uint64_t thread_key_a = 0x7468726561642d61, thread_key_b = 0x7468726561642d62;

/* ---- marks ---- */

static void put_number(struct buf *b, uint64_t v)
{
    while (v >= 0x80) {
        buf_addc(b, (char)(v | 0x80));
        v >>= 7;
    }
    buf_addc(b, (char)v);
}

static void put_signed(struct buf *b, int64_t v)
{
    put_number(b, (uint64_t)v << 1 ^ (uint64_t)(v >> 63));
}

static void put_str(struct buf *b, str s)
{
    put_number(b, s.n);
    buf_add(b, s);
}

static void put_nstr(struct buf *b, str s)
{
    put_number(b, s.p ? s.n + 1 : 0);
    buf_add(b, s);
}

/* ---- envelopes ---- */

static void put_addr(struct buf *b, const struct addr *a)
{
    unsigned flags = (unsigned)a->kind;
    flags |= a->name.n ? DIGEST_ADDR_NAME : 0u;
    flags |= a->route.n ? DIGEST_ADDR_ROUTE : 0u;
    flags |= a->host.p ? DIGEST_ADDR_HOST : 0u;
    buf_addc(b, (char)flags);
    put_str(b, a->mailbox);
    if (flags & DIGEST_ADDR_HOST)
        put_str(b, a->host);
    if (flags & DIGEST_ADDR_NAME)
        put_str(b, a->name);
    if (flags & DIGEST_ADDR_ROUTE)
        put_str(b, a->route);
}

static void put_list(struct buf *b, const struct addrlist *l)
{
    put_number(b, l->n);
    for (size_t i = 0; i < l->n; i++)
        put_addr(b, &l->at[i]);
}

static void put_list_like(struct buf *b, const struct addrlist *l, const struct addrlist *from)
{
    bool same = l->at == from->at;
    buf_addc(b, same ? DIGEST_LIST_AS_FROM : DIGEST_LIST_OWN);
    if (!same)
        put_list(b, l);
}

static void put_envelope(struct buf *b, const struct envelope *e)
{
    put_nstr(b, e->date);
    put_nstr(b, e->subject);
    put_nstr(b, e->in_reply_to);
    put_nstr(b, e->message_id);
    put_list(b, &e->from);
    put_list_like(b, &e->sender, &e->from);
    put_list_like(b, &e->reply_to, &e->from);
    put_list(b, &e->to);
    put_list(b, &e->cc);
    put_list(b, &e->bcc);
}

/* ---- structure ---- */

static void put_params(struct buf *b, const struct params *p)
{
    put_number(b, p->n);
    for (size_t i = 0; i < p->n; i++) {
        put_str(b, p->at[i].name);
        put_str(b, p->at[i].value);
    }
}

static void put_sizes(struct buf *b, const struct mime_part *p)
{
    put_number(b, p->header_at);
    put_number(b, p->header.n);
    put_number(b, p->header_octets);
    put_number(b, p->header_lines);
    put_number(b, p->body_at);
    put_number(b, p->body.n);
    put_number(b, p->body_octets);
    put_number(b, p->body_lines);
}

static void put_inner_envelope(struct buf *b, struct arena **scratch, const struct mime_part *inner)
{
    if (!*scratch)
        *scratch = arena_new("envelope", MIME_ARENA_MAX * 8);
    arena_reset(*scratch);
    struct envelope e = envelope_read(*scratch, inner->header);
    auto_buf struct buf one;
    buf_init(&one, b->max);
    put_envelope(&one, &e);
    b->over |= one.over;
    put_str(b, buf_str(&one));
}

/* Recursion ends at MIME_DEPTH_MAX. */
static void put_part(struct buf *b, struct arena **scratch, const struct mime_part *p)
{
    unsigned flags = (unsigned)p->kind;
    bool rare = p->id.p || p->description.p || p->md5.p || p->location.p;
    flags |= p->cut ? DIGEST_PART_CUT : 0u;
    flags |= p->disposition.p ? DIGEST_PART_DISPOSITION : 0u;
    flags |= p->language_count ? DIGEST_PART_LANGUAGES : 0u;
    flags |= rare ? DIGEST_PART_RARE : 0u;
    buf_addc(b, (char)flags);
    put_str(b, p->type);
    put_str(b, p->subtype);
    put_str(b, p->encoding);
    put_params(b, &p->params);
    put_sizes(b, p);
    if (p->disposition.p) {
        put_str(b, p->disposition);
        put_params(b, &p->disposition_params);
    }
    if (p->language_count)
        put_number(b, p->language_count);
    for (size_t i = 0; i < p->language_count; i++)
        put_str(b, p->languages[i]);
    if (rare) {
        put_nstr(b, p->id);
        put_nstr(b, p->description);
        put_nstr(b, p->md5);
        put_nstr(b, p->location);
    }
    if (p->kind == MIME_MESSAGE)
        put_inner_envelope(b, scratch, p->children);
    if (p->kind == MIME_MULTIPART)
        put_number(b, p->child_count);
    for (const struct mime_part *c = p->children; c; c = c->next)
        put_part(b, scratch, c);
}

/* ---- keys ---- */

/* An octet sequence cut at `max` without a half character at its end. */
static str cut_utf8(str s, size_t max)
{
    if (s.n <= max)
        return s;
    size_t n = max;
    while (n > 0 && ((unsigned char)s.p[n] & 0xc0) == 0x80)
        n--;
    return str_slice(s, 0, n);
}

static bool put_subject(struct buf *b, const struct envelope *e)
{
    auto_buf struct buf clean;
    buf_init(&clean, VALUE_MAX * 4);
    subject_clean(&clean, str_slice(e->subject, 0, VALUE_MAX));
    str base;
    bool refwd = subject_base(buf_str(&clean), &base);
    put_str(b, cut_utf8(base, DIGEST_SUBJECT_MAX));
    return refwd;
}

/* "left@right" NUL, each; the first and the last of more than DIGEST_REFS_MAX. */
static void collect_refs(struct buf *out, str raw, size_t limit)
{
    auto_buf struct buf id;
    buf_init(&id, MSGID_MAX + 1);
    size_t total = 0, n = 0;
    for (str rest = raw; msgid_next(&rest, &id);)
        total++;
    size_t skip_to = total > limit ? total - (limit - REFS_FIRST) : 0;
    for (str rest = raw; msgid_next(&rest, &id); n++) {
        if (skip_to && n >= REFS_FIRST && n < skip_to)
            continue;
        buf_add(out, buf_str(&id));
        buf_addc(out, 0);
        if (limit == 1)
            return;
    }
}

static void references_of(struct buf *out, str header, const struct envelope *e)
{
    struct header_field f;
    if (header_find(header, S("References"), &f))
        collect_refs(out, f.value, DIGEST_REFS_MAX);
    if (!out->n)
        collect_refs(out, e->in_reply_to, 1);
}

static struct digest_id thread_of(str references, str message_id)
{
    struct digest_id id = {0};
    str root = message_id;
    if (references.n)
        (void)str_cut(references, 0, &root, &references); /* each ends in NUL */
    if (!root.n)
        return id;
    uint64_t a = str_hash(root, thread_key_a), c = str_hash(root, thread_key_b);
    memcpy(id.at, &a, sizeof a);
    memcpy(id.at + sizeof a, &c, sizeof c);
    return id;
}

static str first_mailbox(const struct addrlist *l)
{
    if (!l->n)
        return S("");
    bool group = l->at[0].kind == ADDR_GROUP_START && !l->at[0].mailbox.n;
    return group ? l->at[0].name : l->at[0].mailbox;
}

/* RFC 5957 3.1: the display name, decoded; else mailbox@host. */
static void put_display(struct buf *b, const struct addrlist *l)
{
    auto_buf struct buf text;
    buf_init(&text, VALUE_MAX * 4);
    if (l->n && l->at[0].name.n)
        words_to_utf8(&text, str_slice(l->at[0].name, 0, VALUE_MAX));
    if (l->n && !text.n)
        buf_add(&text, first_mailbox(l));
    if (l->n && !l->at[0].name.n && l->at[0].host.n) {
        buf_addc(&text, '@');
        buf_add(&text, l->at[0].host);
    }
    put_str(b, cut_utf8(buf_str(&text), DIGEST_SUBJECT_MAX));
}

static const struct mime_part *part_after(const struct mime_part *p)
{
    if (p->children)
        return p->children;
    while (p && !p->next)
        p = p->parent;
    return p ? p->next : NULL;
}

/* File names, and whether anything is attached. */
static bool collect_names(struct buf *names, const struct mime_part *root)
{
    bool attached = false;
    auto_buf struct buf one;
    buf_init(&one, VALUE_MAX * 4);
    for (const struct mime_part *p = root; p; p = part_after(p)) {
        attached |= str_ieq(p->disposition, S("attachment"));
        if (!p->disposition.p && !p->params.n)
            continue;
        buf_reset(&one);
        if (!mail_part_name(&one, p))
            continue;
        attached = true;
        str name = cut_utf8(buf_str(&one), DIGEST_SUBJECT_MAX);
        if (memchr(name.p, 0, name.n) || names->n + name.n + 1 > DIGEST_NAMES_MAX)
            continue;
        buf_add(names, name);
        buf_addc(names, 0);
    }
    return attached;
}

/* ---- the whole ---- */

struct keys {
    struct buf refs, id, names, subject;
    struct mail_date date;
    unsigned flags;
};

static void read_keys(struct keys *k, str header, const struct envelope *e,
                      const struct mime_part *root)
{
    buf_init(&k->refs, DIGEST_REFS_MAX * (MSGID_MAX + 1));
    buf_init(&k->id, MSGID_MAX + 1);
    buf_init(&k->names, DIGEST_NAMES_MAX);
    buf_init(&k->subject, DIGEST_SUBJECT_MAX + 16);
    references_of(&k->refs, header, e);
    str rest = e->message_id;
    if (!msgid_next(&rest, &k->id))
        buf_reset(&k->id);
    if (e->date.p && !failed(date_parse(e->date, &k->date)))
        k->flags |= DIGEST_HAS_SENT;
    if (collect_names(&k->names, root))
        k->flags |= DIGEST_ATTACHMENT;
    if (put_subject(&k->subject, e))
        k->flags |= DIGEST_REFWD;
}

static void keys_done(struct keys *k)
{
    buf_done(&k->refs);
    buf_done(&k->id);
    buf_done(&k->names);
    buf_done(&k->subject);
}

static void put_keys(struct buf *b, const struct keys *k, const struct envelope *e)
{
    if (k->flags & DIGEST_HAS_SENT) {
        put_signed(b, k->date.epoch);
        put_signed(b, date_sent_day(&k->date));
    }
    buf_add(b, buf_str(&k->subject));
    put_str(b, buf_str(&k->id));
    put_str(b, buf_str(&k->refs));
    put_str(b, first_mailbox(&e->from));
    put_str(b, first_mailbox(&e->to));
    put_str(b, first_mailbox(&e->cc));
    put_display(b, &e->from);
    put_display(b, &e->to);
    put_str(b, buf_str(&k->names));
}

static void put_text(struct buf *b, const struct mime_part *root)
{
    auto_buf struct buf preview;
    buf_init(&preview, PREVIEW_CHARS * 4 + 16);
    preview_write(&preview, root);
    put_str(b, buf_str(&preview));
}

static void put_tree(struct buf *b, const struct mime_part *root, const struct envelope *e)
{
    auto_buf struct buf one;
    buf_init(&one, b->max);
    put_envelope(&one, e);
    b->over |= one.over;
    put_str(b, buf_str(&one));
    buf_reset(&one);
    struct arena *scratch = NULL;
    put_part(&one, &scratch, root);
    arena_free(scratch);
    b->over |= one.over;
    put_str(b, buf_str(&one));
}

err digest_make(struct buf *b, struct arena *a, str message, const struct digest_id *id)
{
    struct mime_part *root = mime_parse(a, message);
    str header = header_split(message, 0).header;
    struct envelope e = envelope_read(a, header);
    struct keys k = {0};
    read_keys(&k, header, &e, root);
    struct digest_id thread = thread_of(buf_str(&k.refs), buf_str(&k.id));
    buf_addc(b, (char)DIGEST_MAGIC);
    buf_addc(b, DIGEST_VERSION);
    buf_addc(b, (char)k.flags);
    buf_add(b, str_of(id->at, sizeof id->at));
    buf_add(b, str_of(thread.at, sizeof thread.at));
    put_number(b, root->header_octets + root->body_octets);
    put_number(b, root->header_lines + root->body_lines);
    put_number(b, root->header.n);
    put_keys(b, &k, &e);
    put_text(b, root);
    put_tree(b, root, &e);
    keys_done(&k);
    return buf_check(b, "digest of a message");
}
