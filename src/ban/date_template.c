/* SPDX-License-Identifier: ISC */
/* ban/date_template.c -- a datepattern as an expression: %-directives, {^LN-BEG}, {UNB}, **,
 * EPOCH, LEPOCH, TAI64N, and the word boundaries that fail2ban puts around each. */
#include <string.h>

#include "ban/date.h"

#define ZONE_NAME "[A-Z](?:[A-Z]{2,4})?"

static const struct directive {
    const char *key, *name, *regex;
} directives[] = {
    {"ExY", "ExYear", NULL}, /* the decades go in */
    {"Exy", "ExYear2", "(?P<y>\\d{2})"},
    {"ExZ", "ExZone name", "(?P<Z>" ZONE_NAME ")"},
    {"Exz", "ExZone offset", "(?P<z>(?:" ZONE_NAME ")?[+-][01]\\d(?::?\\d{2})?|" ZONE_NAME ")"},
    {"Exd", "ExDay", "(?P<d>[1-2]\\d|0[1-9]|3[0-1])"},
    {"Exm", "ExMonth", "(?P<m>0[1-9]|1[0-2])"},
    {"ExH", "Ex24hour", "(?P<H>[0-1]\\d|2[0-3])"},
    {"Exk", "%Exk", " ?(?P<H>[0-1]?\\d|2[0-3])"},
    {"Exl", "%Exl", " ?(?P<I>1[0-2]|\\d)"},
    {"ExM", "ExMinute", "(?P<M>[0-5]\\d)"},
    {"ExS", "ExSecond", "(?P<S>[0-5]\\d|6[0-1])"},
    {"%", "%", "%"},
    {"a", "DAY", "(?P<a>mon|tue|wed|thu|fri|sat|sun)"},
    {"A", "DAYNAME", "(?P<A>wednesday|thursday|saturday|tuesday|monday|friday|sunday)"},
    {"b", "MON", "(?P<b>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"},
    {"B", "MONTH",
     "(?P<B>september|february|november|december|january|october|august|march|april|june|july|"
     "may)"},
    {"d", "Day", "(?P<d>[1-2]\\d|[0 ]?[1-9]|3[0-1])"},
    {"f", "Microseconds", "(?P<f>[0-9]{1,6})"},
    {"G", "%G", "(?P<G>\\d\\d\\d\\d)"},
    {"H", "24hour", "(?P<H>[0-1]?\\d|2[0-3])"},
    {"I", "12hour", "(?P<I>1[0-2]|0[1-9]|[1-9])"},
    {"j", "Yearday",
     "(?P<j>36[0-6]|3[0-5]\\d|[1-2]\\d\\d|0[1-9]\\d|00[1-9]|[1-9]\\d|0[1-9]|[1-9])"},
    {"k", "%k", " ?(?P<H>[0-2]?\\d)"},
    {"l", "%l", " ?(?P<I>1?\\d)"},
    {"m", "Month", "(?P<m>0?[1-9]|1[0-2])"},
    {"M", "Minute", "(?P<M>[0-5]?\\d)"},
    {"p", "AMPM", "(?P<p>am|pm)"},
    {"S", "Second", "(?P<S>[0-5]?\\d|6[0-1])"},
    {"u", "%u", "(?P<u>[1-7])"},
    {"U", "Yearweek", "(?P<U>5[0-3]|[0-4]\\d|\\d)"},
    {"V", "%V", "(?P<V>5[0-3]|0[1-9]|[1-4]\\d|\\d)"},
    {"w", "Weekday", "(?P<w>[0-6])"},
    {"W", "Yearweek", "(?P<W>5[0-3]|[0-4]\\d|\\d)"},
    {"x", "%x",
     "(?P<m>1[0-2]|0[1-9]|[1-9])/(?P<d>3[0-1]|[1-2]\\d|0[1-9]|[1-9]| [1-9])/(?P<y>\\d\\d)"},
    {"X", "%X", "(?P<H>2[0-3]|[0-1]\\d|\\d):(?P<M>[0-5]\\d|\\d):(?P<S>6[0-1]|[0-5]\\d|\\d)"},
    {"y", "Year2", "(?P<y>\\d\\d)"},
    {"Y", "Year", "(?P<Y>\\d{4})"},
    {"z", "Zone offset", "(?P<z>Z|UTC|GMT|[+-][01]\\d(?::?\\d{2})?)"},
    {"Z", "Zone name", "(?P<Z>Z|[A-Z]{3,5})"},
};

