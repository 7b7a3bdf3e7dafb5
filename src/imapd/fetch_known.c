/* SPDX-License-Identifier: ISC */
#include "imapd/fetch_known.h"

#include "imapd/names.h"
#include "wire/imap_write.h"

struct fetch_known {
    size_t index[FETCH_KNOWN_MAX];
    uint32_t uids[FETCH_KNOWN_MAX];
    str blobs[FETCH_KNOWN_MAX];
    size_t n, at;
    struct buf made;
};

enum {
    ONLY_KNOWN = IMAP_FETCH_EMAILID | IMAP_FETCH_THREADID | IMAP_FETCH_PREVIEW,
    STRUCTURES = IMAP_FETCH_BODY | IMAP_FETCH_BODYSTRUCTURE,
};

/* A message that is read as far as these need it needs no digest for them. */
bool fetch_needs_digest(const struct imap_fetch_args *args)
{
    enum fetch_source text = fetch_source(args, FETCH_WITH_DIGEST);
    return (args->kinds & ONLY_KNOWN) || ((args->kinds & STRUCTURES) && text != FETCH_WHOLE) ||
           ((args->kinds & IMAP_FETCH_ENVELOPE) && text == FETCH_TABLE);
}

static size_t uids_of(const struct fetch *f, const struct spans *spans, uint32_t *ret_uids,
                      size_t *ret_index)
{
    const struct store_box *box = store_box(f->s->store);
    size_t span = 0, next = 0, index, n = 0;
    while (n < FETCH_KNOWN_MAX && spans_next(spans, &span, &next, &index)) {
        if (ret_index != NULL)
            ret_index[n] = index;
        ret_uids[n++] = box->messages[index].uid;
    }
    return n;
}

err fetch_know(struct fetch *f, const struct spans *spans, bool *ret_all)
{
    if (f->known == NULL)
        f->known = NEW(f->s->arena, struct fetch_known);
    struct fetch_known *k = f->known;
    k->at = 0;
    k->n = uids_of(f, spans, k->uids, k->index);
    *ret_all = true;
    if (k->n == 0)
        return OK_ERR;
    err e = store_digests(f->s->store, k->uids, k->n, k->blobs);
    for (size_t i = 0; i < k->n && !failed(e); i++)
        *ret_all &= k->blobs[i].n > 0;
    return e;
}

err fetch_know_next(struct fetch *f, const struct spans *spans)
{
    uint32_t uids[FETCH_KNOWN_MAX];
    size_t n = uids_of(f, spans, uids, NULL);
    return n > 0 ? store_prefetch_digests(f->s->store, uids, n) : OK_ERR;
}

static err make(struct fetch *f, str text, str *ret_blob)
{
    struct buf *made = &f->known->made;
    struct digest_id id = store_emailid(text);
    buf_done(made);
    buf_init(made, DIGEST_MAX);
    err e = digest_make(made, f->scratch, text, &id);
    arena_reset(f->scratch);
    *ret_blob = buf_str(made);
    return e;
}

/* Of this message; those asked for come in the order of the answers. */
static err find(struct fetch *f, size_t index, const struct body *b, struct mail_digest *ret)
{
    struct fetch_known *k = f->known;
    while (k->at < k->n && k->index[k->at] < index)
        k->at++;
    bool there = k->at < k->n && k->index[k->at] == index && k->blobs[k->at].n > 0;
    if (there) {
        err e = digest_open(k->blobs[k->at], ret);
        if (!failed(e))
            return e;
    }
    if (b == NULL)
        return err_new(ERR_NOTFOUND, "no digest");
    str blob;
    err e = make(f, b->text, &blob);
    if (failed(e))
        return e;
    if (blob.n <= DIGEST_KEEP_MAX)
        e = store_remember(f->s->store, store_box(f->s->store)->messages[index].uid, blob);
    return failed(e) ? e : digest_open(blob, ret);
}

static void word(struct fetch *f, const char *name)
{
    if (f->out.n > 0 && f->out.p[f->out.n - 1] != '(')
        buf_addc(&f->out, ' ');
    buf_add(&f->out, str_from(name));
    buf_addc(&f->out, ' ');
}

static void envelope_item(struct fetch *f, const struct mail_digest *d)
{
    struct envelope e;
    size_t start = f->out.n;
    arena_reset(f->scratch);
    if (failed(digest_envelope(d, f->scratch, &e)))
        return;
    word(f, "ENVELOPE");
    imap_write_envelope(&f->out, &e);
    if (f->out.over)
        f->out.n = start;
    else
        f->told |= IMAP_FETCH_ENVELOPE;
}

static void structure_item(struct fetch *f, const struct mail_digest *d, const char *name,
                           enum imap_fetch_kind kind)
{
    struct mime_part *root;
    size_t start = f->out.n;
    if (!(f->args.kinds & kind) || failed(digest_structure(d, f->arena, &root)))
        return;
    word(f, name);
    imap_write_structure(&f->out, f->scratch, root, kind == IMAP_FETCH_BODYSTRUCTURE);
    if (f->out.over)
        f->out.n = start;
    else
        f->told |= kind;
}

static void message_items(struct fetch *f, const struct mail_digest *d)
{
    if (f->args.kinds & IMAP_FETCH_ENVELOPE)
        envelope_item(f, d);
    structure_item(f, d, "BODY", IMAP_FETCH_BODY);
    structure_item(f, d, "BODYSTRUCTURE", IMAP_FETCH_BODYSTRUCTURE);
    f->out.over = false; /* what is too large for an answer is told otherwise, by who reads it */
}

static void id_item(struct fetch *f, const char *name, const struct digest_id *id)
{
    word(f, name);
    buf_addc(&f->out, '(');
    digest_id_write(&f->out, id);
    buf_addc(&f->out, ')');
}

/* RFC 8970 3: UTF-8 whatever was enabled. All can be had soon, so LAZY changes nothing. */
static void preview_item(struct fetch *f, str text)
{
    word(f, "PREVIEW");
    if (names_are_utf8(f->s))
        imap_write_utf8(&f->out, text);
    else
        imap_write_string(&f->out, text);
}

err fetch_known_items(struct fetch *f, size_t index, const struct body *b)
{
    struct mail_digest d;
    unsigned kinds = f->args.kinds;
    f->told = 0;
    if (!fetch_needs_digest(&f->args))
        return OK_ERR;
    err e = find(f, index, b, &d);
    if (failed(e))
        return e.kind == ERR_CLOSED || e.kind == ERR_TIMEOUT ? e : OK_ERR; /* it goes without */
    message_items(f, &d);
    if (kinds & IMAP_FETCH_EMAILID)
        id_item(f, "EMAILID", &d.id);
    if (kinds & IMAP_FETCH_THREADID)
        id_item(f, "THREADID", &d.thread);
    if (kinds & IMAP_FETCH_PREVIEW)
        preview_item(f, d.preview);
    return OK_ERR;
}

void fetch_known_done(struct fetch *f)
{
    if (f->known != NULL)
        buf_done(&f->known->made);
}
