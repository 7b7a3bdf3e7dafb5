/* SPDX-License-Identifier: ISC */
/* RFC 5228 8.2, one token ahead. The first mistake in the grammar ends the reading: what follows
 * it would be guesses. Depth is limited, so that recursion is. */
#include "sieve/lex.h"
#include "sieve/tree.h"

struct parser {
    struct sieve_script *script;
    struct lexer lex;
    struct token now;
    unsigned depth;
    bool stopped;
};

static bool stop(struct parser *p, struct sieve_pos at, enum sieve_problem_kind kind, str a)
{
    if (!p->stopped && p->now.kind != TOKEN_BAD)
        sieve_problem_add(p->lex.problems, at, kind, a, S(""));
    p->stopped = true;
    return false;
}

static bool next(struct parser *p)
{
    p->now = lexer_next(&p->lex);
    if (p->now.kind == TOKEN_BAD)
        p->stopped = true;
    return !p->stopped;
}

static bool at_mark(const struct parser *p, char c)
{
    return p->now.kind == TOKEN_MARK && p->now.mark == c;
}

static struct text take_text(struct parser *p)
{
    p->script->strings++;
    return (struct text){.s = p->now.text, .at = p->now.at};
}

static bool string_list(struct parser *p, struct arg *ret)
{
    struct sieve_pos open = p->now.at;
    VEC(struct text) list = {0};
    bool ok = next(p);
    while (ok && !at_mark(p, ']')) {
        if (p->now.kind != TOKEN_STRING || p->script->strings >= SIEVE_STRINGS_MAX) {
            ok = stop(p, p->now.kind == TOKEN_END ? open : p->now.at,
                      p->now.kind == TOKEN_STRING ? SIEVE_TOO_MANY : SIEVE_OPEN_LIST, S(""));
            break;
        }
        vec_push(&list, take_text(p));
        ok = next(p);
        if (ok && at_mark(p, ','))
            ok = next(p) &&
                 (p->now.kind == TOKEN_STRING || stop(p, p->now.at, SIEVE_OPEN_LIST, S("")));
        else if (ok && !at_mark(p, ']'))
            ok = stop(p, p->now.kind == TOKEN_END ? open : p->now.at, SIEVE_OPEN_LIST, S(""));
    }
    if (ok && list.n) {
        ret->list = NEW_N(p->script->arena, struct text, list.n);
        for (size_t i = 0; i < list.n; i++)
            ret->list[i] = list.at[i];
    }
    ret->kind = ARG_LIST;
    ret->n = list.n;
    vec_done(&list);
    return ok && next(p);
}

static bool argument(struct parser *p, struct arg *ret)
{
    *ret = (struct arg){.at = p->now.at, .number = p->now.number, .tag = p->now.text};
    switch (p->now.kind) {
    case TOKEN_NUMBER:
        ret->kind = ARG_NUMBER;
        return next(p);
    case TOKEN_TAG:
        ret->kind = ARG_TAG;
        return next(p);
    case TOKEN_STRING:
        if (p->script->strings >= SIEVE_STRINGS_MAX)
            return stop(p, p->now.at, SIEVE_TOO_MANY, S(""));
        ret->kind = ARG_STRING;
        ret->list = NEW(p->script->arena, struct text);
        ret->list[0] = take_text(p);
        ret->n = 1;
        return next(p);
    default:
        return string_list(p, ret);
    }
}

static bool starts_argument(const struct parser *p)
{
    return p->now.kind == TOKEN_NUMBER || p->now.kind == TOKEN_TAG || p->now.kind == TOKEN_STRING ||
           at_mark(p, '[');
}

static struct node *new_node(struct parser *p)
{
    if (p->script->nodes++ >= SIEVE_NODES_MAX) {
        stop(p, p->now.at, SIEVE_TOO_MANY, S(""));
        return NULL;
    }
    struct node *n = NEW(p->script->arena, struct node);
    n->at = p->now.at;
    n->name = p->now.text;
    return n;
}

static bool deeper(struct parser *p)
{
    if (++p->depth > SIEVE_NESTING_MAX)
        return stop(p, p->now.at, SIEVE_TOO_DEEP, S(""));
    return true;
}

static bool arguments(struct parser *p, struct node *n);

static struct node *test(struct parser *p)
{
    if (p->now.kind != TOKEN_NAME) {
        stop(p, p->now.at, SIEVE_OPEN_TESTS, S(""));
        return NULL;
    }
    struct node *n = new_node(p);
    if (!n || !deeper(p) || !next(p) || !arguments(p, n))
        return NULL;
    p->depth--;
    return n;
}

static bool test_list(struct parser *p, struct node *n)
{
    struct node **end = &n->tests;
    n->test_list = true;
    do {
        if (!next(p) || !(*end = test(p)))
            return false;
        end = &(*end)->next;
        n->n_tests++;
    } while (at_mark(p, ','));
    if (!at_mark(p, ')'))
        return stop(p, p->now.at, SIEVE_OPEN_TESTS, S(""));
    return next(p);
}

static bool arguments(struct parser *p, struct node *n)
{
    VEC(struct arg) args = {0};
    bool ok = true;
    while (ok && starts_argument(p)) {
        struct arg a;
        ok = argument(p, &a);
        vec_push(&args, a);
    }
    n->args = NEW_N(p->script->arena, struct arg, args.n + 1);
    n->n_args = args.n;
    for (size_t i = 0; i < args.n; i++)
        n->args[i] = args.at[i];
    vec_done(&args);
    if (ok && at_mark(p, '('))
        return test_list(p, n);
    if (ok && p->now.kind == TOKEN_NAME) {
        n->tests = test(p);
        n->n_tests = 1;
        return n->tests != NULL;
    }
    return ok;
}

static bool commands(struct parser *p, struct node **end, bool inside, struct sieve_pos open);

static bool command(struct parser *p, struct node **ret)
{
    if (p->now.kind != TOKEN_NAME)
        return stop(p, p->now.at, at_mark(p, '}') ? SIEVE_EXTRA_BRACE : SIEVE_NO_COMMAND, S(""));
    struct node *n = new_node(p);
    if (!n || !next(p) || !arguments(p, n))
        return false;
    *ret = n;
    if (at_mark(p, ';'))
        return next(p);
    struct sieve_pos open = p->now.at;
    if (!at_mark(p, '{'))
        return stop(p, p->now.at, SIEVE_NO_SEMICOLON, n->name);
    n->has_block = true;
    if (!deeper(p) || !next(p) || !commands(p, &n->block, true, open))
        return false;
    p->depth--;
    return next(p);
}

static bool commands(struct parser *p, struct node **end, bool inside, struct sieve_pos open)
{
    for (;;) {
        if (inside && at_mark(p, '}'))
            return true;
        if (p->now.kind == TOKEN_END)
            return !inside || stop(p, open, SIEVE_OPEN_BLOCK, S(""));
        if (!command(p, end))
            return false;
        end = &(*end)->next;
    }
}

bool script_parse(struct sieve_script *s, struct sieve_problems *problems)
{
    struct parser p = {
        .script = s,
        .lex = {.rest = s->text, .at = {1, 1}, .arena = s->arena, .problems = problems},
    };
    (void)str_skip(&p.lex.rest, S("\xef\xbb\xbf")); /* a byte order mark of some editors */
    return next(&p) && commands(&p, &s->first, false, (struct sieve_pos){0});
}