static const struct directive *directive_at(str rest)
{
    for (size_t i = 0; i < sizeof directives / sizeof directives[0]; i++)
        if (str_starts(rest, str_from(directives[i].key)))
            return &directives[i];
    return NULL;
}

static bool expand(str pattern, str decades, struct buf *regex, struct buf *name, bool *words)
{
    for (size_t i = 0; i < pattern.n; i++) {
        if (pattern.p[i] != '%') {
            buf_addc(regex, pattern.p[i]);
            buf_addc(name, pattern.p[i]);
            continue;
        }
        const struct directive *d = directive_at(str_from_at(pattern, i + 1));
        if (!d)
            return false;
        if (d->regex)
            buf_add(regex, str_from(d->regex));
        else
            buf_addf(regex, "(?P<Y>%.*s\\d)", STR_ARG(decades));
        buf_add(name, str_from(d->name));
        *words = *words || (strchr("aAbBpc", d->key[0]) && !d->key[1]);
        i += strlen(d->key);
    }
    return true;
}

/* (?flags), once */
static size_t flag_group(str s, size_t at)
{
    if (!str_starts(str_from_at(s, at), S("(?")))
        return 0;
    size_t i = at + 2;
    while (i < s.n && s.p[i] >= 'a' && s.p[i] <= 'z')
        i++;
    return i > at + 2 && i < s.n && s.p[i] == ')' ? i + 1 : 0;
}

static str skip_parens(str s)
{
    while (str_skip(&s, S("(")))
        ;
    return s;
}

/* Whether the pattern itself says how it begins: ^, **, (^ , perhaps behind brackets. */
static bool begins_bound(str s)
{
    for (;;) {
        if (str_starts(s, S("^")) || str_starts(skip_parens(s), S("**")) ||
            str_starts(s, S("(^")) || str_starts(s, S("(?:^")))
            return true;
        if (!str_skip(&s, S("(")))
            return false;
    }
}

static bool ends_bound(str s)
{
    static const char *const ends[] = {"$", "$)", "\\b", "\\s"};
    for (size_t i = 0; i < 4; i++) {
        str e = str_from(ends[i]);
        if (str_ends(s, e) && !(s.n > e.n && s.p[s.n - e.n - 1] == '\\'))
            return true;
    }
    while (str_ends(s, S(")")))
        s.n--;
    return str_ends(s, S("**")) && !(s.n > 2 && s.p[s.n - 3] == '\\');
}

/* A capturing group without a name. */
static bool has_group(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '(' && !(i + 1 < s.n && s.p[i + 1] == '?') &&
            !(i > 0 && s.p[i - 1] == '\\') && !(i > 1 && s.p[i - 1] == '?' && s.p[i - 2] == '('))
            return true;
    return false;
}

static void without_stars(str s, struct buf *out)
{
    str core = skip_parens(s);
    size_t from = 0, to = s.n;
    if (str_starts(core, S("**"))) {
        buf_add(out, str_slice(s, 0, (size_t)(core.p - s.p)));
        from = (size_t)(core.p - s.p) + 2;
    }
    str end = str_slice(s, from, to);
    size_t parens = 0;
    while (parens < end.n && end.p[end.n - 1 - parens] == ')')
        parens++;
    size_t k = end.n - parens;
    if (k >= 2 && end.p[k - 1] == '*' && end.p[k - 2] == '*' && !(k > 2 && end.p[k - 3] == '\\')) {
        buf_add(out, str_slice(end, 0, k - 2));
        buf_add(out, str_slice(end, k, end.n));
    } else {
        buf_add(out, end);
    }
}

