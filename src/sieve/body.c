/* SPDX-License-Identifier: ISC */
/* RFC 5173. */
#include "sieve/run.h"
#include "wire/charset.h"
#include "wire/mail_text.h"

static const struct mime_part *structure(struct run *r)
{
    if (!r->mime) {
        r->mime_arena = arena_new("sieve mime", MIME_ARENA_MAX + (1 << 20));
        r->mime = mime_parse(r->mime_arena, r->m->text);
        (void)run_work(r, r->m->text.n);
    }
    return r->mime;
}

/* Depth first, without recursion. */
static const struct mime_part *after(const struct mime_part *p)
{
    if (p->children)
        return p->children;
    while (p && !p->next)
        p = p->parent;
    return p ? p->next : NULL;
}

static bool type_fits(const struct mime_part *p, str want)
{
    str type, subtype;
    if (!want.n)
        return true;
    if (!str_cut(want, '/', &type, &subtype))
        return str_ieq(p->type, want);
    return type.n && subtype.n && str_find(subtype, '/') < 0 && str_ieq(p->type, type) &&
           str_ieq(p->subtype, subtype);
}

/* A text part's octets in UTF-8, HTML with its tags. */
static void add_decoded(struct run *r, const struct mime_part *p, struct values *ret)
{
    auto_buf struct buf raw, utf8;
    buf_init(&raw, SIEVE_BODY_MAX);
    buf_init(&utf8, SIEVE_BODY_MAX);
    if (!run_work(r, p->body.n))
        return;
    mail_part_decode(&raw, p);
    str charset = params_get(&p->params, S("charset"));
    if (str_ieq(p->type, S("text")) && charset.n &&
        !failed(charset_to_utf8(&utf8, charset, buf_str(&raw))))
        values_add(r, ret, arena_copy(r->scratch, buf_str(&utf8)));
    else
        values_add(r, ret, arena_copy(r->scratch, buf_str(&raw)));
}

/* What stands before the first part and after the last one, without the boundaries' lines. */
static void add_around(struct run *r, const struct mime_part *p, struct values *ret)
{
    if (!p->children)
        return;
    const struct mime_part *last = p->last_child ? p->last_child : p->children;
    size_t begin = p->body_at, end = begin + p->body.n;
    size_t first = p->children->header_at, tail = last->body_at + last->body.n;
    str before = str_slice(r->m->text, begin, first < end ? first : end);
    ptrdiff_t line = before.n > 1 ? str_rfind(str_slice(before, 0, before.n - 1), '\n') : -1;
    values_add(r, ret, str_slice(before, 0, line < 0 ? 0 : (size_t)line + 1));
    str behind = str_slice(r->m->text, tail < end ? tail : end, end);
    (void)str_skip(&behind, S("\r"));
    (void)str_skip(&behind, S("\n"));
    ptrdiff_t eol = str_find(behind, '\n');
    values_add(r, ret, eol < 0 ? S("") : str_from_at(behind, (size_t)eol + 1));
}

static void add_content(struct run *r, const struct mime_part *p, struct values *ret)
{
    if (p->kind == MIME_MULTIPART)
        add_around(r, p, ret);
    else if (p->kind == MIME_MESSAGE)
        values_add(r, ret, p->children ? p->children->header : p->body);
    else
        add_decoded(r, p, ret);
}

static void add_text(struct run *r, const struct mime_part *p, struct values *ret)
{
    auto_buf struct buf b;
    buf_init(&b, SIEVE_BODY_MAX);
    if (p->kind == MIME_LEAF && run_work(r, p->body.n) && mail_part_text(&b, p))
        values_add(r, ret, arena_copy(r->scratch, buf_str(&b)));
}

void body_values(struct run *r, const struct node *n, struct values *ret)
{
    const struct bound *how = node_get(n, SLOT_TRANSFORM);
    if (how && how->tag->value == 0) {
        values_add(r, ret, str_slice(r->split.body, 0, SIEVE_BODY_MAX));
        return;
    }
    size_t n_types = 0;
    str *types = how && how->tag->value == 1 ? run_list(r, how, &n_types) : NULL;
    size_t parts = 0, at = 0, octets = 0;
    for (const struct mime_part *p = structure(r); p && !r->failed; p = after(p)) {
        for (; at < ret->n; at++)
            octets += ret->at[at].n;
        if (++parts > SIEVE_VALUES_MAX || octets >= SIEVE_BODY_MAX || !run_work(r, 64))
            break; /* what lies behind is not looked at */
        if (!types)
            add_text(r, p, ret);
        for (size_t i = 0; i < n_types; i++)
            if (type_fits(p, types[i])) {
                add_content(r, p, ret);
                break;
            }
    }
}
