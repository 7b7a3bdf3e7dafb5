/* SPDX-License-Identifier: ISC */
/* sieve/regex.h -- regular expressions (draft-ietf-sieve-regex) by PCRE2, which understands POSIX'
 * extended ones; with hard limits for each match. They look for the first match from the left as
 * Perl does, where POSIX takes the longest: a difference in what ${1} holds, hardly ever in whether
 * a test is true.
 */
#pragma once
#include "base/base.h"
#include "sieve/sieve.h"

struct pattern;

enum { REGEX_CASELESS = 1, REGEX_OCTETS = 2 /* else UTF-8 */ };
/* NULL and *ret_why (static or in a): it is not right. *all: the list for patterns_free(). */
struct pattern *pattern_compile(str regex, unsigned flags, struct arena *a, struct pattern **all,
                                str *ret_why);
void patterns_free(struct pattern *all);

enum regex_outcome { REGEX_NO, REGEX_YES, REGEX_LIMIT };
/* ret_captures: views into text; unset ones are empty. *ret_n: how many. */
enum regex_outcome pattern_match(const struct pattern *p, str text,
                                 str ret_captures[SIEVE_CAPTURES_MAX], size_t *ret_n);
