/* SPDX-License-Identifier: ISC */
/* ctl/jail_check.c -- `twinpost jail check`: whether each jail can do its work. A jail that cannot
 * is an error with file, line and remedy; nothing is sent, started or changed.
 *
 * Looked at, in this order: does it load; is its log there and readable; have its lines dates; do
 * lines that look like failures match, and if not, what do they lack; does each ignoreregex ever
 * match; can a client write a line that bans somebody else. */
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "ban/jail.h"
#include "ctl/jail_report.h"
#include "ctl/words.h"
#include "os/clock.h"

enum { TAIL_BYTES = 8 << 20, ENOUGH_LINES = 20 };

static const char usage[] =
    "[--config DIR] [--tz ZONE] [--now EPOCH] [--all] [--filter NAME --log FILE] [JAIL …]";

struct check {
    struct jail_tool tool;
    struct jails jails;
    bool all;
    const char *filter, *log; /* --filter, --log: one filter on one file */
    size_t checked, healthy;
};

static struct findings *found(struct check *k)
{
    return &k->tool.findings;
}

static struct conf_place place_of(const struct regex *r)
{
    return conf_place_at(regex_text(r), 0);
}

/* Dates. */
static void check_dates(struct check *k, const struct report *r, struct conf_place place)
{
    const struct filter_counts *n = filter_counts(k->tool.filter);
    if (n->lines < ENOUGH_LINES)
        return;
    if (n->dated == 0)
        finding_add(found(k), FINDING_ERROR, place,
                    "set datepattern to the form of this log's dates (jail.conf(5))",
                    "none of %llu lines has a date that is understood",
                    (unsigned long long)n->lines);
    else if ((n->undated + n->bad_date) * 2 > n->lines)
        finding_add(found(k), FINDING_WARNING, place, "set datepattern",
                    "%llu of %llu lines have no date",
                    (unsigned long long)(n->undated + n->bad_date), (unsigned long long)n->lines);
    if (r->timed && r->last_time > (double)k->tool.now + 120)
        finding_add(found(k), FINDING_WARNING, place, "set logtimezone, or mend the host's clock",
                    "the newest failure is %.1f hours in the future",
                    (r->last_time - (double)k->tool.now) / 3600);
}

/* The last part alone is what is missing: browsers that send no Referer, say. */
static bool lacks_its_end(const struct missed_shape *s)
{
    return s->near_known && s->near.items > 2 &&
           (s->near.of - s->near.items <= 12 && s->near.items * 4 >= s->near.of * 3);
}

static str literal_behind(const struct filter *f, const struct missed_shape *s)
{
    str source = regex_source(filter_regex(f, s->near_regex));
    return str_slice(source, s->near.wanted_at, s->near.wanted_at + 60);
}

/* Lines that lack the end of an expression, all of them together. */
static uint64_t tell_missing_end(struct check *k, const struct report *r, size_t first,
                                 enum finding_level level)
{
    const struct missed_shape *s = &r->shapes.at[first];
    uint64_t n = 0;
    for (size_t i = 0; i < r->shapes.n; i++) {
        const struct missed_shape *o = &r->shapes.at[i];
        if (!o->suspicious || !lacks_its_end(o) || o->near_regex != s->near_regex ||
            o->near.wanted_at != s->near.wanted_at)
            continue;
        if (i < first)
            return 0; /* told with that one */
        n += o->count;
    }
    str wanted = literal_behind(k->tool.filter, s);
    struct conf_place p =
        conf_place_at(regex_text(filter_regex(k->tool.filter, s->near_regex)), s->near.wanted_at);
    const char *remedy = str_find_str(wanted, S("referer")) >= 0
                             ? "take `, referer:` off its end: browsers that send none are never "
                               "counted"
                             : "take that part out of the expression, or make it optional";
    finding_add(found(k), level, p, remedy,
                "failregex %zu needs `%.*s` at its end; %llu lines matched all but that: %.*s",
                s->near_regex + 1, STR_ARG(wanted), (unsigned long long)n,
                STR_ARG(str_slice(s->line, 0, 300)));
    return n;
}

