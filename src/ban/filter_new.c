/* SPDX-License-Identifier: ISC */
/* ban/filter_new.c -- a filter's texts compiled. */
#include <iconv.h>
#include <stdlib.h>
#include <string.h>

#include "ban/filter_parts.h"

static const char *const engine_names[FIELD_OTHERS] = {
    [FIELD_FID] = "fid",
    [FIELD_IP4] = "ip4",
    [FIELD_IP6] = "ip6",
    [FIELD_DNS] = "dns",
    [FIELD_CIDR] = "cidr",
    [FIELD_USER] = "user",
    [FIELD_MLFID] = "mlfid",
    [FIELD_NOFAIL] = "nofail",
    [FIELD_MLFFORGET] = "mlfforget",
    [FIELD_MLFGAINED] = "mlfgained",
    [FIELD_CONTENT] = "content",
};

unsigned filter_field_for(struct filter *f, str name)
{
    for (unsigned i = 0; i < f->n_names; i++)
        if (str_eq(name, str_from(f->names[i])))
            return i;
    if (f->n_names == FILTER_FIELDS || name.n >= sizeof f->names[0])
        return FILTER_FIELDS;
    memcpy(f->names[f->n_names], name.p, name.n);
    return (unsigned)f->n_names++;
}

/* alt_user, alt_user_1, alt_user1 fill `user` where nothing better did. */
static bool alternative(str name, str *ret)
{
    if (!str_skip(&name, S("alt_")))
        return false;
    size_t n = name.n;
    while (n && char_is_digit(name.p[n - 1]))
        n--;
    if (n > 1 && n < name.n && name.p[n - 1] == '_')
        n--;
    if (n == 0)
        return false;
    *ret = str_slice(name, 0, n);
    if (str_eq(*ret, S("id")))
        *ret = S("fid");
    else if (str_eq(*ret, S("port")))
        *ret = S("fport");
    return true;
}

static int by_name(const void *a, const void *b)
{
    const struct re_name *x = a, *y = b;
    return str_cmp(x->name, y->name);
}

static void map_groups(struct filter *f, struct expression *e)
{
    const struct re_name *found;
    size_t n = regex_names(e->re, &found);
    struct re_name names[REGEX_GROUPS_MAX];
    memcpy(names, found, n * sizeof *names);
    qsort(names, n, sizeof *names, by_name);
    for (size_t i = 0; i < n; i++) {
        str target;
        if (str_starts(names[i].name, S("skiplines")) &&
            e->n_skiplines < sizeof e->skiplines / sizeof e->skiplines[0]) {
            e->skiplines[e->n_skiplines++] = names[i].group;
            continue;
        }
        bool alt = alternative(names[i].name, &target);
        unsigned field = filter_field_for(f, alt ? target : names[i].name);
        if (field == FILTER_FIELDS)
            continue; /* more than anybody has used; it is data for actions only */
        if (alt && e->n_alt < FILTER_FIELDS) {
            e->alt[e->n_alt].group = names[i].group;
            e->alt[e->n_alt++].field = field;
        } else if (!alt && e->n_map < FILTER_FIELDS) {
            e->map[e->n_map].group = names[i].group;
            e->map[e->n_map++].field = field;
        }
    }
}

/* One expression a line; empty lines are nothing. */
static size_t compile_list(struct filter *f, struct findings *findings,
                           const struct filter_text *text, enum regex_use use,
                           struct expression **ret)
{
    size_t n = 0, at = 0;
    *ret = NULL;
    if (!text->present)
        return 0;
    struct arena *work = arena_new("filter", 16 << 20);
    bool addresses_only = strcmp(f->usedns, "no") == 0;
    while (at < text->text.s.n) {
        str rest = str_from_at(text->text.s, at), line;
        (void)str_cut(rest, '\n', &line, &rest); /* the last one is all that is left */
        if (line.n && n < FILTER_REGEXES_MAX) {
            struct conf_text one = conf_text_slice(&text->text, at, at + line.n, work);
            struct regex *re = regex_new(findings, &one, use, f->has_pref ? f->pref.re : NULL,
                                         addresses_only, use == REGEX_FAIL && f->maxlines > 1);
            if (re) {
                *ret = mem_grow("filter", *ret, (n + 1) * sizeof **ret);
                (*ret)[n] = (struct expression){.re = re};
                map_groups(f, &(*ret)[n++]);
            }
        } else if (line.n) {
            finding_add(findings, FINDING_ERROR, conf_place_at(&text->text, at),
                        "divide the filter", "more than %d expressions", FILTER_REGEXES_MAX);
            break;
        }
        at += line.n + 1;
    }
    arena_free(work);
    return n;
}

