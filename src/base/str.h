/* SPDX-License-Identifier: ISC */
/* base/str.h -- a view of bytes that somebody else owns.
 *
 * A str is pointer and length, passed by value, never NUL-terminated by promise. It owns
 * nothing: whoever gave it says how long it lives. Comparisons are ASCII, no locale.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct str {
    const char *p;
    size_t n;
} str;

#define S(lit) ((str){"" lit, sizeof(lit) - 1}) /* literals only: S(pointer) does not compile */
#define STR_ARG(s) (int)(s).n, (s).p            /* printf("%.*s", STR_ARG(s)) */

str str_from(const char *cstr); /* NULL gives an empty view */
str str_of(const void *p, size_t n);
str str_slice(str s, size_t from, size_t to); /* clamps; cannot leave the view */
str str_from_at(str s, size_t from);          /* the rest from `from`; clamps */
str str_trim(str s);                          /* spaces and tabs, CR, LF at both ends */
str str_trim_end(str s);                      /* the same at the end only */
bool str_eq(str a, str b);
bool str_ieq(str a, str b);
int str_cmp(str a, str b);  /* as memcmp, the shorter first */
int str_icmp(str a, str b); /* the same, ASCII case folded */
bool str_starts(str s, str prefix);
bool str_istarts(str s, str prefix);
bool str_ends(str s, str suffix);
bool str_iends(str s, str suffix);
/* Index of the first/last `c`, or -1. */
ptrdiff_t str_find(str s, char c);
ptrdiff_t str_rfind(str s, char c);
ptrdiff_t str_find_str(str s, str needle);
/* Splits at the first `sep`. False (and head = s, tail empty) when there is none. */
bool str_cut(str s, char sep, str *ret_head, str *ret_tail);
bool str_skip(str *s, str prefix);  /* consume prefix if present */
bool str_iskip(str *s, str prefix); /* the same, ASCII case folded */
/* Takes one line (without its LF, and without a CR before it) off the front of *text.
 * False when *text is empty. A last line without LF is a line. */
bool str_line(str *text, str *ret_line);
/* Whole of s is decimal digits and fits: true. Empty is false. */
bool str_u64(str s, uint64_t *ret_value);
/* The digits at the front of s; false when there are none or they overflow. */
bool str_take_u64(str *s, uint64_t *ret_value);
uint64_t str_hash(str s, uint64_t key); /* keyed, for tables; not for signatures */
/* Other values and eight octets at a time: for many long strings. The same on all our machines. */
uint64_t str_hash_long(str s, uint64_t key);

char char_lower(char c); /* ASCII */
char char_upper(char c);
bool char_is_digit(char c);
bool char_is_alpha(char c);
bool char_is_space(char c); /* space and tab */