/* Nothing at all matched: how far the best of the expressions came. */
static void tell_nothing_matches(struct check *k, const struct report *r, struct conf_place place)
{
    const struct missed_shape *best = NULL, *any = NULL;
    for (size_t i = 0; i < r->shapes.n; i++) {
        const struct missed_shape *s = &r->shapes.at[i];
        if (s->suspicious && !any)
            any = s;
        if (s->suspicious && s->near_known && (!best || s->near.column > best->near.column))
            best = s;
    }
    if (best)
        finding_add(found(k), FINDING_ERROR,
                    conf_place_at(regex_text(filter_regex(k->tool.filter, best->near_regex)),
                                  best->near.wanted_at),
                    "compare the filter with the log",
                    "the filter matches nothing of %llu lines, of which %llu look like failures; "
                    "nearest miss: failregex %zu goes along up to column %zu and then wants %.*s: "
                    "%.*s",
                    (unsigned long long)r->lines, (unsigned long long)r->suspicious,
                    best->near_regex + 1, best->near.column,
                    STR_ARG(literal_behind(k->tool.filter, best)),
                    STR_ARG(str_slice(best->line, 0, 300)));
    else if (any)
        finding_add(
            found(k), FINDING_ERROR, place, "is this the log that the filter is for?",
            "the filter matches nothing of %llu lines, of which %llu look like failures; no "
            "failregex even begins to match: %.*s",
            (unsigned long long)r->lines, (unsigned long long)r->suspicious,
            STR_ARG(str_slice(any->line, 0, 300)));
    else if (filter_prefregex(k->tool.filter) && r->lines >= ENOUGH_LINES &&
             filter_counts(k->tool.filter)->pref_matched == 0)
        finding_add(found(k), FINDING_ERROR, place_of(filter_prefregex(k->tool.filter)),
                    "is this the log that the filter is for?",
                    "prefregex matches none of %llu lines", (unsigned long long)r->lines);
}

static void check_shapes(struct check *k, struct report *r, struct conf_place place)
{
    bool counted = r->matched + r->ignored > 0;
    uint64_t told = 0;
    report_nearest(r);
    for (size_t i = 0; i < r->shapes.n; i++)
        if (r->shapes.at[i].suspicious && lacks_its_end(&r->shapes.at[i]))
            told += tell_missing_end(k, r, i, counted ? FINDING_WARNING : FINDING_ERROR);
    if (!counted && !told)
        tell_nothing_matches(k, r, place);
}

/* What a failregex matches, with prefregex's part before it. */
static bool sample_line(const struct filter *f, size_t i, struct regex_sample *s, struct buf *out)
{
    struct regex *pref = filter_prefregex(f);
    if (!pref)
        return regex_sample(filter_regex(f, i), s, out);
    auto_buf struct buf content;
    buf_init(&content, 64 << 10);
    if (!regex_sample(filter_regex(f, i), s, &content))
        return false;
    struct regex_sample whole = {
        .address = s->address, .content = buf_str(&content), .wild_at = SIZE_MAX, .full = s->full};
    return regex_sample(pref, &whole, out);
}

static str id_of(struct check *k, str line, struct buf *room)
{
    const struct filter_result *r;
    size_t n = filter_feed_at(k->tool.filter, line, (double)k->tool.now, k->tool.now, &r);
    buf_reset(room);
    for (size_t i = 0; i < n; i++)
        if (r[i].verdict == FILTER_FOUND) {
            buf_add(room, r[i].id);
            break;
        }
    return buf_str(room);
}

