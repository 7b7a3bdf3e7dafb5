/* SPDX-License-Identifier: ISC */
/* RFC 5232: a list of flags without doubles, kept for the message or in a variable. */
#include "sieve/run.h"

struct flag_set {
    str at[SIEVE_FLAGS_MAX];
    size_t n;
};

static size_t find(const struct flag_set *s, str flag)
{
    size_t i = 0;
    while (i < s->n && !str_ieq(s->at[i], flag))
        i++;
    return i;
}

/* Flags in one string are apart by spaces. What cannot be a flag is left out. */
static void add_words(struct run *r, struct flag_set *s, str text)
{
    str one;
    while (text.n && !r->failed) {
        (void)str_cut(text, ' ', &one, &text);
        if (!run_work(r, 16) || !flag_is_valid(one) || find(s, one) < s->n ||
            s->n == SIEVE_FLAGS_MAX)
            continue;
        s->at[s->n++] = arena_copy(r->a, one);
    }
}

static void remove_words(struct flag_set *s, const struct flag_set *gone)
{
    for (size_t i = 0; i < gone->n; i++) {
        size_t at = find(s, gone->at[i]);
        if (at == s->n)
            continue;
        for (s->n--; at < s->n; at++)
            s->at[at] = s->at[at + 1];
    }
}

static void add_list(struct run *r, struct flag_set *s, const struct bound *b)
{
    size_t n;
    str *list = run_list(r, b, &n);
    for (size_t i = 0; i < n; i++)
        add_words(r, s, list[i]);
}

static str joined(struct run *r, const struct flag_set *s)
{
    auto_buf struct buf b;
    buf_init(&b, SIEVE_FLAGS_MAX * (SIEVE_FLAG_BYTES + 1));
    for (size_t i = 0; i < s->n; i++) {
        buf_add(&b, i ? S(" ") : S(""));
        buf_add(&b, s->at[i]);
    }
    return arena_copy(r->a, buf_str(&b));
}

static void load(struct run *r, const struct bound *variable, struct flag_set *ret)
{
    *ret = (struct flag_set){0};
    if (variable) {
        add_words(r, ret, variable_get(r, variable->list[0].s));
        return;
    }
    for (size_t i = 0; i < r->n_flags; i++)
        ret->at[ret->n++] = r->flags[i];
}

void run_flags(struct run *r, const struct node *n)
{
    const struct bound *variable = node_get(n, SLOT_1);
    struct flag_set now, given = {0};
    load(r, variable, &now);
    add_list(r, &given, node_get(n, SLOT_2));
    if (n->op == OP_SETFLAG)
        now.n = 0;
    if (n->op == OP_REMOVEFLAG)
        remove_words(&now, &given);
    for (size_t i = 0; n->op != OP_REMOVEFLAG && i < given.n; i++)
        add_words(r, &now, given.at[i]);
    run_trace(r, n->at, "%s: \"%.*s\"", n->form->name, STR_ARG(joined(r, &now)));
    if (variable) {
        variable_set(r, n->at, variable->list[0].s, joined(r, &now));
        return;
    }
    for (size_t i = 0; i < now.n; i++)
        r->flags[i] = now.at[i];
    r->n_flags = now.n;
}

void flags_values(struct run *r, const struct node *n, struct values *ret)
{
    const struct bound *variables = node_get(n, SLOT_1);
    struct flag_set s;
    if (!variables)
        load(r, NULL, &s);
    else
        s = (struct flag_set){0};
    for (size_t i = 0; variables && i < variables->n; i++)
        add_words(r, &s, variable_get(r, variables->list[i].s));
    for (size_t i = 0; i < s.n; i++)
        values_add(r, ret, s.at[i]);
}

const str *action_flags(struct run *r, const struct node *n, size_t *ret_n)
{
    const struct bound *own = n ? node_get(n, SLOT_FLAGS) : NULL;
    struct flag_set s = {0};
    if (own)
        add_list(r, &s, own);
    else
        load(r, NULL, &s);
    str *copy = NEW_N(r->a, str, s.n + 1);
    for (size_t i = 0; i < s.n; i++)
        copy[i] = s.at[i];
    *ret_n = s.n;
    return copy;
}