/* Which failregexes are worth trying on a text, by its first byte. */
static void index_first(struct filter *f)
{
    f->n_words = (f->n_fail + 63) / 64;
    if (!f->n_words)
        return;
    f->by_first = mem_alloc("filter", 128 * f->n_words * sizeof *f->by_first);
    for (size_t i = 0; i < f->n_fail; i++) {
        const struct re_needs *n = regex_needs_of(f->fail[i].re);
        bool any = !n->anchored || n->empty;
        for (unsigned c = 0; c < 128; c++)
            if (any || (n->first[c / 64] >> (c % 64) & 1))
                f->by_first[c * f->n_words + i / 64] |= UINT64_C(1) << (i % 64);
    }
}

static bool read_usedns(struct filter *f, const struct filter_text *t)
{
    static const char *const words[] = {"yes", "warn", "no", "raw"};
    (void)memcpy(f->usedns, "warn", 5);
    for (size_t i = 0; t->present && i < 4; i++)
        if (str_ieq(str_trim(t->text.s), str_from(words[i]))) {
            (void)memcpy(f->usedns, words[i], strlen(words[i]) + 1);
            return true;
        }
    if (t->present && str_trim(t->text.s).n)
        (void)memcpy(f->usedns, "no", 3);
    return !t->present || !str_trim(t->text.s).n;
}

static void read_maxlines(struct filter *f, struct findings *findings, const struct filter_text *t)
{
    uint64_t n = 1;
    f->maxlines = 1;
    if (!t->present || !str_trim(t->text.s).n)
        return;
    if (!str_u64(str_trim(t->text.s), &n) || n < 1 || n > FILTER_MAXLINES_MAX)
        finding_add(findings, FINDING_ERROR, conf_place_at(&t->text, 0),
                    "give a number of lines from 1 to 100", "maxlines = %.*s",
                    STR_ARG(str_slice(t->text.s, 0, 40)));
    else
        f->maxlines = (unsigned)n;
}

static void read_encoding(struct filter *f, struct findings *findings, str name)
{
    if (!name.n || str_ieq(name, S("auto")) || str_ieq(name, S("utf-8")) ||
        str_ieq(name, S("utf8")))
        return;
    char z[40];
    size_t n = name.n < sizeof z ? name.n : sizeof z - 1;
    memcpy(z, name.p, n);
    z[n] = 0;
    iconv_t cd = iconv_open("UTF-8", z);
    if (cd == (iconv_t)-1) /* NOLINT: the interface's own failure value */
        finding_add(findings, FINDING_ERROR, (struct conf_place){0}, "`iconv -l` lists them",
                    "logencoding %s is not known here", z);
    else
        f->iconv = cd;
}

static void compile_all(struct filter *f, struct findings *findings, const struct filter_def *def)
{
    if (!read_usedns(f, &def->usedns))
        finding_add(findings, FINDING_WARNING, conf_place_at(&def->usedns.text, 0),
                    "write yes, warn, no or raw", "usedns is taken as no");
    read_maxlines(f, findings, &def->maxlines);
    read_encoding(f, findings, f->options.encoding);
    if (def->prefregex.present && str_trim(def->prefregex.text.s).n) {
        f->pref.re = regex_new(findings, &def->prefregex.text, REGEX_SEARCH, NULL,
                               strcmp(f->usedns, "no") == 0, false);
        f->has_pref = f->pref.re != NULL;
        if (f->has_pref)
            map_groups(f, &f->pref);
    }
    f->n_fail = compile_list(f, findings, &def->failregex, REGEX_FAIL, &f->fail);
    f->n_ignore = compile_list(f, findings, &def->ignoreregex, REGEX_SEARCH, &f->ignore);
    index_first(f);
}

