/* SPDX-License-Identifier: ISC */
/* How it works: a cursor over the text; each statement is an assignment or one of the few forms
 * that mean nothing here. One pass, no recursion. */
#include "people/gate_conf.h"

#include "wire/charset.h"

struct cursor {
    struct gate_conf *conf;
    str rest;
    unsigned line;
    bool line_start;
};

static bool more(const struct cursor *c)
{
    return c->rest.n > 0;
}

static char here(const struct cursor *c)
{
    return c->rest.n ? c->rest.p[0] : '\0';
}

static void step(struct cursor *c)
{
    if (c->rest.n == 0)
        return;
    c->line_start = c->rest.p[0] == '\n';
    c->line += c->line_start;
    c->rest = str_from_at(c->rest, 1);
}

static void skip_line(struct cursor *c)
{
    while (more(c) && here(c) != '\n')
        step(c);
    step(c);
}

/* "=pod" to "=cut", at the start of lines. */
static void skip_pod(struct cursor *c)
{
    while (more(c)) {
        bool end = str_starts(c->rest, S("=cut"));
        skip_line(c);
        if (end)
            return;
    }
}

static void skip_blank(struct cursor *c)
{
    while (more(c)) {
        char ch = here(c);
        if (ch == ' ' || ch == '\t' || ch == '\r' || ch == '\n')
            step(c);
        else if (ch == '#')
            skip_line(c);
        else if (ch == '=' && c->line_start && c->rest.n > 1 && char_is_alpha(c->rest.p[1]))
            skip_pod(c);
        else
            return;
    }
}

static bool is_word(char c)
{
    return char_is_alpha(c) || char_is_digit(c) || c == '_';
}

static str take_word(struct cursor *c)
{
    size_t n = 0;
    while (n < c->rest.n && is_word(c->rest.p[n]))
        n++;
    str w = str_slice(c->rest, 0, n);
    c->rest = str_from_at(c->rest, n);
    if (n)
        c->line_start = false;
    return w;
}

static bool take(struct cursor *c, char ch)
{
    skip_blank(c);
    if (here(c) != ch)
        return false;
    step(c);
    return true;
}

static err refuse(const char *what)
{
    return err_new(ERR_SYNTAX, what);
}

const struct gate_value *gate_conf_find(const struct gate_conf *conf, char sigil, str name)
{
    for (size_t i = conf->n; i-- > 0;)
        if (conf->at[i].sigil == sigil && str_eq(conf->at[i].name, name))
            return &conf->at[i];
    return NULL;
}

/* ---- values ---- */

static err single_quoted(struct cursor *c, struct buf *out)
{
    step(c);
    while (more(c) && here(c) != '\'') {
        if (here(c) == '\\' && c->rest.n > 1 && (c->rest.p[1] == '\'' || c->rest.p[1] == '\\'))
            step(c);
        buf_addc(out, here(c));
        step(c);
    }
    if (!more(c))
        return refuse("a quoted text has no end");
    step(c);
    return OK_ERR;
}

static err variable(struct cursor *c, struct buf *out)
{
    step(c); /* the $ */
    bool braces = here(c) == '{';
    if (braces)
        step(c);
    str name = take_word(c);
    if (name.n == 0 || (braces && here(c) != '}'))
        return refuse("only plain variables are understood");
    if (braces)
        step(c);
    else if (here(c) == '[' || here(c) == '{' || str_starts(c->rest, S("->")))
        return refuse("elements of lists are not understood here");
    const struct gate_value *v = gate_conf_find(c->conf, '$', name);
    if (!v)
        return refuse("a variable is used before it has a value");
    buf_add(out, v->items[0]);
    return OK_ERR;
}

static err escape(struct cursor *c, struct buf *out)
{
    static const char from[] = "nt\\\"$@", to[] = "\n\t\\\"$@";
    step(c);
    for (size_t i = 0; i < sizeof from - 1; i++) {
        if (here(c) == from[i]) {
            buf_addc(out, to[i]);
            step(c);
            return OK_ERR;
        }
    }
    return refuse("this escape is not understood");
}

static err double_quoted(struct cursor *c, struct buf *out)
{
    step(c);
    while (more(c) && here(c) != '"') {
        err e = OK_ERR;
        if (here(c) == '$') {
            e = variable(c, out);
        } else if (here(c) == '\\') {
            e = escape(c, out);
        } else if (here(c) == '@' && c->rest.n > 1 &&
                   (is_word(c->rest.p[1]) || str_find(S("{$:-+"), c->rest.p[1]) >= 0)) {
            e = refuse("a list inside a text is not understood: write \\@");
        } else {
            buf_addc(out, here(c));
            step(c);
        }
        if (failed(e))
            return e;
    }
    if (!more(c))
        return refuse("a quoted text has no end");
    step(c);
    return OK_ERR;
}

static err plain(struct cursor *c, struct buf *out)
{
    bool minus = here(c) == '-';
    if (minus)
        step(c);
    str w = take_word(c);
    if (minus)
        buf_addc(out, '-');
    if (!minus && str_eq(w, S("undef")))
        return OK_ERR;
    if (w.n == 0 || !char_is_digit(w.p[0]))
        return refuse("only texts, numbers, lists and plain variables are understood");
    for (size_t i = 0; i < w.n; i++) /* 30_000 is a number too */
        if (char_is_digit(w.p[i]))
            buf_addc(out, w.p[i]);
        else if (w.p[i] != '_')
            return refuse("a number has digits");
    if (w.n > 1 && w.p[0] == '0')
        return refuse("a number with a leading zero would be octal");
    return OK_ERR;
}