/* Does text that a client chooses (a user name) become the address that is banned? */
static void check_forgeable(struct check *k, size_t i)
{
    const str attacker = S("192.0.2.1"), victim = S("203.0.113.99");
    struct filter *f = k->tool.filter;
    auto_buf struct buf honest, theirs, forged, id;
    buf_init(&honest, 64 << 10);
    buf_init(&theirs, 64 << 10);
    buf_init(&forged, 64 << 10);
    buf_init(&id, 1000);
    struct regex_sample a = {.address = attacker, .wild_at = SIZE_MAX, .full = true},
                        b = {.address = victim, .wild_at = SIZE_MAX, .full = true};
    if (!sample_line(f, i, &a, &honest) || !sample_line(f, i, &b, &theirs) ||
        !str_eq(id_of(k, buf_str(&honest), &id), attacker))
        return;
    size_t host = (size_t)str_find_str(buf_str(&honest), attacker);
    for (size_t w = 0; w < a.wilds && w < 20; w++) {
        struct regex_sample wish = {
            .address = attacker, .wild = buf_str(&theirs), .wild_at = w, .full = true};
        if (!sample_line(f, i, &wish, &forged))
            continue;
        str line = buf_str(&forged);
        ptrdiff_t at = str_find_str(line, attacker);
        if (at < 0 || (size_t)at > host + 4 || /* what stands before it is the server's own text */
            !str_eq(id_of(k, line, &id), victim))
            continue;
        finding_add(found(k), FINDING_WARNING, place_of(filter_regex(f, i)),
                    "begin the expression with what the server writes, without .* before <HOST>",
                    "failregex %zu can be made to ban somebody else: a client at %.*s bans %.*s by "
                    "the line "
                    "%.*s",
                    i + 1, STR_ARG(attacker), STR_ARG(victim), STR_ARG(str_slice(line, 0, 200)));
        return;
    }
}

static bool ignore_could_match(struct check *k, size_t i)
{
    struct filter *f = k->tool.filter;
    struct regex *ignore = filter_ignoreregex(f, i);
    auto_buf struct buf line;
    buf_init(&line, 64 << 10);
    /* Something that both match: what the ignoreregex itself stands for, where a failregex leaves
     * room; or a failregex's own text. */
    struct regex_sample own = {.address = S("192.0.2.1"), .wild_at = SIZE_MAX};
    auto_buf struct buf wild;
    buf_init(&wild, 64 << 10);
    if (!regex_sample(ignore, &own, &wild))
        return true; /* nothing is known */
    for (size_t n = 0; n < filter_regexes(f); n++)
        for (size_t w = 0; w <= 8; w++) {
            struct regex_sample s = {
                .address = S("192.0.2.1"), .wild = buf_str(&wild), .wild_at = w ? w - 1 : SIZE_MAX};
            struct regex_hit hit;
            if (!sample_line(f, n, &s, &line))
                continue;
            buf_addc(&line, '\n');
            if (regex_match(ignore, buf_str(&line), 0, false, &hit) == REGEX_YES)
                return true;
            if (w > s.wilds)
                break;
        }
    return false;
}

/* In this log no line goes even its first step. */
static bool never_begins(const struct regex *ignore, const struct report *r)
{
    struct regex_near near;
    size_t seen = 0;
    for (size_t i = 0; i < r->matched_texts.n; i++, seen++)
        if (regex_nearest(ignore, r->matched_texts.at[i], &near) && near.column > 0)
            return false;
    for (size_t i = 0; i < r->shapes.n && i < REPORT_TEXTS; i++, seen++)
        if (regex_nearest(ignore, r->shapes.at[i].text, &near) && near.column > 0)
            return false;
    return seen > 0 && r->lines >= ENOUGH_LINES && regex_needs_of(ignore)->anchored;
}

