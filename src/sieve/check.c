/* SPDX-License-Identifier: ISC */
/* Goes through the tree once, in the order of the text: finds each command's row, binds its
 * arguments to their slots, and says what does not fit. With `ihave` (RFC 5463) what is not known
 * is no mistake until it is reached: such a node becomes OP_UNKNOWN. */
#include "sieve/check.h"

#include "sieve/values.h"
#include "wire/charset.h"

void check_problem(struct checker *c, struct sieve_pos at, enum sieve_problem_kind kind, str a,
                   str b)
{
    sieve_problem_add(c->problems, at, kind, a, b);
    c->node_bad = true;
}

bool check_has(const struct checker *c, enum extension e)
{
    return e == EXT_NONE || (c->script->required & EXT_BIT(e)) != 0;
}

bool check_needs(struct checker *c, struct sieve_pos at, str what, enum extension e)
{
    if (check_has(c, e))
        return true;
    check_problem(c, at, SIEVE_NEEDS_REQUIRE, what, str_from(extension_name(e)));
    return false;
}

/* What is not known may be behind an ihave that says so. */
static void unknown(struct checker *c, struct node *n, struct sieve_pos at,
                    enum sieve_problem_kind kind, str a, str b)
{
    if (check_has(c, EXT_IHAVE)) {
        n->op = OP_UNKNOWN;
        c->node_bad = true;
    } else {
        check_problem(c, at, kind, a, b);
    }
}

static void grant(struct checker *c, enum extension e)
{
    c->script->required |= EXT_BIT(e);
    if (e == EXT_VACATION_SECONDS)
        c->script->required |= EXT_BIT(EXT_VACATION);
}

/* ---- arguments ---- */

static const char *shape_of(char letter)
{
    return letter == 'n' ? "123" : letter == 'L' ? "[\"…\", \"…\"]" : "\"…\"";
}

static bool fits(const struct arg *a, char letter)
{
    if (letter == 'n')
        return a->kind == ARG_NUMBER;
    return a->kind == ARG_STRING || (letter == 'L' && a->kind == ARG_LIST);
}

static struct bound *bind(struct node *n, enum slot slot, const struct arg *a)
{
    struct bound *b = &n->bound[n->n_bound++];
    *b = (struct bound){.slot = slot, .at = a->at};
    if (a->kind != ARG_TAG) {
        b->number = a->number;
        b->list = a->list;
        b->n = a->n;
    }
    return b;
}

const struct bound *node_get(const struct node *n, enum slot slot)
{
    for (size_t i = 0; i < n->n_bound; i++)
        if (n->bound[i].slot == slot)
            return &n->bound[i];
    return NULL;
}

/* Takes the tag at *i and its value. */
static bool bind_tag(struct checker *c, struct node *n, size_t *i)
{
    const struct arg *a = &n->args[*i];
    const struct tag *t = form_tag(n->form, a->tag);
    if (!t) {
        unknown(c, n, a->at, SIEVE_UNKNOWN_TAG, a->tag, n->name);
        return false;
    }
    str shown = arena_printf(c->script->arena, ":%s", t->name);
    if (!check_needs(c, a->at, shown, t->ext))
        return false;
    if (node_get(n, t->slot)) {
        check_problem(c, a->at, SIEVE_TAG_TWICE, a->tag, S(""));
        return false;
    }
    if (!t->param) {
        bind(n, t->slot, a)->tag = t;
        return true;
    }
    if (*i + 1 >= n->n_args || !fits(&n->args[*i + 1], t->param)) {
        check_problem(c, a->at, SIEVE_TAG_NO_VALUE, a->tag, str_from(shape_of(t->param)));
        return false;
    }
    struct bound *b = bind(n, t->slot, &n->args[++*i]);
    b->tag = t;
    if (t->param == 'c' && b->list[0].dynamic) {
        check_problem(c, b->at, SIEVE_NOT_CONSTANT, S(""), S(""));
        return false;
    }
    return true;
}

/* Letters of `takes` for arguments; '?' comes before one that may be missing. */
static size_t letters(const char *takes, bool *ret_optional)
{
    size_t n = 0;
    *ret_optional = false;
    for (; *takes; takes++) {
        n += *takes == 's' || *takes == 'L' || *takes == 'n';
        *ret_optional |= *takes == '?';
    }
    return n;
}

static void bind_positional(struct checker *c, struct node *n, size_t from)
{
    bool optional;
    size_t want = letters(n->form->takes, &optional), have = n->n_args - from;
    bool skip = optional && have + 1 == want;
    unsigned slot = SLOT_1;
    for (const char *t = n->form->takes; *t; t++) {
        bool may_miss = *t == '?';
        t += may_miss;
        if (*t != 's' && *t != 'L' && *t != 'n')
            continue;
        enum slot here = (enum slot)slot++;
        if (may_miss && skip)
            continue;
        if (from >= n->n_args) {
            check_problem(c, n->at, SIEVE_TOO_FEW, n->name, str_from(shape_of(*t)));
            return;
        }
        if (!fits(&n->args[from], *t)) {
            bool late = n->args[from].kind == ARG_TAG;
            check_problem(c, n->args[from].at, late ? SIEVE_TAG_LATE : SIEVE_WRONG_TYPE,
                          late ? n->args[from].tag : n->name, str_from(shape_of(*t)));
            return;
        }
        bind(n, here, &n->args[from++]);
    }
    if (from < n->n_args)
        check_problem(c, n->args[from].at,
                      n->args[from].kind == ARG_TAG ? SIEVE_TAG_LATE : SIEVE_TOO_MUCH,
                      n->args[from].kind == ARG_TAG ? n->args[from].tag : n->name, S(""));
}

