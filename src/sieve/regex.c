/* SPDX-License-Identifier: ISC */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "sieve/regex.h"

#include <pcre2.h>

struct pattern {
    struct pattern *next;
    pcre2_code *code;
    pcre2_match_data *data;
    pcre2_match_context *limits;
};

static void pattern_done(struct pattern *p)
{
    pcre2_match_context_free(p->limits);
    pcre2_match_data_free(p->data);
    pcre2_code_free(p->code);
}

void patterns_free(struct pattern *all)
{
    for (; all; all = all->next)
        pattern_done(all);
}

struct pattern *pattern_compile(str regex, unsigned flags, struct arena *a, struct pattern **all,
                                str *ret_why)
{
    if (regex.n > SIEVE_REGEX_MAX) {
        *ret_why = S("it is too long");
        return NULL;
    }
    uint32_t options = PCRE2_NEVER_BACKSLASH_C | PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY;
    options |= flags & REGEX_CASELESS ? PCRE2_CASELESS : 0;
    options |= flags & REGEX_OCTETS ? PCRE2_NEVER_UTF : PCRE2_UTF | PCRE2_MATCH_INVALID_UTF;
    int error = 0;
    PCRE2_SIZE at = 0;
    pcre2_code *code =
        pcre2_compile((PCRE2_SPTR)(regex.n ? regex.p : ""), regex.n, options, &error, &at, NULL);
    if (!code) {
        char text[200] = "";
        (void)pcre2_get_error_message(error, (PCRE2_UCHAR *)text, sizeof text); /* NUL-ended */
        *ret_why = arena_printf(a, "%s (at character %zu)", text, (size_t)at + 1);
        return NULL;
    }
    struct pattern *p = NEW(a, struct pattern);
    p->code = code;
    p->data = pcre2_match_data_create(SIEVE_CAPTURES_MAX, NULL);
    p->limits = pcre2_match_context_create(NULL);
    if (!p->data || !p->limits)
        oom("regular expression");
    (void)pcre2_set_match_limit(p->limits, SIEVE_REGEX_STEPS);
    (void)pcre2_set_heap_limit(p->limits, SIEVE_REGEX_KIB);
    p->next = *all;
    *all = p;
    return p;
}

enum regex_outcome pattern_match(const struct pattern *p, str text,
                                 str ret_captures[SIEVE_CAPTURES_MAX], size_t *ret_n)
{
    int n =
        pcre2_match(p->code, (PCRE2_SPTR)(text.n ? text.p : ""), text.n, 0, 0, p->data, p->limits);
    if (n == PCRE2_ERROR_NOMATCH)
        return REGEX_NO;
    if (n < 0)
        return REGEX_LIMIT;
    size_t count = n ? (size_t)n : SIEVE_CAPTURES_MAX; /* 0: more than there is room for */
    const PCRE2_SIZE *at = pcre2_get_ovector_pointer(p->data);
    for (size_t i = 0; i < count; i++) {
        bool set = at[2 * i] != PCRE2_UNSET && at[2 * i] <= at[2 * i + 1];
        ret_captures[i] = set ? str_slice(text, at[2 * i], at[2 * i + 1]) : S("");
    }
    *ret_n = count;
    return REGEX_YES;
}