static void check_expressions(struct check *k, const struct report *r)
{
    struct filter *f = k->tool.filter;
    for (size_t i = 0; i < filter_ignoreregexes(f); i++) {
        if (r->ignore_hits[i])
            continue;
        struct regex *ignore = filter_ignoreregex(f, i);
        if (never_begins(ignore, r))
            finding_add(found(k), FINDING_WARNING, place_of(ignore),
                        "take it out, or write it for this log's lines",
                        "ignoreregex %zu is dead: no line of this log begins as it must: %.*s",
                        i + 1, STR_ARG(str_slice(regex_given(ignore), 0, 100)));
        else if (!ignore_could_match(k, i))
            finding_add(found(k), FINDING_WARNING, place_of(ignore),
                        "take it out, or write it for this log's lines",
                        "ignoreregex %zu is dead: no line that a failregex matches can match it: "
                        "%.*s",
                        i + 1, STR_ARG(str_slice(regex_given(ignore), 0, 100)));
    }
    for (size_t i = 0; i < filter_regexes(f); i++) {
        struct regex_sample plain = {.address = S("192.0.2.1"), .wild_at = SIZE_MAX};
        auto_buf struct buf line;
        buf_init(&line, 64 << 10);
        check_forgeable(k, i);
        if (sample_line(f, i, &plain, &line) && str_find_str(buf_str(&line), S(", referer:")) >= 0)
            finding_add(found(k), FINDING_WARNING, place_of(filter_regex(f, i)),
                        "take `, referer:` off its end",
                        "failregex %zu wants a Referer: browsers that send none are never counted",
                        i + 1);
    }
}

static void check_log(struct check *k, struct report *r, const char *path, struct conf_place place)
{
    err e;
    if (report_file(r, path, TAIL_BYTES, &e))
        return;
    finding_add(found(k), FINDING_ERROR, place, "make the log readable for whoever reads it",
                "%s: %s", path, err_text(e));
}

static void check_logs(struct check *k, struct report *r, const struct jail_def *d)
{
    size_t files = 0;
    for (size_t i = 0; i < d->logs.n; i++) {
        glob_t g;
        if (glob(arena_cstr(k->tool.ctl->arena, d->logs.at[i].glob), 0, NULL, &g) != 0)
            continue;
        for (size_t n = 0; n < g.gl_pathc; n++) {
            struct stat st;
            if (stat(g.gl_pathv[n], &st) < 0) {
                finding_add(found(k), FINDING_WARNING, d->logs.at[i].place, "mend the link",
                            "%s leads nowhere", g.gl_pathv[n]);
                continue;
            }
            files++;
            check_log(k, r, g.gl_pathv[n], d->logs.at[i].place);
        }
        globfree(&g);
    }
    if (files)
        return;
    str what = d->logs.n ? d->logs.at[0].glob : S("logpath is not set");
    finding_add(found(k), FINDING_ERROR, d->logs.n ? d->logs.at[0].place : d->place,
                "set logpath to where the log is, or backend = systemd", "there is no log: %.*s",
                STR_ARG(what));
}

static void say_counts(struct check *k, const char *name, const struct report *r, uint64_t dated,
                       bool well)
{
    auto_buf struct buf b;
    buf_init(&b, 1000);
    buf_addf(&b,
             "%s: %s: %llu lines, %llu with a date, %llu failures, %llu ignored or no failure\n",
             name, word(k->tool.ctl, well ? "ok" : "cannot work as it should"),
             (unsigned long long)r->lines, (unsigned long long)dated,
             (unsigned long long)r->matched, (unsigned long long)r->ignored);
    (void)ctl_print(k->tool.ctl, buf_str(&b)); /* it says so itself */
}

/* k->tool.filter is set. */
static void check_filter(struct check *k, const char *name, const struct jail_def *d,
                         size_t errors_before)
{
    struct report r;
    report_init(&r, &k->tool);
    struct conf_place place = filter_regexes(k->tool.filter)
                                  ? place_of(filter_regex(k->tool.filter, 0))
                                  : (d ? d->place : (struct conf_place){0});
    if (!filter_regexes(k->tool.filter))
        finding_add(found(k), FINDING_ERROR, place, "write a failregex", "there is no failregex");
    if (d && !d->journal)
        check_logs(k, &r, d);
    else if (k->log)
        check_log(k, &r, k->log, place);
    uint64_t dated = filter_counts(k->tool.filter)->dated;
    check_dates(k, &r, place);
    check_shapes(k, &r, place);
    check_expressions(k, &r);
    bool well = found(k)->errors == errors_before;
    k->healthy += well;
    say_counts(k, name, &r, dated, well);
    report_done(&r);
}

