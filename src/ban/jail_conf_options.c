/* SPDX-License-Identifier: ISC */
/* ban/jail_conf_options.c -- name[a=1, b="x,y"][c='z'], lists of such, and durations. */
#include <string.h>

#include "ban/jail_conf.h"

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_name(char c)
{
    return char_is_alpha(c) || char_is_digit(c) || c == '_' || c == '-' || c == '.' ||
           (unsigned char)c >= 0x80;
}

static size_t skip_space(str s, size_t at)
{
    while (at < s.n && is_space(s.p[at]))
        at++;
    return at;
}

static size_t skip_name(str s, size_t at)
{
    while (at < s.n && is_name(s.p[at]))
        at++;
    if (at < s.n && s.p[at] == '?') { /* blocktype?family=inet6 */
        size_t eq = at + 1;
        while (eq < s.n && is_name(s.p[eq]))
            eq++;
        if (eq + 1 < s.n && s.p[eq] == '=' && is_name(s.p[eq + 1])) {
            while (++eq < s.n && is_name(s.p[eq]))
                ;
            at = eq;
        }
    }
    return at;
}

/* One value behind `=`: quoted, or up to a comma or bracket. */
static void value_range(str s, size_t at, size_t *ret_from, size_t *ret_to, size_t *ret_next)
{
    char q = at < s.n ? s.p[at] : 0;
    if (q == '"' || q == '\'') {
        ptrdiff_t close = str_find(str_from_at(s, at + 1), q);
        if (close >= 0) {
            *ret_from = at + 1;
            *ret_to = at + 1 + (size_t)close;
            *ret_next = *ret_to + 1;
            return;
        }
    }
    *ret_from = at;
    while (at < s.n && s.p[at] != ',' && s.p[at] != ']')
        at++;
    *ret_to = *ret_next = at;
}

void conf_call_done(struct conf_call *call)
{
    vec_done(&call->options);
}

const struct conf_text *conf_call_get(const struct conf_call *call, str name)
{
    for (size_t i = call->options.n; i > 0; i--) /* the last one given wins */
        if (str_eq(call->options.at[i - 1].name, name))
            return &call->options.at[i - 1].value;
    return NULL;
}

static err wrong(struct findings *f, const struct conf_text *in, size_t at)
{
    finding_add(f, FINDING_ERROR, conf_place_at(in, at),
                "write name[option=value, option=\"value\"]",
                "options cannot be read from here: %.*s", STR_ARG(str_slice(in->s, at, at + 40)));
    return err_new(ERR_SYNTAX, "options");
}

static err read_options(struct findings *f, struct arena *a, const struct conf_text *in, size_t at,
                        size_t end, struct conf_call *call)
{
    str s = str_slice(in->s, 0, end);
    for (;;) {
        at = skip_space(s, at);
        if (at < end && s.p[at] == ',' && skip_space(s, at + 1) == end)
            return OK_ERR;
        if (at >= end)
            return OK_ERR;
        size_t name_end = skip_name(s, at), from, to, next;
        if (name_end == at || name_end >= end || s.p[name_end] != '=')
            return wrong(f, in, at);
        struct conf_pair pair = {.name = arena_copy(a, str_slice(s, at, name_end))};
        value_range(s, name_end + 1, &from, &to, &next);
        while (from < to && is_space(s.p[from]))
            from++;
        while (to > from && is_space(s.p[to - 1]))
            to--;
        pair.value = conf_text_slice(in, from, to, a);
        vec_push(&call->options, pair);
        at = next;
        if (at >= end)
            return OK_ERR;
        if (s.p[at] == ']') { /* ][ */
            at = skip_space(s, at + 1);
            if (at >= end || s.p[at] != '[')
                return wrong(f, in, at);
        } else if (s.p[at] != ',') {
            if (skip_space(s, at) == end)
                return OK_ERR;
            return wrong(f, in, at);
        }
        at++;
    }
}

err conf_call_parse(struct findings *f, struct arena *a, const struct conf_text *in,
                    struct conf_call *ret)
{
    size_t begin = skip_space(in->s, 0), end = in->s.n;
    while (end > begin && is_space(in->s.p[end - 1]))
        end--;
    str s = str_slice(in->s, 0, end);
    ptrdiff_t open = str_find(s, '[');
    *ret = (struct conf_call){0};
    if (open < 0) {
        ret->name = arena_copy(a, str_slice(s, begin, end));
        return OK_ERR;
    }
    if ((size_t)open == begin || s.p[end - 1] != ']')
        return wrong(f, in, begin);
    size_t name_end = (size_t)open;
    while (name_end > begin && is_space(s.p[name_end - 1]))
        name_end--;
    ret->name = arena_copy(a, str_slice(s, begin, name_end));
    return read_options(f, a, in, (size_t)open + 1, end - 1, ret);
}

