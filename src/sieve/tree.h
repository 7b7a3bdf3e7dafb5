/* SPDX-License-Identifier: ISC */
/* sieve/tree.h -- a script as a tree: what the parser makes, the checker completes and the
 * interpreter walks. Everything lies in the script's arena.
 */
#pragma once
#include "sieve/forms.h"
#include "sieve/sieve.h"

struct text { /* a string as it stands in the script */
    str s;
    struct sieve_pos at;
    bool dynamic; /* holds ${…} that variables must expand */
};

enum arg_kind { ARG_NUMBER, ARG_TAG, ARG_STRING, ARG_LIST };
struct arg {
    enum arg_kind kind;
    struct sieve_pos at;
    uint64_t number;
    str tag;
    struct text *list; /* ARG_STRING: one */
    size_t n;
};

/* An argument that found its place. */
struct bound {
    enum slot slot;
    const struct tag *tag; /* NULL: positional */
    struct sieve_pos at;
    uint64_t number;
    const struct text *list;
    size_t n;
};

struct pattern; /* sieve/regex.h */

struct node {
    enum op op;
    const struct form *form; /* NULL: unknown, behind ihave */
    struct sieve_pos at;
    str name;
    struct arg *args;
    size_t n_args;
    struct node *tests; /* linked by next */
    size_t n_tests;
    bool test_list; /* in parentheses */
    struct node *block;
    bool has_block;
    struct node *next;
    struct bound *bound;
    size_t n_bound;
    struct pattern **patterns; /* of the constant keys of a :regex test */
};

struct sieve_script {
    str text;
    struct arena *arena;
    struct node *first;
    uint64_t required; /* bits of enum extension */
    struct pattern *all_patterns;
    size_t nodes, strings;
};

const struct bound *node_get(const struct node *n, enum slot slot); /* NULL: not given */
const struct bound *node_keys(const struct node *n);                /* the last positional one */

/* parse.c: NULL after a mistake that leaves nothing to go on with. */
bool script_parse(struct sieve_script *s, struct sieve_problems *problems);
/* check.c */
void script_check(struct sieve_script *s, struct sieve_problems *problems);