static bool line_begin(str s)
{
    if (str_starts(s, S("^")))
        return true;
    return (str_starts(s, S("(^")) && !str_starts(s, S("(^|"))) ||
           (str_starts(s, S("(?:^")) && !str_starts(s, S("(?:^|")));
}

static bool line_end(str s)
{
    str e = str_ends(s, S("$)")) ? S("$)") : S("$");
    return str_ends(s, e) &&
           !(s.n > e.n && (s.p[s.n - e.n - 1] == '\\' || s.p[s.n - e.n - 1] == '|'));
}

enum begin { BEGIN_FREE, BEGIN_WORD, BEGIN_LINE };

static void bind(struct arena *a, str regex, enum begin begin, bool word_end,
                 struct date_template *t)
{
    auto_buf struct buf bare, out, final;
    buf_init(&bare, REGEX_MAX);
    buf_init(&out, REGEX_MAX);
    buf_init(&final, REGEX_MAX);
    regex = str_trim(regex);
    str flags = S("");
    size_t done = 0;
    for (size_t i = 0; i < regex.n && !flags.n; i++) {
        size_t end = flag_group(regex, i);
        if (!end)
            continue;
        flags = str_slice(regex, i, end);
        buf_add(&bare, str_slice(regex, 0, i));
        done = end;
    }
    buf_add(&bare, str_from_at(regex, done));
    str s = buf_str(&bare);
    bool bound_begin = begin != BEGIN_FREE && !begins_bound(s);
    bool bound_end = word_end && !ends_bound(s);
    if (bound_begin)
        buf_add(&out, begin == BEGIN_LINE ? S("^(?:\\W{0,2})?") : S("(?=^|\\b|\\W)"));
    if (has_group(s)) {
        buf_add(&out, s);
    } else { /* group 1 is what is cut out: all of it, but for ^ and $ */
        size_t from = str_starts(s, S("^")), to = s.n - (s.n > from && str_ends(s, S("$")));
        buf_add(&out, str_slice(s, 0, from));
        buf_addc(&out, '(');
        buf_add(&out, str_slice(s, from, to));
        buf_addc(&out, ')');
        buf_add(&out, str_from_at(s, to));
    }
    if (bound_end)
        buf_add(&out, S("(?=\\b|\\W|$)"));
    s = buf_str(&out);
    t->flags = (bound_begin ? (begin == BEGIN_LINE ? DATE_LINE_BEGIN : DATE_WORD_BEGIN) : 0u) |
               (bound_end ? DATE_WORD_END : 0u) | (line_begin(s) ? DATE_LINE_BEGIN : 0u) |
               (line_end(s) ? DATE_LINE_END : 0u);
    if (bound_begin && begin == BEGIN_LINE && !str_starts(t->name, S("{^LN-BEG}")))
        t->name = arena_printf(a, "{^LN-BEG}%.*s", STR_ARG(t->name));
    buf_add(&final, flags);
    without_stars(s, &final);
    t->regex = arena_copy(a, buf_str(&final));
}

static bool contains(str s, const char *needle)
{
    return str_find_str(s, str_from(needle)) >= 0;
}

/* {EPOCH} and {LEPOCH} inside a pattern, in any case; not behind a backslash. */
static bool epoch_inside(str p, size_t *ret_at, size_t *ret_end, bool *ret_long)
{
    for (size_t i = 0; i < p.n; i++) {
        str rest = str_from_at(p, i);
        bool is_long = str_istarts(rest, S("{LEPOCH}"));
        if ((is_long || str_istarts(rest, S("{EPOCH}"))) && !(i > 0 && p.p[i - 1] == '\\')) {
            *ret_at = i;
            *ret_end = i + (is_long ? 8 : 7);
            *ret_long = is_long;
            return true;
        }
    }
    return false;
}

