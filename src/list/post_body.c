/* SPDX-License-Identifier: ISC */
#include "list/post_body.h"

#include "wire/encoding.h"
#include "wire/header.h"
#include "wire/params.h"

enum { BOUNDARY_MAX = 256 };

str content_type(struct arena *a, str header, str *ret_boundary)
{
    struct header_field f;
    str rest;
    *ret_boundary = (str){0};
    if (!header_find(header, S("Content-Type"), &f))
        return S("text/plain");
    str type = params_token(f.value, &rest);
    struct params p = params_parse(a, rest);
    if (str_istarts(type, S("multipart/")))
        *ret_boundary = params_get(&p, S("boundary"));
    if (ret_boundary->n > BOUNDARY_MAX)
        *ret_boundary = (str){0};
    return type;
}

static bool names(const struct list_lines *l, str type)
{
    for (size_t i = 0; i < l->n; i++) {
        str t = l->at[i];
        if (str_ieq(t, type))
            return true;
        if (str_find(t, '/') < 0 && str_istarts(type, t) && type.n > t.n && type.p[t.n] == '/')
            return true; /* "image" is all of them */
    }
    return false;
}

/* 0: an ordinary line; 1: a boundary; 2: the closing one. */
static int boundary_kind(str line, str boundary)
{
    if (!str_skip(&line, S("--")) || !str_skip(&line, boundary))
        return 0;
    return str_starts(line, S("--")) ? 2 : 1;
}

/* Takes text up to the next boundary off the front. *ret_at: the boundary's line. */
static str next_part(str *rest, str boundary, str *ret_line, int *ret_kind)
{
    str from = *rest, line, at = *rest;
    *ret_kind = 0;
    while (str_line(rest, &line)) {
        *ret_kind = boundary_kind(line, boundary);
        if (*ret_kind) {
            *ret_line = str_slice(at, 0, at.n - rest->n);
            return str_slice(from, 0, (size_t)(at.p - from.p));
        }
        at = *rest;
    }
    *ret_line = (str){0};
    return from;
}

bool post_body_strip(struct mlist *l, str header, str *body)
{
    struct list_lines keep = list_values(l, "mimekeep"), drop = list_values(l, "mimeremove");
    str boundary, type = content_type(l->arena, header, &boundary), line = {0}, inner;
    if (!keep.n && !drop.n)
        return true;
    if (!boundary.n)
        return keep.n ? names(&keep, type) : !names(&drop, type);
    struct buf b;
    buf_init(&b, LIST_POST_MAX);
    str rest = *body;
    int kind, before = 0;
    size_t left = 0;
    while (rest.n) {
        str opening = line, part = next_part(&rest, boundary, &line, &kind);
        if (before == 1) {
            type = content_type(l->arena, header_split(part, 0).header, &inner);
            if (keep.n ? names(&keep, type) : !names(&drop, type)) {
                buf_add(&b, opening);
                buf_add(&b, part);
                left++;
            }
        } else {
            buf_add(&b, part); /* before the first boundary, after the last */
        }
        if (kind == 2)
            buf_add(&b, line);
        before = kind;
    }
    *body = arena_copy(l->arena, buf_str(&b));
    buf_done(&b);
    return left > 0;
}

bool post_body_refused(struct mlist *l, str header, str body, str *ret_type)
{
    struct list_lines no = list_values(l, "mimereject");
    str boundary, line, inner, type = content_type(l->arena, header, &boundary);
    *ret_type = type;
    if (names(&no, type))
        return true;
    int kind, before = 0;
    while (no.n && boundary.n && body.n) {
        str part = next_part(&body, boundary, &line, &kind);
        *ret_type = content_type(l->arena, header_split(part, 0).header, &inner);
        if (before == 1 && names(&no, *ret_type))
            return true;
        before = kind;
    }
    return false;
}

static bool add_as_part(struct buf *b, str body, str boundary, str trailer)
{
    str rest = body, line = {0};
    int kind = 0;
    while (rest.n && kind != 2)
        (void)next_part(&rest, boundary, &line, &kind); /* only the closing line matters */
    if (kind != 2)
        return false;
    size_t at = (size_t)(line.p - body.p);
    buf_add(b, str_slice(body, 0, at));
    buf_addf(b, "--%.*s\nContent-Type: text/plain; charset=us-ascii\n\n%.*s\n", STR_ARG(boundary),
             STR_ARG(trailer));
    buf_add(b, str_from_at(body, at));
    return true;
}

void post_body_write(struct buf *b, str header, str body, str trailer)
{
    struct arena *a = arena_new("body", 4 << 20);
    str boundary, type = content_type(a, header, &boundary);
    str encoding = header_value(a, header, S("Content-Transfer-Encoding"));
    if (!trailer.n || (!boundary.n && !str_ieq(type, S("text/plain")))) {
        buf_add(b, body);
    } else if (boundary.n) {
        bool carries = str_ieq(type, S("multipart/mixed")) ||
                       str_ieq(type, S("multipart/digest")) ||
                       str_ieq(type, S("multipart/parallel"));
        if (!carries || !add_as_part(b, body, boundary, trailer))
            buf_add(b, body);
    } else if (str_ieq(encoding, S("base64"))) {
        auto_buf struct buf plain;
        struct base64_decoder d = {0};
        struct base64_encoder e = {0};
        buf_init(&plain, LIST_POST_MAX);
        base64_decode_feed(&d, &plain, body);
        base64_decode_end(&d, &plain);
        buf_addc(&plain, '\n');
        buf_add(&plain, trailer);
        base64_encode_feed(&e, b, buf_str(&plain), S("\n"));
        base64_encode_end(&e, b, S("\n"));
    } else {
        buf_add(b, body);
        buf_add(b, str_ends(body, S("\n")) ? S("\n") : S("\n\n"));
        if (str_ieq(encoding, S("quoted-printable"))) {
            struct qp_encoder e = {0};
            qp_encode_feed(&e, b, trailer, QP_TEXT, S("\n"));
            qp_encode_end(&e, b, S("\n"));
        } else {
            buf_add(b, trailer);
        }
    }
    arena_free(a);
}
