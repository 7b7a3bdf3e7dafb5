/* SPDX-License-Identifier: ISC */
/* How it works: pieces are read as they stand, each name cut into base, number and "extended"
 * mark; then pieces of one base are joined in the order of their numbers. PARAMS_MAX bounds the
 * pairwise comparison.
 */
#include "wire/params.h"

#include <string.h>

#include "wire/charset.h"
#include "wire/encoding.h"
#include "wire/lex.h"
#include "wire/words.h"

struct piece {
    str base;
    uint64_t number; /* NONE: not a continuation */
    bool extended;
    bool used;
    str value;
};

static const uint64_t NONE = UINT64_MAX;

static size_t token_length(str s)
{
    size_t n = 0;
    while (n < s.n && !lex_is_blank(s.p[n]) && !(s.p[n] && strchr("();=\"<>", s.p[n])))
        n++;
    return n;
}

str params_token(str text, str *ret_rest)
{
    text = lex_skip_cfws(text);
    size_t n = token_length(text);
    *ret_rest = lex_skip_cfws(str_from_at(text, n));
    return str_slice(text, 0, n);
}

/* name*1*: RFC 2231 4.1 */
static void read_name(str name, struct piece *p)
{
    p->number = NONE;
    if (str_ends(name, S("*"))) {
        p->extended = true;
        name.n--;
    }
    ptrdiff_t star = str_rfind(name, '*');
    if (star > 0 && str_u64(str_from_at(name, (size_t)star + 1), &p->number))
        name.n = (size_t)star;
    p->base = name;
}

/* An unquoted value of an ugly mailer may hold blanks: `name=my file.txt; x=y`. */
static size_t bare_length(str s)
{
    size_t n = 0;
    while (n < s.n && s.p[n] != ';' && s.p[n] != '"')
        n++;
    return str_trim_end(str_slice(s, 0, n)).n;
}

static str read_value(struct arena *a, str *in)
{
    str s = lex_skip_cfws(*in);
    if (str_starts(s, S("\""))) {
        size_t n = lex_quoted_closed(s);
        n = n ? n : s.n;
        *in = str_from_at(s, n);
        return lex_unquote(a, lex_inside(str_slice(s, 0, n)));
    }
    size_t n = token_length(s);
    str after = lex_skip_cfws(str_from_at(s, n));
    str beyond = lex_skip_cfws(str_from_at(after, token_length(after)));
    /* a blank, and then neither ';' nor another name=: the value goes on */
    if (after.n > 0 && after.p[0] != ';' && !str_starts(beyond, S("=")))
        n = bare_length(s);
    *in = str_from_at(s, n);
    return lex_unquote(a, str_slice(s, 0, n));
}

/* One "name=value" off the front; false at the end. */
static bool read_piece(struct arena *a, str *in, struct piece *ret)
{
    while (in->n > 0) {
        str s = lex_skip_cfws(*in);
        size_t n = token_length(s);
        str name = str_slice(s, 0, n);
        s = lex_skip_cfws(str_from_at(s, n));
        if (name.n > 0 && str_skip(&s, S("="))) {
            struct piece p = {0};
            read_name(name, &p);
            p.value = read_value(a, &s);
            *in = s;
            *ret = p;
            return true;
        }
        if (name.n == 0)
            s = str_from_at(s, 1); /* ';', or junk */
        *in = s;
    }
    return false;
}

static bool percent_needed(char c)
{
    return !char_is_alpha(c) && !char_is_digit(c) && !(c && strchr("!#$&+-.^_`{|}~", c));
}

static void percent_encode(struct buf *b, str s)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < s.n; i++) {
        unsigned char u = (unsigned char)s.p[i];
        if (!percent_needed(s.p[i])) {
            buf_addc(b, s.p[i]);
            continue;
        }
        char out[3] = {'%', digits[u >> 4], digits[u & 15]};
        buf_add(b, str_of(out, sizeof out));
    }
}

static struct piece *find_piece(struct piece *at, size_t n, str base, uint64_t number)
{
    for (size_t i = 0; i < n; i++) {
        if (at[i].number == number && !at[i].used && str_ieq(at[i].base, base))
            return &at[i];
    }
    return NULL;
}

/* All of first's continuations, in order. One extended piece makes the whole extended: plain
 * pieces are then percent-encoded, so that one rule decodes all. */
