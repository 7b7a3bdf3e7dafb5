/* SPDX-License-Identifier: ISC */
/* sieve/check.h -- between the files of the checker: check.c (shape) and check_values.c (what
 * strings and numbers say). */
#pragma once
#include "sieve/tree.h"

struct checker {
    struct sieve_script *script;
    struct sieve_problems *problems;
    bool node_bad; /* a problem was told about the node at hand */
};

void check_problem(struct checker *c, struct sieve_pos at, enum sieve_problem_kind kind, str a,
                   str b);
bool check_has(const struct checker *c, enum extension e);
bool check_needs(struct checker *c, struct sieve_pos at, str what, enum extension e);

/* check_values.c */
void check_text(struct checker *c, struct text *t); /* encoded characters, variables */
void check_values(struct checker *c, struct node *n);
