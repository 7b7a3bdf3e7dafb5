/* SPDX-License-Identifier: ISC */
/* sieve/run.h -- a script while it runs: shared by the files of the interpreter.
 *
 * run.c walks commands, tests.c and dates.c answer tests, values come from view.c, match.c
 * compares, variables.c expands, actions.c and edit.c do. A failure sets `failed`; everybody looks
 * at it.
 */
#pragma once
#include "sieve/regex.h"
#include "sieve/tree.h"
#include "sieve/values.h"
#include "wire/header.h"
#include "wire/mime.h"

struct frame { /* one script: the first one or an included one */
    struct frame *up;
    const struct sieve_script *script;
    str name;
    bool returned;
    struct map *variables; /* lower case name -> str */
    str captures[SIEVE_CAPTURES_MAX];
    size_t n_captures;
};

struct included {
    struct included *next;
    enum sieve_include_from from;
    str name;
    struct sieve_script *script; /* NULL: there is none */
    bool ran;
};

struct run {
    const struct sieve_env *env;
    const struct sieve_message *m;
    struct arena *a;       /* lives as long as the result */
    struct arena *scratch; /* one test's */
    size_t used_before;    /* of a */
    struct header_split split;
    str header; /* as edited */
    bool edited;
    unsigned edits;
    struct arena *mime_arena;
    const struct mime_part *mime;
    struct frame *frame;
    struct map *globals;
    struct included *included;
    size_t n_included;
    unsigned depth;
    uint64_t work;
    bool stopped, failed;
    bool keep; /* the implicit one */
    struct sieve_problem problem;
    str flags[SIEVE_FLAGS_MAX];
    size_t n_flags;
    struct sieve_action actions[SIEVE_ACTIONS_MAX];
    size_t n_actions;
    unsigned redirects;
    struct sieve_duplicate duplicates[SIEVE_DUPLICATES_MAX];
    size_t n_duplicates;
};

struct values {
    str *at;
    size_t n, cap;
};

void run_fail(struct run *r, struct sieve_pos at, enum sieve_problem_kind kind, str a, str b);
/* Counts octets looked at or copied; false: a limit is reached and the run has failed. */
bool run_work(struct run *r, uint64_t n);
void run_trace(struct run *r, struct sieve_pos at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* variables.c */
str run_text(struct run *r, const struct text *t); /* with its variables; lives in a */
str *run_list(struct run *r, const struct bound *b, size_t *ret_n);
str variable_get(struct run *r, str name); /* empty when unset */
void variable_set(struct run *r, struct sieve_pos at, str name, str value);
void run_set(struct run *r, const struct node *n);
void run_global(struct run *r, const struct node *n);
void frame_done(struct frame *f);

/* match.c */
struct matcher {
    enum match_type type;
    enum comparator cmp;
    enum relation rel;
    const str *keys;
    size_t n_keys;
    struct pattern **patterns;
    bool captures; /* sets ${1} and so on */
    struct sieve_pos at;
};
struct matcher matcher_of(struct run *r, const struct node *n, const struct bound *keys);
bool match_values(struct run *r, const struct matcher *m, const struct values *v);
bool match_value(struct run *r, const struct matcher *m, str value); /* not :count */

/* view.c: what tests look at. Values live in scratch. */
void values_add(struct run *r, struct values *v, str s);
str header_decoded(struct run *r, str raw_value); /* UTF-8, trimmed */
void header_values(struct run *r, const struct node *n, struct values *ret);
void address_values(struct run *r, const struct node *n, struct values *ret);
void envelope_values(struct run *r, const struct node *n, struct values *ret);
/* The fields of that name which :index and :last choose: raw values. */
void header_fields(struct run *r, const struct node *n, str name, struct values *ret);

/* body.c */
void body_values(struct run *r, const struct node *n, struct values *ret);

/* dates.c */
void date_values(struct run *r, const struct node *n, struct values *ret);
void currentdate_values(struct run *r, const struct node *n, struct values *ret);

/* tests.c */
bool run_test(struct run *r, const struct node *n);

/* flags.c */
void run_flags(struct run *r, const struct node *n);
void flags_values(struct run *r, const struct node *n, struct values *ret);
/* The flags of keep or fileinto: its own, or the script's. */
const str *action_flags(struct run *r, const struct node *n, size_t *ret_n);

/* actions.c */
void run_action(struct run *r, const struct node *n);
void action_implicit_keep(struct run *r);
struct sieve_vacation vacation_of(struct run *r, const struct node *n);

/* edit.c */
void run_addheader(struct run *r, const struct node *n);
void run_deleteheader(struct run *r, const struct node *n);