static struct param join_pieces(struct arena *a, struct piece *at, size_t n, struct piece *first)
{
    str base = first->base;
    bool extended = false;
    for (size_t i = 0; i < n; i++)
        extended |= at[i].number != NONE && at[i].extended && str_ieq(at[i].base, base);
    auto_buf struct buf joined;
    buf_init(&joined, PARAMS_BYTES_MAX * 3);
    if (extended && !first->extended)
        buf_add(&joined, S("''"));
    struct piece *p = first;
    for (uint64_t number = first->number + 1; p; number++) {
        if (extended && !p->extended)
            percent_encode(&joined, p->value);
        else
            buf_add(&joined, p->value);
        p->used = true;
        p = find_piece(at, n, base, number);
    }
    str name = extended ? arena_printf(a, "%.*s*", STR_ARG(base)) : base;
    return (struct param){.name = name, .value = arena_copy(a, buf_str(&joined))};
}

static bool is_taken(const struct params *p, str name)
{
    return params_get(p, name).p != NULL;
}

struct params params_parse(struct arena *a, str text)
{
    struct piece pieces[PARAMS_MAX];
    size_t n = 0;
    text = str_slice(text, 0, PARAMS_BYTES_MAX);
    while (n < PARAMS_MAX && read_piece(a, &text, &pieces[n]))
        n++;
    struct params out = {.at = n ? NEW_N(a, struct param, n) : NULL};
    for (size_t i = 0; i < n; i++) {
        struct piece *p = &pieces[i];
        if (p->used)
            continue;
        struct param got;
        if (p->number == NONE) {
            str star = p->extended ? arena_printf(a, "%.*s*", STR_ARG(p->base)) : p->base;
            got = (struct param){.name = star, .value = p->value};
        } else {
            struct piece *first = find_piece(pieces, n, p->base, 0);
            got = join_pieces(a, pieces, n, first ? first : p);
            p->used = true; /* a piece that no chain reaches is dropped */
        }
        if (!is_taken(&out, got.name))
            out.at[out.n++] = got;
    }
    return out;
}

str params_get(const struct params *p, str name)
{
    for (size_t i = 0; i < p->n; i++) {
        if (str_ieq(p->at[i].name, name))
            return p->at[i].value;
    }
    return (str){0};
}

/* charset'language'%XX... */
static void decode_extended(struct buf *b, str value)
{
    str charset, language, text;
    if (!str_cut(value, '\'', &charset, &text) || !str_cut(text, '\'', &language, &text)) {
        charset = S("");
        text = value;
    }
    auto_buf struct buf octets;
    buf_init(&octets, text.n + 1);
    for (size_t i = 0; i < text.n; i++) {
        bool escape = text.p[i] == '%' && i + 2 < text.n && hex_digit(text.p[i + 1]) >= 0 &&
                      hex_digit(text.p[i + 2]) >= 0;
        if (escape) {
            buf_addc(&octets, (char)(hex_digit(text.p[i + 1]) << 4 | hex_digit(text.p[i + 2])));
            i += 2;
        } else {
            buf_addc(&octets, text.p[i]);
        }
    }
    err e = charset_to_utf8(b, charset, buf_str(&octets));
    if (failed(e)) /* no charset given, or one we cannot read */
        utf8_repair(b, buf_str(&octets));
}

bool params_utf8(struct buf *b, const struct params *p, str name)
{
    for (size_t i = 0; i < p->n; i++) {
        str have = p->at[i].name;
        if (str_ends(have, S("*")) && str_ieq(str_slice(have, 0, have.n - 1), name)) {
            decode_extended(b, p->at[i].value);
            return true;
        }
    }
    str plain = params_get(p, name);
    if (!plain.p)
        return false;
    words_to_utf8(b, plain);
    return true;
}

void param_write(struct buf *b, str name, str value)
{
    buf_add(b, S("; "));
    buf_add(b, name);
    bool clean = true;
    for (size_t i = 0; i < value.n; i++)
        clean &= value.p[i] >= ' ' && value.p[i] <= '~';
    if (!clean) {
        buf_add(b, S("*=utf-8''"));
        percent_encode(b, value);
        return;
    }
    buf_add(b, S("=\""));
    for (size_t i = 0; i < value.n; i++) {
        if (value.p[i] == '"' || value.p[i] == '\\')
            buf_addc(b, '\\');
        buf_addc(b, value.p[i]);
    }
    buf_addc(b, '"');
}
