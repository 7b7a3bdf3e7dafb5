/* SPDX-License-Identifier: ISC */
/* RFC 5229, and the globals of RFC 6609 3.4. */
#include "sieve/run.h"
#include "wire/charset.h"

enum { TEXT_MAX = SIEVE_SCRIPT_MAX + SIEVE_VALUE_MAX };

struct cell { /* a variable; one that was made global stands for the global one */
    str value;
    bool global;
};

void frame_done(struct frame *f)
{
    map_free(f->variables);
    f->variables = NULL;
}

static struct cell *cell_of(struct map *m, struct run *r, str name)
{
    return m ? map_get(m, arena_lower(r->scratch, name)) : NULL;
}

str variable_get(struct run *r, str name)
{
    bool global;
    str bare;
    uint64_t number;
    if (str_u64(name, &number))
        return number < r->frame->n_captures ? r->frame->captures[number] : S("");
    if (!variable_name_parse(name, &global, &bare))
        return S("");
    struct cell *c = global ? NULL : cell_of(r->frame->variables, r, bare);
    if (global || (c && c->global))
        c = cell_of(r->globals, r, bare);
    return c ? c->value : S("");
}

static struct cell *need(struct run *r, struct map **m, struct sieve_pos at, str name)
{
    struct cell *c = cell_of(*m, r, name);
    if (c)
        return c;
    if (!*m)
        *m = map_new();
    if (map_count(*m) >= SIEVE_VARIABLES_MAX) {
        run_fail(r, at, SIEVE_RUN_MEMORY, S(""), S(""));
        return NULL;
    }
    c = NEW(r->a, struct cell);
    map_put(*m, arena_lower(r->scratch, name), c);
    return c;
}

/* At most SIEVE_VALUE_MAX octets, not cut inside a character. */
static str shortened(str s)
{
    size_t n = s.n < SIEVE_VALUE_MAX ? s.n : SIEVE_VALUE_MAX;
    while (n < s.n && n > SIEVE_VALUE_MAX - 4 && ((unsigned char)s.p[n] & 0xc0) == 0x80)
        n--;
    return str_slice(s, 0, n);
}

void variable_set(struct run *r, struct sieve_pos at, str name, str value)
{
    bool global;
    str bare;
    if (!variable_name_parse(name, &global, &bare))
        return; /* the checker let none through */
    struct cell *c = global ? NULL : cell_of(r->frame->variables, r, bare);
    bool shared = global || (c && c->global);
    c = need(r, shared ? &r->globals : &r->frame->variables, at, bare);
    if (c)
        c->value = arena_copy(r->a, shortened(value));
}

void run_global(struct run *r, const struct node *n)
{
    const struct bound *b = node_get(n, SLOT_1);
    for (size_t i = 0; i < b->n && !r->failed; i++) {
        bool global;
        str bare;
        if (!variable_name_parse(b->list[i].s, &global, &bare))
            continue;
        struct cell *c = cell_of(r->frame->variables, r, bare);
        if (c && !c->global) {
            run_fail(r, n->at, SIEVE_GLOBAL_LATE, bare, S(""));
            return;
        }
        c = need(r, &r->frame->variables, n->at, bare);
        if (c)
            c->global = true;
    }
}

/* ---- ${…} ---- */

static bool is_reference(str name)
{
    bool global;
    str bare;
    uint64_t number;
    return str_u64(name, &number) || variable_name_parse(name, &global, &bare);
}

static str expand(struct run *r, str s)
{
    auto_buf struct buf out;
    buf_init(&out, TEXT_MAX);
    for (;;) {
        ptrdiff_t at = str_find_str(s, S("${"));
        if (at < 0)
            break;
        str inside = str_from_at(s, (size_t)at + 2);
        ptrdiff_t end = str_find(inside, '}');
        if (end < 0)
            break;
        str name = str_slice(inside, 0, (size_t)end);
        bool known = is_reference(name);
        buf_add(&out, str_slice(s, 0, (size_t)at));
        buf_add(&out, known ? variable_get(r, name) : S("${"));
        s = known ? str_from_at(inside, (size_t)end + 1) : inside;
    }
    buf_add(&out, s);
    if (!run_work(r, out.n))
        return S("");
    if (out.over)
        run_fail(r, (struct sieve_pos){0}, SIEVE_RUN_MEMORY, S(""), S(""));
    return arena_copy(r->a, buf_str(&out));
}

str run_text(struct run *r, const struct text *t)
{
    return t->dynamic ? expand(r, t->s) : t->s;
}

str *run_list(struct run *r, const struct bound *b, size_t *ret_n)
{
    *ret_n = b ? b->n : 0;
    str *list = NEW_N(r->a, str, *ret_n + 1);
    for (size_t i = 0; i < *ret_n; i++)
        list[i] = run_text(r, &b->list[i]);
    return list;
}

/* ---- set and its modifiers (RFC 5229 4.1), highest precedence first ---- */

static str change_case(struct run *r, str s, bool upper, size_t n)
{
    char *p = arena_alloc(r->scratch, s.n + 1, 1);
    for (size_t i = 0; i < s.n; i++)
        p[i] = i >= n ? s.p[i] : upper ? char_upper(s.p[i]) : char_lower(s.p[i]);
    return str_of(p, s.n);
}

static str quote(struct run *r, str s, str special)
{
    char *p = arena_alloc(r->scratch, s.n * 2 + 1, 1);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (str_find(special, s.p[i]) >= 0)
            p[n++] = '\\';
        p[n++] = s.p[i];
    }
    return str_of(p, n);
}

static str encode_url(struct run *r, str s) /* RFC 5435 6: all but RFC 3986's unreserved */
{
    auto_buf struct buf b;
    buf_init(&b, s.n * 3 + 1);
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (char_is_alpha(c) || char_is_digit(c) || str_find(S("-._~"), c) >= 0)
            buf_addc(&b, c);
        else
            buf_addf(&b, "%%%02X", (unsigned)(unsigned char)c);
    }
    return arena_copy(r->scratch, buf_str(&b));
}

static size_t characters(str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
    return n;
}

void run_set(struct run *r, const struct node *n)
{
    const struct bound *b;
    str value = run_text(r, &node_get(n, SLOT_2)->list[0]);
    if ((b = node_get(n, SLOT_CASE)))
        value = change_case(r, value, b->tag->value == 1, value.n);
    if ((b = node_get(n, SLOT_FIRST)))
        value = change_case(r, value, b->tag->value == 1, 1);
    if ((b = node_get(n, SLOT_QUOTE)))
        value = quote(r, value, b->tag->value == 1 ? S("\\^$.[]|()?*+{}") : S("\\*?"));
    if (node_get(n, SLOT_URL))
        value = encode_url(r, value);
    if (node_get(n, SLOT_LENGTH))
        value = arena_printf(r->scratch, "%zu", characters(value));
    str name = node_get(n, SLOT_1)->list[0].s;
    if (run_work(r, value.n))
        variable_set(r, n->at, name, value);
    run_trace(r, n->at, "set %.*s = \"%.*s\"", STR_ARG(name), STR_ARG(shortened(value)));
}
