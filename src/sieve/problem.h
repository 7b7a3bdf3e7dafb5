/* SPDX-License-Identifier: ISC */
/* sieve/problem.h -- what is wrong with a script: where, what, and what to do about it, in
 * English and Japanese. Texts with %1 and %2 stand in one table (problem.c).
 */
#pragma once
#include "base/base.h"

struct sieve_pos {
    uint32_t line, column; /* from 1; columns count octets. 0: the script as a whole */
};

enum sieve_problem_kind {
    SIEVE_TOO_LARGE,
    SIEVE_NOT_UTF8,
    SIEVE_BAD_CHARACTER,
    SIEVE_OPEN_STRING,
    SIEVE_OPEN_TEXT,
    SIEVE_OPEN_COMMENT,
    SIEVE_BAD_TEXT_LINE,
    SIEVE_BAD_NUMBER,
    SIEVE_BAD_TAG,
    SIEVE_TOO_DEEP,
    SIEVE_TOO_MANY,
    SIEVE_NO_SEMICOLON,
    SIEVE_NO_COMMAND,
    SIEVE_OPEN_BLOCK,
    SIEVE_OPEN_LIST,
    SIEVE_OPEN_TESTS,
    SIEVE_EXTRA_BRACE,
    SIEVE_UNKNOWN_COMMAND,
    SIEVE_UNKNOWN_TEST,
    SIEVE_IS_TEST,
    SIEVE_IS_COMMAND,
    SIEVE_UNKNOWN_TAG,
    SIEVE_TAG_TWICE,
    SIEVE_TAG_LATE,
    SIEVE_TAG_NO_VALUE,
    SIEVE_NEEDS_REQUIRE,
    SIEVE_UNKNOWN_EXTENSION,
    SIEVE_LATE_REQUIRE,
    SIEVE_WRONG_TYPE,
    SIEVE_TOO_FEW,
    SIEVE_TOO_MUCH,
    SIEVE_NEEDS_TEST,
    SIEVE_NO_TEST,
    SIEVE_NEEDS_BLOCK,
    SIEVE_NO_BLOCK,
    SIEVE_ALONE_ELSE,
    SIEVE_UNKNOWN_COMPARATOR,
    SIEVE_BAD_COMPARATOR,
    SIEVE_BAD_RELATION,
    SIEVE_NOT_CONSTANT,
    SIEVE_BAD_HEADER,
    SIEVE_NOT_ADDRESS_HEADER,
    SIEVE_PROTECTED_HEADER,
    SIEVE_BAD_ADDRESS,
    SIEVE_BAD_PART,
    SIEVE_BAD_REGEX,
    SIEVE_BAD_VARIABLE,
    SIEVE_BAD_NAMESPACE,
    SIEVE_BAD_DATE_PART,
    SIEVE_BAD_ZONE,
    SIEVE_BAD_MAILBOX,
    SIEVE_BAD_CODE_POINT,
    SIEVE_BAD_SCRIPT_NAME,
    SIEVE_BAD_FLAG,
    SIEVE_BAD_METHOD,
    SIEVE_GLOBAL_LATE,
    SIEVE_TAG_ALONE,
    /* while it runs */
    SIEVE_RUN_MEMORY,
    SIEVE_RUN_WORK,
    SIEVE_RUN_ACTIONS,
    SIEVE_RUN_REDIRECTS,
    SIEVE_RUN_CONFLICT,
    SIEVE_RUN_TWICE,
    SIEVE_RUN_ADDRESS,
    SIEVE_RUN_MAILBOX,
    SIEVE_RUN_HEADER,
    SIEVE_RUN_REGEX,
    SIEVE_RUN_INCLUDE_MISSING,
    SIEVE_RUN_INCLUDE_BROKEN,
    SIEVE_RUN_INCLUDE_LOOP,
    SIEVE_RUN_INCLUDE_DEPTH,
    SIEVE_RUN_UNKNOWN,
    SIEVE_RUN_ERROR,
    SIEVE_RUN_METHOD,
    SIEVE_PROBLEM_COUNT,
};

struct sieve_problem {
    struct sieve_pos at;
    enum sieve_problem_kind kind;
    bool warning; /* the script is usable all the same */
    str a, b;
};

enum sieve_language { SIEVE_ENGLISH, SIEVE_JAPANESE };

enum { SIEVE_PROBLEMS_MAX = 16 };
struct sieve_problems {
    struct sieve_problem at[SIEVE_PROBLEMS_MAX];
    size_t n;      /* those kept; more are only counted */
    size_t errors; /* all that are no warnings */
};

void sieve_problem_add(struct sieve_problems *p, struct sieve_pos at, enum sieve_problem_kind kind,
                       str a, str b);
void sieve_warning_add(struct sieve_problems *p, struct sieve_pos at, enum sieve_problem_kind kind,
                       str a, str b);
/* "line 3, column 5: unknown command "foo"; look at its spelling", without a line end. Control
 * characters of the script come out as '?'. */
void sieve_problem_write(struct buf *b, const struct sieve_problem *p, enum sieve_language l);
