/* SPDX-License-Identifier: ISC */
/* ban/regex_sample.c -- a text that an expression matches, made from its tree: each repeat as few
 * times as it may, of alternatives the first that works. For reports and for trying jails out;
 * whatever comes out has been matched before it is given. */
#include <string.h>

#include "ban/regex.h"

enum { TRIES = 6, SAMPLE_MAX = 8 << 10 };

struct maker {
    const struct re_tree *tree;
    struct regex_sample *wish;
    struct buf *out;
    unsigned variant; /* another try: longer repeats, other branches */
    struct {
        size_t from, to;
        bool set;
    } groups[REGEX_GROUPS_MAX + 1];
};

static str name_of(const struct re_tree *t, uint32_t group)
{
    for (size_t i = 0; group && i < t->n_names; i++)
        if (t->names[i].group == group)
            return t->names[i].name;
    return S("");
}

static bool class_has(char cls, char c)
{
    bool word = char_is_alpha(c) || char_is_digit(c) || c == '_';
    bool space = c == ' ' || (c >= '\t' && c <= '\r');
    char low = char_lower(cls);
    bool in = low == 'd' ? char_is_digit(c) : low == 's' ? space : word;
    return cls == low ? in : !in;
}

static char from_set(const struct re_node *n, unsigned variant)
{
    static const char likely[] = "a1Ax0- ._:/'\"()[]<>\t@#";
    char found = 'a';
    for (size_t k = 0; k < sizeof likely - 1 + 95; k++) {
        char c = k < sizeof likely - 1 ? likely[k] : (char)(' ' + (int)(k - sizeof likely + 1));
        bool in = false;
        for (size_t i = 0; i < n->n_ranges && !in; i++) {
            const struct re_range *r = &n->ranges[i];
            in = r->cls ? class_has(r->cls, c) : (uint32_t)c >= r->from && (uint32_t)c <= r->to;
        }
        if (in == n->negated)
            continue;
        found = c;
        if (!variant--)
            break;
    }
    return found;
}

static void make(struct maker *m, const struct re_node *n);

static void make_group(struct maker *m, const struct re_node *n)
{
    str name = name_of(m->tree, n->group);
    size_t from = m->out->n;
    if (str_eq(name, S("ip4")))
        buf_add(m->out, m->wish->address);
    else if (str_eq(name, S("content")) && m->wish->content.p)
        buf_add(m->out, m->wish->content);
    else
        make(m, n->child);
    m->groups[n->group].from = from;
    m->groups[n->group].to = m->out->n;
    m->groups[n->group].set = true;
}

static bool is_wild(const struct re_node *n)
{
    return n->kind == RE_REPEAT && n->max == RE_INF &&
           (n->child->kind == RE_ANY || (n->child->kind == RE_CLASS && n->child->code == 'S'));
}

static void make_repeat(struct maker *m, const struct re_node *n)
{
    if (is_wild(n) && m->wish->wilds++ == m->wish->wild_at && m->wish->wild.p) {
        buf_add(m->out, m->wish->wild);
        return;
    }
    uint32_t times = n->min;
    if (m->variant % 2 && times == 0 && n->max > 0)
        times = 1;
    for (uint32_t i = 0; i < times && m->out->n < SAMPLE_MAX; i++)
        make(m, n->child);
}

static void make_char(struct maker *m, uint32_t c)
{
    if (c < 0x80) {
        buf_addc(m->out, (char)c);
    } else if (c < 0x800) {
        buf_addc(m->out, (char)(0xc0 | c >> 6));
        buf_addc(m->out, (char)(0x80 | (c & 63)));
    } else if (c < 0x10000) {
        buf_addc(m->out, (char)(0xe0 | c >> 12));
        buf_addc(m->out, (char)(0x80 | (c >> 6 & 63)));
        buf_addc(m->out, (char)(0x80 | (c & 63)));
    } else {
        buf_addc(m->out, (char)(0xf0 | c >> 18));
        buf_addc(m->out, (char)(0x80 | (c >> 12 & 63)));
        buf_addc(m->out, (char)(0x80 | (c >> 6 & 63)));
        buf_addc(m->out, (char)(0x80 | (c & 63)));
    }
}

static void make(struct maker *m, const struct re_node *n)
{
    switch (n->kind) {
    case RE_EMPTY:
    case RE_AT:
    case RE_LOOK:
        break;
    case RE_CHAR:
        make_char(m, n->code);
        break;
    case RE_ANY:
        buf_addc(m->out, 'x');
        break;
    case RE_CLASS:
        buf_addc(m->out, n->code == 'd' || n->code == 'S' || n->code == 'w' ? '1'
                         : n->code == 's' || n->code == 'W'                 ? ' '
                                                                            : 'x');
        break;
    case RE_SET:
        buf_addc(m->out, from_set(n, m->variant / 2));
        break;
    case RE_BACKREF:
        if (m->groups[n->group].set) {
            str s = str_slice(buf_str(m->out), m->groups[n->group].from, m->groups[n->group].to);
            for (size_t i = 0; i < s.n && m->out->n < SAMPLE_MAX; i++) /* the buffer may move */
                buf_addc(m->out, m->out->p[m->groups[n->group].from + i]);
        }
        break;
    case RE_GROUP:
        make_group(m, n);
        break;
    case RE_ATOMIC:
        make(m, n->child);
        break;
    case RE_COND:
        if (m->groups[n->group].set)
            make(m, n->child);
        else if (n->other)
            make(m, n->other);
        break;
    case RE_REPEAT:
        make_repeat(m, n);
        break;
    case RE_SEQ:
        for (const struct re_node *c = n->child; c; c = c->next)
            make(m, c);
        break;
    case RE_ALT: {
        const struct re_node *c = n->child;
        for (unsigned skip = m->variant / 2; skip && c->next; skip--)
            c = c->next;
        make(m, c);
        break;
    }
    }
}

bool regex_sample(struct regex *r, struct regex_sample *s, struct buf *out)
{
    struct arena *work = arena_new("sample", (size_t)64 << 20);
    struct re_tree t;
    struct re_error e;
    bool ok = false;
    if (regex_parse(regex_source(r), work, &t, &e)) {
        struct maker *m = NEW(work, struct maker);
        for (unsigned variant = 0; variant < TRIES && !ok; variant++) {
            struct regex_hit hit;
            *m = (struct maker){
                .tree = &t, .wish = s, .out = out, .variant = s->full ? variant ^ 1 : variant};
            buf_reset(out);
            s->wilds = 0;
            make(m, t.root);
            buf_addc(out, '\n');
            ok = !out->over && regex_match(r, buf_str(out), 0, false, &hit) == REGEX_YES;
            if (out->n)
                out->n--;
        }
    }
    arena_free(work);
    return ok;
}
