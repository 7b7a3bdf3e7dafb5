/* SPDX-License-Identifier: ISC */
/* wire/params.h -- parameters of Content-Type and Content-Disposition (RFC 2045 5.1, RFC 2231).
 *
 * Continuations (name*0, name*1*) are put together; an extended value keeps its form
 * charset'language'%XX, under the name with its '*', as IMAP's BODYSTRUCTURE wants it.
 */
#pragma once
#include "base/base.h"

enum {
    PARAMS_MAX = 64,          /* parameters of one field; later ones are left out */
    PARAMS_BYTES_MAX = 16'384 /* names and values of one field together */
};

struct param {
    str name;  /* as written, without continuation numbers; ends in '*' when extended */
    str value; /* unquoted; for an extended one still percent-encoded */
};

struct params {
    struct param *at;
    size_t n;
};

/* `text` starts after the main value: `; charset=x; ...`. Comments are skipped, folding is fine,
 * a missing semicolon or quote is forgiven. The first of two of one name counts. */
struct params params_parse(struct arena *a, str text);
/* The value as written under `name` (then its octets are ready), or p == NULL. */
str params_get(const struct params *p, str name);
/* The value of name or name*, as UTF-8. False when there is neither. Encoded words in it, which
 * RFC 2047 forbids and many programs write, are decoded too. */
bool params_utf8(struct buf *b, const struct params *p, str name);
/* Reads the main value off the front: a token, or two with a '/' between. *ret_rest begins at what
 * follows. Comments around are skipped. */
str params_token(str text, str *ret_rest);
/* ; name="value" (or RFC 2231 form for non-ASCII UTF-8), folded lines being the caller's business.
 */
void param_write(struct buf *b, str name, str value);
