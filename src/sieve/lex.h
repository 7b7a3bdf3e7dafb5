/* SPDX-License-Identifier: ISC */
/* sieve/lex.h -- the words of a script (RFC 5228 8.1). Linear; comments and white space go. */
#pragma once
#include "sieve/problem.h"

enum token_kind {
    TOKEN_END,
    TOKEN_NAME,   /* text: lower case */
    TOKEN_TAG,    /* text: lower case, without the colon */
    TOKEN_NUMBER, /* number: with K, M, G done */
    TOKEN_STRING, /* text: unescaped, LF line ends */
    TOKEN_MARK,   /* mark: one of ( ) [ ] { } , ; */
    TOKEN_BAD,    /* a problem was told */
};

struct token {
    enum token_kind kind;
    struct sieve_pos at;
    str text;
    uint64_t number;
    char mark;
};

struct lexer {
    str rest;
    struct sieve_pos at;
    struct arena *arena;
    struct sieve_problems *problems;
};

struct token lexer_next(struct lexer *l);