struct filter *filter_new(struct findings *findings, struct date_cache *dates,
                          const struct filter_def *def, const struct filter_options *options)
{
    size_t before = findings->errors;
    struct filter *f = mem_alloc("filter", sizeof *f);
    f->options = *options;
    list_init(&f->by_age);
    size_t line_room = 4 * (size_t)FILTER_LINE_MAX;
    buf_init(&f->decoded, line_room);
    buf_init(&f->joined, line_room);
    buf_init(&f->content, FILTER_MAXLINES_MAX * line_room);
    buf_init(&f->lines_text, FILTER_MAXLINES_MAX * line_room);
    for (unsigned i = 0; i < FIELD_OTHERS; i++)
        (void)filter_field_for(f, str_from(engine_names[i])); /* the table is empty: it is i */
    compile_all(f, findings, def);
    f->dates = date_detector_new(dates, findings,
                                 def->datepattern.present && str_trim(def->datepattern.text.s).n
                                     ? &def->datepattern.text
                                     : NULL);
    if (f->dates && options->zone.n && !date_detector_zone(f->dates, options->zone))
        finding_add(findings, FINDING_ERROR, (struct conf_place){0},
                    "write UTC+0900 or one of fail2ban's abbreviations",
                    "logtimezone %.*s is not known", STR_ARG(options->zone));
    if (options->check_all || f->maxlines > 1)
        f->scratch = arena_new("filter results", 64 << 20);
    if (findings->errors == before)
        return f;
    filter_free(f);
    return NULL;
}

static void free_list(struct expression *e, size_t n)
{
    for (size_t i = 0; i < n; i++)
        regex_free(e[i].re);
    free(e);
}

void filter_free(struct filter *f)
{
    if (!f)
        return;
    connections_free(f);
    lines_free(f);
    regex_free(f->pref.re);
    free_list(f->fail, f->n_fail);
    free_list(f->ignore, f->n_ignore);
    free(f->by_first);
    date_detector_free(f->dates);
    if (f->iconv)
        (void)iconv_close(f->iconv); /* nothing can be done about it */
    buf_done(&f->decoded);
    buf_done(&f->joined);
    buf_done(&f->content);
    buf_done(&f->lines_text);
    vec_done(&f->results);
    vec_done(&f->fails);
    arena_free(f->scratch);
    free(f);
}

void filter_time(struct filter *f, enum filter_time mode, int64_t findtime)
{
    f->time_mode = mode;
    f->findtime = findtime;
}

const struct filter_counts *filter_counts(const struct filter *f)
{
    return &f->counts;
}

size_t filter_regexes(const struct filter *f)
{
    return f->n_fail;
}

size_t filter_ignoreregexes(const struct filter *f)
{
    return f->n_ignore;
}

struct regex *filter_regex(const struct filter *f, size_t i)
{
    return f->fail[i].re;
}

struct regex *filter_ignoreregex(const struct filter *f, size_t i)
{
    return f->ignore[i].re;
}

struct regex *filter_prefregex(const struct filter *f)
{
    return f->pref.re;
}

struct date_detector *filter_dates(const struct filter *f)
{
    return f->dates;
}

str filter_field_name(const struct filter *f, size_t i)
{
    return i < f->n_names ? str_from(f->names[i]) : S("");
}

unsigned filter_maxlines(const struct filter *f)
{
    return f->maxlines;
}

const char *filter_usedns(const struct filter *f)
{
    return f->usedns;
}

str filter_last_text(const struct filter *f)
{
    return f->text;
}

str filter_last_content(const struct filter *f)
{
    return f->last_content;
}

size_t filter_lines_taken(const struct filter *f)
{
    return f->taken;
}