static void prepare_texts(struct checker *c, struct node *n)
{
    for (size_t i = 0; i < n->n_args; i++)
        for (size_t k = 0; k < n->args[i].n; k++)
            check_text(c, &n->args[i].list[k]);
}

static void bind_arguments(struct checker *c, struct node *n)
{
    n->bound = NEW_N(c->script->arena, struct bound, n->n_args + 1);
    size_t i = 0;
    for (; i < n->n_args && n->args[i].kind == ARG_TAG; i++)
        if (!bind_tag(c, n, &i))
            return;
    bind_positional(c, n, i);
}

/* ---- commands and tests ---- */

static void check_test(struct checker *c, struct node *n);
static void check_block(struct checker *c, struct node *first, bool top);

static void check_shape(struct checker *c, struct node *n)
{
    char last = 0, tests = 0;
    for (const char *t = n->form->takes; *t; t++) {
        tests = *t == 'T' || *t == 'A' ? *t : tests;
        last = *t;
    }
    bool one = n->n_tests == 1 && !n->test_list;
    if (tests == 'T' && !one)
        check_problem(c, n->at, SIEVE_NEEDS_TEST, n->name, S(""));
    else if (tests == 'A' && !n->test_list)
        check_problem(c, n->at, SIEVE_NEEDS_TEST, n->name, S(""));
    else if (!tests && n->n_tests)
        check_problem(c, n->tests->at, SIEVE_NO_TEST, n->name, S(""));
    if (n->form->kind == FORM_TEST)
        return;
    if (last == 'B' && !n->has_block)
        check_problem(c, n->at, SIEVE_NEEDS_BLOCK, n->name, S(""));
    else if (last != 'B' && n->has_block)
        check_problem(c, n->at, SIEVE_NO_BLOCK, n->name, S(""));
}

/* Finds the row. False: there is none that may stand here. */
static bool find_form(struct checker *c, struct node *n, bool as_test)
{
    const struct form *f = form_find(n->name);
    if (!f) {
        unknown(c, n, n->at, as_test ? SIEVE_UNKNOWN_TEST : SIEVE_UNKNOWN_COMMAND, n->name, S(""));
        return false;
    }
    if ((f->kind == FORM_TEST) != as_test) {
        check_problem(c, n->at, as_test ? SIEVE_IS_COMMAND : SIEVE_IS_TEST, n->name, S(""));
        return false;
    }
    if (f->ext != EXT_NONE && !check_has(c, f->ext) && check_has(c, EXT_IHAVE)) {
        unknown(c, n, n->at, SIEVE_UNKNOWN_COMMAND, n->name, S(""));
        return false;
    }
    n->form = f;
    n->op = f->op;
    return check_needs(c, n->at, n->name, f->ext);
}

/* Names behind ihave count as required from here on (RFC 5463 4). */
static void take_ihave(struct checker *c, const struct node *n)
{
    const struct bound *b = node_get(n, SLOT_1);
    for (size_t i = 0; b && i < b->n; i++) {
        enum extension e = extension_find(b->list[i].s);
        if (e != EXT_NONE)
            grant(c, e);
    }
}

static void check_node(struct checker *c, struct node *n, bool as_test)
{
    c->node_bad = false;
    prepare_texts(c, n);
    if (!find_form(c, n, as_test))
        return;
    check_shape(c, n);
    bind_arguments(c, n);
    if (!c->node_bad)
        check_values(c, n);
    if (!c->node_bad && n->op == OP_IHAVE)
        take_ihave(c, n);
}

static void check_test(struct checker *c, struct node *n)
{
    check_node(c, n, true);
    for (struct node *t = n->tests; t; t = t->next)
        check_test(c, t);
}

static void check_require(struct checker *c, const struct node *n)
{
    const struct bound *b = node_get(n, SLOT_1);
    for (size_t i = 0; b && i < b->n; i++) {
        enum extension e = extension_find(b->list[i].s);
        if (e == EXT_NONE)
            sieve_problem_add(c->problems, b->list[i].at, SIEVE_UNKNOWN_EXTENSION, b->list[i].s,
                              S(""));
        else
            grant(c, e);
    }
}

static bool is_if(const struct node *n)
{
    return n && (str_eq(n->name, S("if")) || str_eq(n->name, S("elsif")));
}

static void check_block(struct checker *c, struct node *first, bool top)
{
    const struct node *before = NULL;
    bool requires_over = !top;
    for (struct node *n = first; n; before = n, n = n->next) {
        check_node(c, n, false);
        if (n->op == OP_REQUIRE) {
            if (requires_over)
                sieve_problem_add(c->problems, n->at, SIEVE_LATE_REQUIRE, S(""), S(""));
            check_require(c, n);
        } else {
            requires_over = true;
        }
        if ((n->op == OP_ELSIF || n->op == OP_ELSE) && !is_if(before))
            sieve_problem_add(c->problems, n->at, SIEVE_ALONE_ELSE, n->name, S(""));
        for (struct node *t = n->tests; t; t = t->next)
            check_test(c, t);
        check_block(c, n->block, false);
    }
}

void script_check(struct sieve_script *s, struct sieve_problems *problems)
{
    struct checker c = {.script = s, .problems = problems};
    check_block(&c, s->first, true);
}
