/* SPDX-License-Identifier: ISC */
/* How it works: the parts in their order tell where the fields and bodies lie that change; what is
 * between them is copied. */
#include "wire/unbinary.h"

#include "wire/encoding.h"
#include "wire/header.h"
#include "wire/mime.h"

enum { PIECE = 32 * 1024 };

struct rewrite {
    struct buf *out;
    err (*flush)(void *ctx);
    void *ctx;
    str message;
    size_t at; /* copied so far */
};

static bool is_binary(const struct mime_part *p)
{
    return str_ieq(str_trim(p->encoding), S("binary"));
}

static const struct mime_part *next_part(const struct mime_part *p)
{
    if (p->children != NULL)
        return p->children;
    while (p != NULL && p->next == NULL)
        p = p->parent;
    return p != NULL ? p->next : NULL;
}

bool unbinary_is_needed(struct arena *a, str message)
{
    if (str_find(message, '\0') >= 0)
        return true;
    for (const struct mime_part *p = mime_parse(a, message); p != NULL; p = next_part(p))
        if (is_binary(p))
            return true;
    return false;
}

static err copy_to(struct rewrite *r, size_t to)
{
    while (r->at < to) {
        size_t end = to - r->at > PIECE ? r->at + PIECE : to;
        for (size_t i = r->at; i < end; i++)
            if (r->message.p[i] != '\0')
                buf_addc(r->out, r->message.p[i]);
        r->at = end;
        err e = r->flush(r->ctx);
        if (failed(e))
            return e;
    }
    return OK_ERR;
}

/* The header, with its encoding said anew. */
static err write_header(struct rewrite *r, const struct mime_part *p, str encoding)
{
    str rest = p->header;
    struct header_field f;
    err e = copy_to(r, p->header_at);
    while (!failed(e) && header_find_next(&rest, S("Content-Transfer-Encoding"), &f)) {
        e = copy_to(r, (size_t)(f.raw.p - r->message.p));
        buf_addf(r->out, "Content-Transfer-Encoding: %.*s\n", STR_ARG(encoding));
        r->at = (size_t)(f.raw.p - r->message.p) + f.raw.n;
    }
    return failed(e) ? e : copy_to(r, p->header_at + p->header.n);
}

static err write_base64(struct rewrite *r, str body)
{
    struct base64_encoder enc = {0};
    while (body.n > 0) {
        base64_encode_feed(&enc, r->out, str_slice(body, 0, PIECE), S("\n"));
        body = str_from_at(body, PIECE);
        err e = r->flush(r->ctx);
        if (failed(e))
            return e;
    }
    base64_encode_end(&enc, r->out, S("\n"));
    return r->flush(r->ctx);
}

err unbinary_write(struct arena *a, str message, struct buf *out, err (*flush)(void *ctx),
                   void *ctx)
{
    struct rewrite r = {.out = out, .flush = flush, .ctx = ctx, .message = message};
    err e = OK_ERR;
    for (const struct mime_part *p = mime_parse(a, message); p != NULL && !failed(e);
         p = next_part(p)) {
        if (!is_binary(p) || p->header_at < r.at)
            continue;
        bool leaf = p->kind == MIME_LEAF;
        e = write_header(&r, p, leaf ? S("base64") : S("8bit"));
        if (failed(e) || !leaf)
            continue;
        e = copy_to(&r, p->body_at);
        if (!failed(e))
            e = write_base64(&r, p->body);
        r.at = p->body_at + p->body.n;
        /* The line end that belongs to the boundary follows; base64 brought its own. */
        str rest = str_from_at(message, r.at);
        r.at += str_starts(rest, S("\r\n")) ? 2 : str_starts(rest, S("\n")) ? 1 : 0;
    }
    if (!failed(e))
        e = copy_to(&r, message.n);
    return failed(e) ? e : buf_check(out, "message");
}
