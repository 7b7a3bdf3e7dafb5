/* SPDX-License-Identifier: ISC */
#include "control/tcprules.h"

#include "control/names.h"
#include "control/tcprules_key.h"

struct compiler {
    struct cdb_make cdb;
    struct tcprules_report *report;
    struct buf data;
    size_t line;
};

static void note(struct compiler *c, const char *text)
{
    struct tcprules_report *r = c->report;
    if (r->n < TCPRULES_FINDINGS)
        r->at[r->n++] = (struct tcprules_finding){c->line, text};
}

/* ,VAR="value" with any character as the quote, any number of times. */
static bool take_variables(struct compiler *c, str rest)
{
    while (rest.n) {
        str name, value;
        if (!str_skip(&rest, S(",")) || !str_cut(rest, '=', &name, &rest) || rest.n == 0)
            return false;
        char quote = rest.p[0];
        if (!str_cut(str_from_at(rest, 1), quote, &value, &rest))
            return false;
        if (name.n == 0)
            note(c, "a variable without a name");
        if (quote != '"' && quote != '\'' && quote != '/')
            note(c, "an unusual quote character: is a quote missing?");
        buf_addc(&c->data, '+');
        buf_add(&c->data, name);
        buf_addc(&c->data, '=');
        buf_add(&c->data, value);
        buf_addc(&c->data, '\0');
    }
    return true;
}

static void add_rule(struct compiler *c, str address)
{
    cdb_make_add(&c->cdb, address, buf_str(&c->data));
}

/* All digits, or empty for 0. Past what fits counts as out of range, not as an error. */
static bool take_part(str digits, uint64_t *ret_value)
{
    *ret_value = 0;
    for (size_t i = 0; i < digits.n; i++) {
        if (!char_is_digit(digits.p[i]))
            return false;
        if (*ret_value < 100000)
            *ret_value = *ret_value * 10 + (uint64_t)(digits.p[i] - '0');
    }
    return true;
}

/* 1.2.3.37-53 becomes one rule for each number; only the first dash of an address counts. */
static bool add_range(struct compiler *c, str address, size_t dash)
{
    str left = str_slice(address, 0, dash);
    str right = str_from_at(address, dash + 1);
    str before = S(""), after = S("");
    ptrdiff_t dot = str_rfind(left, '.');
    if (dot >= 0) {
        before = str_slice(left, 0, (size_t)dot + 1);
        left = str_from_at(left, (size_t)dot + 1);
    }
    dot = str_find(right, '.');
    if (dot >= 0) {
        after = str_from_at(right, (size_t)dot);
        right = str_slice(right, 0, (size_t)dot);
    }
    uint64_t from, to;
    if (!take_part(left, &from) || !take_part(right, &to))
        return false;
    if (from > to || from > 255)
        note(c, "an empty range: it matches nobody");
    auto_buf struct buf key;
    buf_init(&key, 64 << 10);
    for (; from <= to && from <= 255; from++) {
        buf_reset(&key);
        buf_add(&key, before);
        buf_addf(&key, "%u", (unsigned)from);
        buf_add(&key, after);
        if (key.over)
            return false;
        add_rule(c, buf_str(&key));
    }
    return true;
}

/* [2001:db8::1] or [2001:db8::/32]: ucspi-tcp knows no IPv6; this is ours. */
static bool add_v6(struct compiler *c, str inside)
{
    str text, length;
    uint64_t bits = 128;
    if (str_cut(inside, '/', &text, &length) && (!str_u64(length, &bits) || bits > 128))
        return false;
    char key[TCPRULES_V6_KEY];
    if (!tcprules_v6_key(text, (unsigned)bits, key))
        return false;
    add_rule(c, str_from(key));
    return true;
}

static bool add_line(struct compiler *c, str line)
{
    str address, rest;
    bool v6 = line.p[0] == '[' && str_find_str(line, S("]:")) > 0;
    if (v6) {
        size_t end = (size_t)str_find_str(line, S("]:"));
        address = str_slice(line, 1, end);
        rest = str_from_at(line, end + 2);
    } else if (!str_cut(line, ':', &address, &rest)) {
        note(c, "no colon: tcprules ignores this line, so that it neither allows nor denies");
        return true;
    }
    if (!v6 && address.n && (char_is_space(address.p[0]) || address.p[0] == '\0'))
        note(c, "the address begins with a space: it matches nobody");
    buf_reset(&c->data);
    if (str_skip(&rest, S("deny"))) {
        buf_add(&c->data, str_of("D", 2));
        if (rest.n)
            note(c, "variables of a deny rule have no effect");
    } else if (!str_skip(&rest, S("allow"))) {
        return false;
    }
    if (!take_variables(c, rest) || c->data.over)
        return false;
    if (v6)
        return add_v6(c, address);
    bool plain = str_find(address, '=') < 0 && str_find(address, '@') < 0;
    ptrdiff_t dash = plain ? str_find(address, '-') : -1;
    if (dash >= 0)
        return add_range(c, address, (size_t)dash);
    add_rule(c, address);
    return true;
}

err tcprules_compile(str text, struct buf *out, struct tcprules_report *report)
{
    *report = (struct tcprules_report){0};
    struct compiler c = {.report = report};
    cdb_make_start(&c.cdb, out);
    buf_init(&c.data, 64 << 10);
    bool good = true;
    str line;
    for (c.line = 1; good && line_next(&text, &line); c.line++) {
        line = line_trim(line);
        if (line.n == 0 || line.p[0] == '#')
            continue;
        good = add_line(&c, line);
        if (!good) {
            report->bad_line = c.line;
            report->bad_text = line;
        }
    }
    buf_done(&c.data);
    err e = cdb_make_finish(&c.cdb);
    if (!failed(e) && !good)
        e = err_new(ERR_SYNTAX, "unable to parse this line");
    return e;
}
