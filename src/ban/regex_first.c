/* SPDX-License-Identifier: ISC */
/* ban/regex_first.c -- what a match must begin with and must contain, read off the tree. Only
 * for texts that are plain ASCII: see regex.h. */
#include <string.h>

#include "ban/regex.h"

static void add(uint64_t *set, uint32_t c)
{
    if (c < 128)
        set[c / 64] |= UINT64_C(1) << (c % 64);
}

static void add_folded(uint64_t *set, uint32_t c, bool fold)
{
    add(set, c);
    if (fold && c < 128) {
        add(set, (unsigned char)char_lower((char)c));
        add(set, (unsigned char)char_upper((char)c));
    }
}

static bool in_class(char cls, char c)
{
    bool word = char_is_alpha(c) || char_is_digit(c) || c == '_';
    bool space = c == ' ' || (c >= '\t' && c <= '\r');
    switch (cls) {
    case 'd':
        return char_is_digit(c);
    case 'D':
        return !char_is_digit(c);
    case 's':
        return space;
    case 'S':
        return !space;
    case 'w':
        return word;
    default:
        return !word;
    }
}

static bool in_set(const struct re_node *n, char c)
{
    bool fold = n->flags & RE_I, in = false;
    for (size_t i = 0; i < n->n_ranges && !in; i++) {
        const struct re_range *r = &n->ranges[i];
        uint32_t v = (unsigned char)c, lower = (unsigned char)char_lower(c),
                 upper = (unsigned char)char_upper(c);
        if (r->cls)
            in = in_class(r->cls, c);
        else
            in = (v >= r->from && v <= r->to) || (fold && ((lower >= r->from && lower <= r->to) ||
                                                           (upper >= r->from && upper <= r->to)));
    }
    /* The two letters that fold to ASCII from outside: let them through. */
    if (fold && n->negated)
        return true;
    return in != n->negated;
}

/* Adds what `n` can begin with; true when it can also match nothing. */
static bool first(const struct re_node *n, uint64_t *set)
{
    bool empty = false;
    switch (n->kind) {
    case RE_CHAR:
        if (n->code >= 128 && n->flags & RE_I) /* KELVIN SIGN and the long s */
            set[0] = set[1] = UINT64_MAX;
        add_folded(set, n->code, n->flags & RE_I);
        return false;
    case RE_ANY:
    case RE_BACKREF:
        set[0] = set[1] = UINT64_MAX;
        return n->kind == RE_BACKREF;
    case RE_SET:
    case RE_CLASS:
        for (int c = 0; c < 128; c++)
            if (n->kind == RE_SET ? in_set(n, (char)c) : in_class((char)n->code, (char)c))
                add(set, (uint32_t)c);
        return false;
    case RE_GROUP:
    case RE_ATOMIC:
        return first(n->child, set);
    case RE_REPEAT:
        if (n->max == 0)
            return true;
        return first(n->child, set) || n->min == 0;
    case RE_COND:
        empty = first(n->child, set);
        return (n->other ? first(n->other, set) : true) || empty;
    case RE_SEQ:
        for (const struct re_node *c = n->child; c; c = c->next)
            if (!first(c, set))
                return false;
        return true;
    case RE_ALT:
        for (const struct re_node *c = n->child; c; c = c->next)
            empty = first(c, set) || empty;
        return empty;
    case RE_EMPTY:
    case RE_AT:
    case RE_LOOK:
        break;
    }
    return true;
}

static bool anchored(const struct re_node *n)
{
    switch (n->kind) {
    case RE_AT:
        return (n->code == '^' && !(n->flags & RE_M)) || n->code == 'A';
    case RE_GROUP:
    case RE_ATOMIC:
        return anchored(n->child);
    case RE_SEQ: {
        const struct re_node *c = n->child;
        while (c && c->kind == RE_EMPTY)
            c = c->next;
        return c && anchored(c);
    }
    case RE_ALT:
        for (const struct re_node *c = n->child; c; c = c->next)
            if (!anchored(c))
                return false;
        return true;
    default:
        return false;
    }
}

struct runs {
    char now[64], best[64];
    size_t n, best_n;
};

static void cut(struct runs *r)
{
    if (r->n > r->best_n) {
        memcpy(r->best, r->now, r->n);
        r->best_n = r->n;
    }
    r->n = 0;
}

static void walk(const struct re_node *n, struct runs *r)
{
    switch (n->kind) {
    case RE_CHAR: {
        char c = (char)n->code;
        if (n->code >= 128 || (n->flags & RE_I && char_is_alpha(c)) || r->n == sizeof r->now) {
            cut(r);
            return;
        }
        r->now[r->n++] = c;
        return;
    }
    case RE_EMPTY:
    case RE_AT:
    case RE_LOOK: /* no width: what stands before and behind it stays together */
        return;
    case RE_GROUP:
    case RE_ATOMIC:
        walk(n->child, r);
        return;
    case RE_SEQ:
        for (const struct re_node *c = n->child; c; c = c->next)
            walk(c, r);
        return;
    case RE_REPEAT:
        if (n->min > 0) {
            walk(n->child, r);
            cut(r);
            if (n->max != 1)
                return; /* the last round may stand before what follows, but not only once */
        }
        cut(r);
        return;
    default:
        cut(r);
    }
}

void regex_needs(const struct re_tree *t, struct arena *a, struct re_needs *ret)
{
    *ret = (struct re_needs){.anchored = anchored(t->root)};
    ret->empty = first(t->root, ret->first);
    struct runs r = {.n = 0};
    walk(t->root, &r);
    cut(&r);
    ret->literal = arena_copy(a, str_of(r.best, r.best_n >= 3 ? r.best_n : 0));
}
