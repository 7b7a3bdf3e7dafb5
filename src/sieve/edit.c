/* SPDX-License-Identifier: ISC */
/* RFC 5293: the header as it will be stored. Received and Auto-Submitted stay what they are. */
#include "sieve/run.h"
#include "wire/words.h"

enum { EDITED_MAX = 1 << 20 }; /* of a header that is edited at all */

static bool may_edit(struct run *r, const struct node *n, str name)
{
    if (!header_name_is_valid(name)) {
        run_fail(r, n->at, SIEVE_RUN_HEADER, name, S(""));
        return false;
    }
    if (is_protected_header(name))
        return false;
    if (r->header.n > EDITED_MAX || r->edits++ >= SIEVE_EDITS_MAX) {
        run_fail(r, n->at, SIEVE_RUN_MEMORY, S(""), S(""));
        return false;
    }
    return run_work(r, r->header.n);
}

static void replace(struct run *r, struct buf *b)
{
    if (b->over) {
        run_fail(r, (struct sieve_pos){0}, SIEVE_RUN_MEMORY, S(""), S(""));
        return;
    }
    r->header = arena_copy(r->a, buf_str(b));
    r->edited = true;
}

/* Line ends in a value would end the field, or begin others. */
static str on_one_line(struct run *r, str value)
{
    char *p = arena_alloc(r->scratch, value.n + 1, 1);
    for (size_t i = 0; i < value.n; i++)
        p[i] = (unsigned char)value.p[i] < 0x20 ? ' ' : value.p[i];
    return str_of(p, value.n);
}

void run_addheader(struct run *r, const struct node *n)
{
    str name = run_text(r, &node_get(n, SLOT_1)->list[0]);
    str value = run_text(r, &node_get(n, SLOT_2)->list[0]);
    auto_buf struct buf b;
    buf_init(&b, EDITED_MAX * 2);
    run_trace(r, n->at, "addheader %.*s", STR_ARG(name));
    if (!may_edit(r, n, name))
        return;
    bool last = node_get(n, SLOT_LAST) != NULL;
    if (last)
        buf_add(&b, r->header);
    if (last && b.n && !str_ends(r->header, S("\n")))
        buf_addc(&b, '\n');
    buf_add(&b, name);
    buf_add(&b, S(": "));
    words_encode(&b, on_one_line(r, str_slice(value, 0, SIEVE_VALUE_MAX)), name.n + 2, S("\n"));
    buf_addc(&b, '\n');
    if (!last)
        buf_add(&b, r->header);
    replace(r, &b);
}

/* Which of the `total` fields: 0 all of them. */
static size_t chosen(const struct node *n, size_t total)
{
    const struct bound *index = node_get(n, SLOT_INDEX);
    if (!index)
        return 0;
    if (!index->number || index->number > total)
        return SIZE_MAX;
    return node_get(n, SLOT_LAST) ? total + 1 - (size_t)index->number : (size_t)index->number;
}

static bool goes(struct run *r, const struct matcher *m, const struct header_field *f)
{
    if (!m->n_keys)
        return true;
    return match_value(r, m, header_decoded(r, f->value));
}

void run_deleteheader(struct run *r, const struct node *n)
{
    str name = run_text(r, &node_get(n, SLOT_1)->list[0]);
    auto_buf struct buf b;
    buf_init(&b, EDITED_MAX * 2);
    run_trace(r, n->at, "deleteheader %.*s", STR_ARG(name));
    if (!may_edit(r, n, name))
        return;
    struct matcher m = matcher_of(r, n, node_get(n, SLOT_2));
    size_t only = chosen(n, header_count(r->header, name)), at = 0;
    struct header_field f;
    str rest = r->header;
    while (!r->failed && header_next(&rest, &f)) {
        bool named = str_ieq(f.name, name);
        at += named;
        if (named && (!only || only == at) && goes(r, &m, &f))
            continue;
        buf_add(&b, f.raw);
    }
    if (!r->failed)
        replace(r, &b);
}