#define EPOCH "\\d{10,11}\\b(?:\\.\\d{3,6})?"
#define LONG_EPOCH "\\d{10,11}(?:\\d{3}(?:\\.\\d{1,6}|\\d{3})?)?"

static bool epoch_template(struct arena *a, str pattern, str key, struct date_template *t)
{
    size_t at, end;
    bool is_long;
    if (epoch_inside(pattern, &at, &end, &is_long)) {
        is_long = contains(key, "LEPOCH");
        t->kind = is_long ? DATE_LONG_EPOCH : DATE_EPOCH;
        t->name = pattern;
        t->epoch_group = 2;
        bind(a,
             arena_printf(a, "(%.*s(%s)%.*s)", STR_ARG(str_slice(pattern, 0, at)),
                          is_long ? LONG_EPOCH : EPOCH, STR_ARG(str_from_at(pattern, end))),
             BEGIN_WORD, true, t);
        return true;
    }
    str rest = key;
    bool begin = str_skip(&rest, S("{^LN-BEG}")) || str_skip(&rest, S("^"));
    if (!str_eq(rest, S("EPOCH")) && !str_eq(rest, S("LEPOCH")))
        return false;
    is_long = rest.p[0] == 'L';
    t->kind = is_long ? DATE_LONG_EPOCH : DATE_EPOCH;
    t->name = is_long ? S("LongEpoch") : S("Epoch");
    t->epoch_group = 1;
    const char *number = is_long ? LONG_EPOCH : EPOCH;
    if (begin)
        bind(a, arena_printf(a, "((?P<square>(?<=^\\[))?%s)(?(square)(?=\\]))", number), BEGIN_LINE,
             true, t);
    else
        bind(a,
             arena_printf(a,
                          "((?:^|(?P<square>(?<=^\\[))|(?P<selinux>(?<=\\baudit\\()))%s)"
                          "(?:(?(selinux)(?=:\\d+\\)))|(?(square)(?=\\])))",
                          number),
             BEGIN_FREE, true, t);
    return true;
}

bool date_template_make(struct arena *a, str pattern, str decades, struct date_template *ret,
                        const char **ret_what)
{
    *ret = (struct date_template){.weight = 1};
    pattern = arena_copy(a, pattern);
    str key = pattern;
    if (str_find(pattern, '%') < 0) {
        char *upper = NEW_N(a, char, pattern.n + 1);
        for (size_t i = 0; i < pattern.n; i++)
            upper[i] = char_upper(pattern.p[i]);
        key = str_of(upper, pattern.n);
    }
    if (contains(key, "EPOCH") && epoch_template(a, pattern, key, ret))
        return true;
    str rest = key;
    bool begin = str_skip(&rest, S("{^LN-BEG}")) || str_skip(&rest, S("^"));
    if (str_eq(rest, S("TAI64N"))) {
        ret->kind = DATE_TAI64N;
        ret->name = S("TAI64N");
        bind(a, S("@[0-9a-f]{24}"), begin ? BEGIN_LINE : BEGIN_FREE, true, ret);
        return true;
    }
    if (str_eq(key, S("{NONE}")))
        pattern = S("{UNB}^");
    ret->pattern = pattern;
    bool words = false, unbound = str_skip(&pattern, S("{UNB}"));
    enum begin how = unbound ? BEGIN_FREE : BEGIN_WORD;
    if (!unbound && str_skip(&pattern, S("{^LN-BEG}")))
        how = BEGIN_LINE;
    auto_buf struct buf regex, name;
    buf_init(&regex, REGEX_MAX);
    buf_init(&name, REGEX_MAX);
    if (!expand(pattern, decades, &regex, &name, &words)) {
        *ret_what = "a %-directive that does not exist";
        return false;
    }
    ret->name = arena_copy(a, buf_str(&name));
    str text = arena_copy(a, buf_str(&regex));
    if (words)
        text = arena_printf(a, "(?iu)%.*s", STR_ARG(text));
    bind(a, text, how, !unbound, ret);
    return true;
}