bool conf_call_next(const struct conf_text *list, size_t *at, size_t *ret_from, size_t *ret_to)
{
    str s = list->s;
    size_t i = skip_space(s, *at);
    if (i >= s.n)
        return false;
    *ret_from = i;
    while (i < s.n && !is_space(s.p[i]) && s.p[i] != '[')
        i++;
    for (;;) { /* bracket groups, which may stand on the next lines */
        size_t open = skip_space(s, i);
        if (open >= s.n || s.p[open] != '[')
            break;
        size_t k = open + 1;
        while (k < s.n && s.p[k] != ']') {
            if (s.p[k] == '=') {
                size_t from, to;
                value_range(s, k + 1, &from, &to, &k);
            } else {
                k++;
            }
        }
        i = k < s.n ? k + 1 : k;
    }
    if (i == *ret_from)
        i++;
    *ret_to = i;
    *at = i;
    return true;
}

bool conf_bool(str text)
{
    return str_eq(text, S("1")) || str_ieq(text, S("on")) || str_ieq(text, S("true")) ||
           str_ieq(text, S("yes"));
}

static double unit_seconds(str unit)
{
    static const struct {
        const char *names[7];
        double seconds;
    } units[] = {
        {{"s", "ss", "se", "sec", "second", "seconds"}, 1},
        {{"m", "mm", "mi", "min", "minute", "minutes"}, 60},
        {{"h", "hh", "ho", "hou", "hour", "hours"}, 3600},
        {{"d", "dd", "da", "day", "days"}, 86400},
        {{"w", "ww", "we", "wee", "week", "weeks"}, 604800},
        {{"mo", "mon", "month", "months"}, 2629800}, /* a twelfth of 365.25 days */
        {{"y", "yy", "ye", "yea", "year", "years"}, 31557600},
    };
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        for (size_t k = 0; k < 7 && units[i].names[k]; k++)
            if (str_ieq(unit, str_from(units[i].names[k])))
                return units[i].seconds;
    return 0;
}

/* number [unit] */
static bool term(str s, size_t *at, double *ret)
{
    double v = 0, scale = 1;
    size_t i = skip_space(s, *at), from = i;
    for (; i < s.n && char_is_digit(s.p[i]); i++)
        v = v * 10 + (s.p[i] - '0');
    if (i < s.n && s.p[i] == '.')
        for (i++; i < s.n && char_is_digit(s.p[i]); i++)
            v += (s.p[i] - '0') * (scale /= 10);
    if (i == from || i - from > 18)
        return false;
    size_t unit = skip_space(s, i), end = unit;
    while (end < s.n && char_is_alpha(s.p[end]))
        end++;
    if (end > unit) {
        double u = unit_seconds(str_slice(s, unit, end));
        if (u <= 0)
            return false;
        v *= u;
        i = end;
    }
    *at = i;
    *ret = v;
    return true;
}

/* a * b / c */
static bool product(str s, size_t *at, double *ret)
{
    if (!term(s, at, ret))
        return false;
    for (;;) {
        size_t i = skip_space(s, *at);
        if (i >= s.n || (s.p[i] != '*' && s.p[i] != '/'))
            return true;
        char op = s.p[i++];
        double v;
        if (!term(s, &i, &v) || (op == '/' && v <= 0))
            return false;
        *ret = op == '*' ? *ret * v : *ret / v;
        *at = i;
    }
}

bool conf_duration(str text, int64_t *ret_seconds)
{
    double sum = 0;
    size_t at = skip_space(text, 0);
    bool any = false;
    while ((at = skip_space(text, at)) < text.n) {
        double v;
        double sign = 1;
        if (text.p[at] == '-' || text.p[at] == '+')
            sign = text.p[at++] == '-' ? -1 : 1;
        if (!product(text, &at, &v))
            return false;
        sum += sign * v;
        any = true;
    }
    if (!any || sum > 1e15 || sum < -1e15)
        return false;
    *ret_seconds = (int64_t)sum;
    return true;
}