static void check_jail(struct check *k, struct jail_def *d, size_t before)
{
    const char *name = arena_cstr(k->tool.ctl->arena, d->name);
    found(k)->jail = d->name;
    k->checked++;
    struct filter_options options = {
        .journal = d->journal, .check_all = true, .zone = d->zone, .encoding = d->encoding};
    if (!d->broken)
        k->tool.filter = filter_new(found(k), k->tool.dates, &d->filter, &options);
    if (k->tool.filter) {
        check_filter(k, name, d, before);
    } else {
        auto_buf struct buf b;
        buf_init(&b, 1000);
        buf_addf(&b, "%s: %s\n", name, word(k->tool.ctl, "cannot be loaded"));
        (void)ctl_print(k->tool.ctl, buf_str(&b)); /* it says so itself */
    }
    filter_free(k->tool.filter);
    k->tool.filter = NULL;
    found(k)->jail = S("");
}

static bool named(const struct jail_def *d, int argc, char **argv)
{
    for (int i = 0; i < argc; i++)
        if (str_eq(d->name, str_from(argv[i])))
            return true;
    return argc == 0;
}

static int check_jails(struct check *k, int argc, char **argv)
{
    struct ctl *c = k->tool.ctl;
    bool there = jails_load(&k->jails, c->arena, &k->tool.files.files, found(k),
                            str_from(k->tool.config), k->all);
    for (int i = 0; there && i < argc; i++)
        if (!jails_find(&k->jails, str_from(argv[i])))
            finding_add(found(k), FINDING_ERROR, (struct conf_place){str_from(k->tool.config), 0},
                        "name one that jail.conf has", "there is no jail %s", argv[i]);
    for (size_t i = 0; there && i < k->jails.list.n; i++) {
        struct jail_def *d = k->jails.list.at[i];
        if ((d->enabled || k->all) && named(d, argc, argv))
            check_jail(k, d, found(k)->errors);
    }
    jail_tool_findings(c, found(k));
    jails_done(&k->jails);
    auto_buf struct buf b;
    buf_init(&b, 1000);
    buf_addf(&b, "%zu jails, %zu of them can work\n", k->checked, k->healthy);
    if (!ctl_print(c, buf_str(&b)))
        return CTL_TEMPORARY;
    return found(k)->errors || k->healthy < k->checked ? CTL_FOUND : CTL_OK;
}

static int check_one_filter(struct check *k)
{
    struct ctl *c = k->tool.ctl;
    struct filter_options options = {.check_all = true};
    if (jail_tool_load(&k->tool, str_from(k->filter), &options))
        check_filter(k, k->filter, NULL, 0);
    jail_tool_findings(c, found(k));
    return found(k)->errors ? CTL_FOUND : CTL_OK;
}

static int run(struct check *k, int argc, char **argv)
{
    struct ctl *c = k->tool.ctl;
    int i = 1;
    for (; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        uint64_t now;
        if (strcmp(argv[i], "--all") == 0) {
            k->all = true;
            continue;
        }
        if (!value)
            return ctl_usage(c, usage);
        if (strcmp(argv[i], "--config") == 0)
            k->tool.config = value;
        else if (strcmp(argv[i], "--filter") == 0)
            k->filter = value;
        else if (strcmp(argv[i], "--log") == 0)
            k->log = value;
        else if (strcmp(argv[i], "--now") == 0 && str_u64(str_from(value), &now))
            k->tool.now = (int64_t)now;
        else if (strcmp(argv[i], "--tz") != 0 || !jail_tool_zone(&k->tool, value))
            return ctl_usage(c, usage);
        i++;
    }
    if (k->filter)
        return i == argc ? check_one_filter(k) : ctl_usage(c, usage);
    return check_jails(k, argc - i, argv + i);
}

int jail_check(struct ctl *c, int argc, char **argv)
{
    struct check k = {0};
    if (!jail_tool_open(&k.tool, c, "/etc/fail2ban", clock_seconds()))
        return CTL_TEMPORARY;
    int code = run(&k, argc, argv);
    jail_tool_close(&k.tool);
    return code;
}