static err scalar(struct cursor *c, str *ret)
{
    auto_buf struct buf b;
    buf_init(&b, 8192);
    do {
        skip_blank(c);
        err e = here(c) == '\''  ? single_quoted(c, &b)
                : here(c) == '"' ? double_quoted(c, &b)
                : here(c) == '$' ? variable(c, &b)
                                 : plain(c, &b);
        if (failed(e))
            return e;
    } while (take(c, '.'));
    err e = buf_check(&b, "a value is too long");
    if (failed(e))
        return e;
    if (!utf8_is_valid(buf_str(&b)) || str_find(buf_str(&b), '\0') >= 0)
        return refuse("a value is not UTF-8");
    *ret = arena_copy(c->conf->arena, buf_str(&b));
    return OK_ERR;
}

static err add_item(struct gate_value *v, str item)
{
    if (v->n == GATE_CONF_ITEMS_MAX)
        return err_new(ERR_LIMIT, "a list is too long");
    v->items[v->n++] = item;
    return OK_ERR;
}

static err words(struct cursor *c, struct gate_value *v)
{
    if (!take(c, '('))
        return refuse("qw wants parentheses");
    for (;;) {
        while (char_is_space(here(c)) || here(c) == '\n' || here(c) == '\r')
            step(c);
        if (!more(c))
            return refuse("a list has no end");
        if (here(c) == ')')
            break;
        size_t n = 0;
        while (n < c->rest.n && !char_is_space(c->rest.p[n]) && c->rest.p[n] != '\n' &&
               c->rest.p[n] != '\r' && c->rest.p[n] != ')')
            n++;
        str word = str_slice(c->rest, 0, n);
        err e = utf8_is_valid(word) && str_find(word, '\0') < 0
                    ? add_item(v, arena_copy(c->conf->arena, word))
                    : refuse("a value is not UTF-8");
        if (failed(e))
            return e;
        c->rest = str_from_at(c->rest, n);
    }
    step(c);
    return OK_ERR;
}

/* A bare word before "=>" is a text. */
static bool bare_key(struct cursor *c, str *ret)
{
    struct cursor ahead = *c;
    str w = take_word(&ahead);
    if (w.n == 0)
        return false;
    skip_blank(&ahead);
    if (!str_starts(ahead.rest, S("=>")))
        return false;
    *c = ahead;
    *ret = w;
    return true;
}

static err list(struct cursor *c, struct gate_value *v)
{
    skip_blank(c);
    if (str_starts(c->rest, S("qw"))) {
        (void)take_word(c);
        return words(c, v);
    }
    if (!take(c, '('))
        return refuse("a list stands in parentheses");
    while (!take(c, ')')) {
        str item;
        err e = bare_key(c, &item) ? OK_ERR : scalar(c, &item);
        if (!failed(e))
            e = add_item(v, item);
        if (failed(e))
            return e;
        skip_blank(c);
        if (str_skip(&c->rest, S("=>")) || take(c, ','))
            continue;
        if (here(c) != ')')
            return refuse("a list has commas");
    }
    return OK_ERR;
}

/* ---- statements ---- */

static err assignment(struct cursor *c)
{
    struct gate_conf *conf = c->conf;
    struct gate_value v = {.sigil = here(c)};
    if (conf->n == GATE_CONF_NAMES_MAX)
        return err_new(ERR_LIMIT, "too many settings");
    step(c);
    v.name = arena_copy(conf->arena, take_word(c));
    if (v.name.n == 0 || !take(c, '=') || here(c) == '=' || here(c) == '~')
        return refuse("only assignments are understood");
    str items[GATE_CONF_ITEMS_MAX];
    v.items = items;
    err e;
    if (v.sigil == '$') {
        v.n = 1;
        e = scalar(c, &items[0]);
    } else {
        e = list(c, &v);
    }
    if (!failed(e) && !take(c, ';'))
        e = refuse("a statement ends with ;");
    if (!failed(e) && v.sigil == '%' && v.n % 2)
        e = refuse("a key has no value");
    if (failed(e))
        return e;
    v.items = NEW_N(conf->arena, str, v.n + 1);
    for (size_t i = 0; i < v.n; i++)
        v.items[i] = items[i];
    conf->at[conf->n++] = v;
    return OK_ERR;
}

static err skip_statement(struct cursor *c)
{
    while (more(c) && here(c) != ';') {
        if (here(c) == '`' || here(c) == '{')
            return refuse("only assignments are understood");
        step(c);
    }
    return take(c, ';') ? OK_ERR : refuse("a statement ends with ;");
}

static err statement(struct cursor *c)
{
    if (here(c) == '$' || here(c) == '@' || here(c) == '%')
        return assignment(c);
    str w = take_word(c);
    if (str_eq(w, S("our")) || str_eq(w, S("my"))) {
        skip_blank(c);
        if (here(c) == '$' || here(c) == '@' || here(c) == '%')
            return assignment(c);
        return refuse("only assignments are understood");
    }
    if (str_eq(w, S("1")) || str_eq(w, S("use")) || str_eq(w, S("package")) ||
        str_eq(w, S("require")) || str_eq(w, S("do")) || str_eq(w, S("no")))
        return skip_statement(c);
    return refuse("only assignments are understood");
}

err gate_conf_read(struct gate_conf *conf, str text, unsigned *ret_line)
{
    struct cursor c = {.conf = conf, .rest = text, .line = 1, .line_start = true};
    if (text.n > GATE_CONF_MAX)
        return err_new(ERR_LIMIT, "gate.conf is too large");
    for (;;) {
        skip_blank(&c);
        if (!more(&c) || str_starts(c.rest, S("__END__")))
            return OK_ERR;
        err e = statement(&c);
        if (failed(e)) {
            *ret_line = c.line;
            return e;
        }
    }
}
