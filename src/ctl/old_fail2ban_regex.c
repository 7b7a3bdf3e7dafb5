/* SPDX-License-Identifier: ISC */
/* fail2ban-regex(1): the layout that people's scripts read. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ctl/jail_report.h"
#include "ctl/old.h"
#include "os/clock.h"

enum { FEW = 20, HITS_KEPT = 1000000 }; /* FEW: lines are printed when there are fewer */

struct who {
    unsigned regex;
    str id;
    double time;
};

struct f2b {
    struct ctl *ctl;
    struct jail_tool tool;
    struct report r;
    struct filter_options options;
    struct buf out;
    const char *words[3], *tokens;
    int n_words, verbose;
    VEC(struct who) who; /* for -v */
    bool raw, no_missed, no_ignored, all_matched, all_missed, all_ignored;
};

static void list_of(struct buf *b, const char *header, const str *lines, size_t n)
{
    if (!n)
        return;
    if (header)
        buf_addf(b, "|- %s\n", header);
    for (size_t i = 0; i < n; i++)
        buf_addf(b, "|  %.*s\n", STR_ARG(lines[i]));
    buf_add(b, S("`-\n"));
}

/* -v: whom an expression named, and when. */
static void addresses(struct f2b *x, size_t regex)
{
    for (size_t i = 0; i < x->who.n; i++) {
        const struct who *w = &x->who.at[i];
        time_t t = (time_t)w->time;
        struct tm tm;
        char when[60] = "";
        if (w->regex != regex)
            continue;
        if (localtime_r(&t, &tm))
            (void)strftime(when, sizeof when, "%a %b %d %H:%M:%S %Y", &tm); /* it has room */
        buf_addf(&x->out, "|      %.*s  %s\n", STR_ARG(w->id), when);
    }
}

static void regexes(struct f2b *x, const char *title, size_t n, const uint64_t *hits,
                    struct regex *(*get)(const struct filter *, size_t))
{
    uint64_t total = 0;
    bool any = false;
    for (size_t i = 0; i < n; i++)
        total += hits[i];
    buf_addf(&x->out, "\n%s: %llu total\n", title, (unsigned long long)total);
    for (size_t i = 0; i < n; i++) {
        if (!hits[i] && !x->verbose)
            continue;
        if (!any)
            buf_add(&x->out, S("|-  #) [# of hits] regular expression\n"));
        any = true;
        buf_addf(&x->out, "|  %2zu) [%llu] %.*s\n", i + 1, (unsigned long long)hits[i],
                 STR_ARG(regex_given(get(x->tool.filter, i))));
        if (get == filter_regex)
            addresses(x, i);
    }
    if (any)
        buf_add(&x->out, S("`-\n"));
}

static void dates(struct f2b *x)
{
    str name;
    uint64_t hits;
    bool any = false;
    buf_add(&x->out, S("\nDate template hits:\n"));
    for (size_t i = 0; date_template_info(filter_dates(x->tool.filter), i, &name, &hits); i++) {
        if (!hits && !x->verbose)
            continue;
        if (!any)
            buf_add(&x->out, S("|- [# of hits] date format\n"));
        any = true;
        buf_addf(&x->out, "|  [%llu] %.*s\n", (unsigned long long)hits, STR_ARG(name));
    }
    if (any)
        buf_add(&x->out, S("`-\n"));
}

static void lines(struct f2b *x, const char *title, const char *word, uint64_t n,
                  const struct kept_lines *k, bool all)
{
    char header[60];
    if (!n)
        return;
    (void)snprintf(header, sizeof header, "%s line(s):", title); /* short words */
    if (n < FEW || all)
        list_of(&x->out, header, k->list.at, k->list.n);
    else
        buf_addf(&x->out, "%s too many to print.  Use --print-all-%s to print all %llu lines\n",
                 header, word, (unsigned long long)n);
}

static void results(struct f2b *x, double seconds)
{
    struct filter *f = x->tool.filter;
    struct report *r = &x->r;
    buf_add(&x->out, S("\nResults\n=======\n"));
    if (filter_prefregex(f)) {
        str source = regex_source(filter_prefregex(f));
        buf_addf(&x->out, "\nPrefregex: %llu total\n",
                 (unsigned long long)filter_counts(f)->pref_matched);
        list_of(&x->out, NULL, &source, 1);
    }
    regexes(x, "Failregex", filter_regexes(f), r->fail_hits, filter_regex);
    regexes(x, "Ignoreregex", filter_ignoreregexes(f), r->ignore_hits, filter_ignoreregex);
    dates(x);
    buf_addf(
        &x->out,
        "\nLines: %llu lines, %llu ignored, %llu matched, %llu missed\n[processed in %.2f sec]\n\n",
        (unsigned long long)r->lines, (unsigned long long)r->ignored,
        (unsigned long long)r->matched, (unsigned long long)r->missed, seconds);
    if (x->all_matched)
        lines(x, "Matched", "matched", r->matched, &r->matched_lines, true);
    if (!x->no_ignored)
        lines(x, "Ignored", "ignored", r->ignored, &r->ignored_lines, x->all_ignored);
    if (!x->no_missed)
        lines(x, "Missed", "missed", r->missed, &r->missed_lines, x->all_missed);
}

static str field(const struct f2b *x, const struct filter_result *r, str name)
{
    for (size_t i = 0; filter_field_name(x->tool.filter, i).n; i++)
        if (str_eq(name, filter_field_name(x->tool.filter, i)))
            return r->fields[i];
    return (str){0};
}

static void row(struct f2b *x, const struct filter_result *r)
{
    buf_addf(&x->out, "['%.*s',\t%.1f,\t{", STR_ARG(r->id), r->time);
    bool any = false;
    for (size_t i = 0; filter_field_name(x->tool.filter, i).n; i++) {
        if (!r->fields[i].p)
            continue;
        buf_addf(&x->out, "%s'%.*s': '%.*s'", any ? ", " : "",
                 STR_ARG(filter_field_name(x->tool.filter, i)), STR_ARG(r->fields[i]));
        any = true;
    }
    buf_add(&x->out, S("}],\n"));
}

static void note(void *ctx, const struct filter_result *r, str line)
{
    struct f2b *x = ctx;
    (void)line;
    if (r->verdict == FILTER_IGNORED || x->who.n >= HITS_KEPT)
        return;
    struct who w = {r->regex, r->id.p ? arena_copy(x->r.arena, r->id) : S("None"),
                    r->has_time ? r->time : (double)x->tool.now};
    vec_push(&x->who, w);
}

/* -o WORD: one line a failure. */
static void each(void *ctx, const struct filter_result *r, str line)
{
    struct f2b *x = ctx;
    str t = str_from(x->tokens);
    if (r->verdict != FILTER_FOUND)
        return;
    if (str_eq(t, S("row"))) {
        row(x, r);
    } else {
        str v = str_eq(t, S("id")) || str_eq(t, S("fid")) ? r->id
                : str_eq(t, S("ip"))                      ? r->host
                : str_eq(t, S("msg"))                     ? line
                                                          : field(x, r, t);
        buf_addf(&x->out, "%.*s\n", STR_ARG(v.p ? v : S("None")));
    }
    if (x->out.n > 1 << 20) {
        (void)ctl_print(x->ctl, buf_str(&x->out)); /* it says so itself, and the end tells */
        buf_reset(&x->out);
    }
}

static int bad_use(struct f2b *x, const char *what)
{
    (void)fprintf(stderr,
                  "ERROR: %s\nUsage: fail2ban-regex [OPTIONS] <LOG> <REGEX> [IGNOREREGEX]\n",
                  what); /* nowhere else to complain */
    (void)x;
    return 255;
}

static bool flag(struct f2b *x, const char *a)
{
    static const struct {
        const char *name;
        size_t at;
    } flags[] = {{"--raw", offsetof(struct f2b, raw)},
                 {"-r", offsetof(struct f2b, raw)},
                 {"--print-no-missed", offsetof(struct f2b, no_missed)},
                 {"--print-no-ignored", offsetof(struct f2b, no_ignored)},
                 {"--print-all-matched", offsetof(struct f2b, all_matched)},
                 {"--print-all-missed", offsetof(struct f2b, all_missed)},
                 {"--print-all-ignored", offsetof(struct f2b, all_ignored)}};
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
        if (strcmp(a, flags[i].name) == 0) {
            *(bool *)(void *)((char *)x + flags[i].at) = true;
            return true;
        }
    if (strcmp(a, "-v") == 0 || strcmp(a, "--verbose") == 0 || strcmp(a, "-vv") == 0) {
        x->verbose++;
        return true;
    }
    if (strcmp(a, "--no-check-all") == 0) {
        x->options.check_all = false;
        return true;
    }
    /* How much is said of other things than the result. */
    return strcmp(a, "-D") == 0 || strcmp(a, "--debuggex") == 0 || strcmp(a, "--VD") == 0 ||
           strcmp(a, "--verbose-date") == 0 || strcmp(a, "-t") == 0 ||
           strcmp(a, "--log-traceback") == 0 || strcmp(a, "--full-traceback") == 0;
}

static bool valued(struct f2b *x, const char *a, const char *v)
{
    static const char *const ignored[] = {"-l", "--log-level", "-m", "--journalmatch",
                                          "--verbosity"};
    if (strcmp(a, "-c") == 0 || strcmp(a, "--config") == 0)
        x->tool.config = v;
    else if (strcmp(a, "-d") == 0 || strcmp(a, "--datepattern") == 0)
        x->tool.datepattern = v;
    else if (strcmp(a, "-e") == 0 || strcmp(a, "--encoding") == 0)
        x->options.encoding = str_from(v);
    else if (strcmp(a, "-L") == 0 || strcmp(a, "--maxlines") == 0)
        x->tool.maxlines = v;
    else if (strcmp(a, "--usedns") == 0)
        x->tool.usedns = v;
    else if (strcmp(a, "-o") == 0 || strcmp(a, "--out") == 0)
        x->tokens = v;
    else if (strcmp(a, "--timezone") == 0 || strcmp(a, "--TZ") == 0)
        return jail_tool_zone(&x->tool, v);
    else {
        for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
            if (strcmp(a, ignored[i]) == 0)
                return true;
        return false;
    }
    return true;
}

/* 0, or the exit code of a mistake. */
static int read_arguments(struct f2b *x, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *a = argv[i];
        if (a[0] != '-' || !a[1]) {
            if (x->n_words == 3)
                return bad_use(x, "provide both <LOG> and <REGEX>.");
            x->words[x->n_words++] = a;
            continue;
        }
        const char *eq = strncmp(a, "--", 2) == 0 ? strchr(a, '=') : NULL;
        if (eq) {
            if (!valued(x, arena_cstr(x->ctl->arena, str_of(a, (size_t)(eq - a))), eq + 1))
                return bad_use(x, "no such option");
        } else if (!flag(x, a)) {
            if (i + 1 >= argc || !valued(x, a, argv[i + 1]))
                return bad_use(x, "no such option");
            i++;
        }
    }
    return x->n_words < 2 ? bad_use(x, "provide both <LOG> and <REGEX>.") : 0;
}

static str date_name(const struct f2b *x)
{
    str name = S("Default Detectors"), first;
    uint64_t hits;
    size_t n = 0;
    while (date_template_info(filter_dates(x->tool.filter), n, &first, &hits))
        n++;
    if (n > 0 && n <= 2)
        (void)date_template_info(filter_dates(x->tool.filter), 0, &name, &hits); /* it is there */
    return name;
}

static void heading(struct f2b *x)
{
    const char *log = x->words[0], *regex = x->words[1];
    bool file = access(log, F_OK) == 0;
    buf_add(&x->out, S("\nRunning tests\n=============\n\n"));
    if (jail_tool_is_name(str_from(regex)))
        buf_addf(&x->out, "Use   failregex filter file : %.*s, basedir: %s\n",
                 STR_ARG(x->tool.reader.call.name), x->tool.config);
    else
        buf_addf(&x->out, "Use   failregex line : %s\n", regex);
    const struct conf_call *call = &x->tool.reader.call;
    if (call->options.n)
        buf_add(&x->out, S("Use   filter options : {"));
    for (size_t i = 0; i < call->options.n; i++)
        buf_addf(&x->out, "%s'%.*s': '%.*s'%s", i ? ", " : "", STR_ARG(call->options.at[i].name),
                 STR_ARG(call->options.at[i].value.s), i + 1 < call->options.n ? "" : "}\n");
    if (x->tool.def.maxlines.present)
        buf_addf(&x->out, "Use         maxlines : %u\n", filter_maxlines(x->tool.filter));
    if (x->tool.def.datepattern.present)
        buf_addf(&x->out, "Use      datepattern : %.*s : %.*s\n",
                 STR_ARG(x->tool.def.datepattern.text.s), STR_ARG(date_name(x)));
    if (x->n_words == 3)
        buf_addf(&x->out, "Use ignoreregex line : %s\n", x->words[2]);
    if (file)
        buf_addf(&x->out, "Use         log file : %s\nUse         encoding : UTF-8\n", log);
    else
        buf_addf(&x->out, "Use      single line : %s\n", log);
    buf_addc(&x->out, '\n');
}

static int run(struct f2b *x)
{
    bool ok = jail_tool_is_name(str_from(x->words[1]))
                  ? jail_tool_load(&x->tool, str_from(x->words[1]), &x->options)
                  : jail_tool_regex(&x->tool, x->words[1], NULL, &x->options);
    jail_tool_findings(x->ctl, &x->tool.findings);
    if (!ok)
        return 255;
    if (!x->tokens)
        heading(x);
    struct report *r = &x->r;
    report_init(r, &x->tool);
    r->skip_comments = true;
    r->matched_lines.all = x->all_matched;
    r->missed_lines.all = x->all_missed;
    r->ignored_lines.all = x->all_ignored;
    r->each = x->tokens ? each : x->verbose ? note : NULL;
    r->each_ignored = !x->tokens;
    r->ctx = x;
    int64_t from = clock_ms();
    err e = OK_ERR;
    if (access(x->words[0], F_OK) == 0) {
        if (!report_file(r, x->words[0], 0, &e))
            return ctl_fail(x->ctl, 255, "%s: %s", x->words[0], err_text(e));
    } else {
        str rest = str_from(x->words[0]), line;
        while (rest.n) {
            (void)str_cut(rest, '\n', &line, &rest); /* the last one is all that is left */
            report_line(r, line);
        }
    }
    if (!x->tokens)
        results(x, (double)(clock_ms() - from) / 1000);
    return ctl_print(x->ctl, buf_str(&x->out)) ? 0 : 255;
}

int old_fail2ban_regex(struct ctl *c, int argc, char **argv)
{
    struct f2b x = {.ctl = c, .options = {.check_all = true}};
    buf_init(&x.out, 512 << 20);
    if (!jail_tool_open(&x.tool, c, "/etc/fail2ban", clock_seconds()))
        return 255;
    int code = read_arguments(&x, argc, argv);
    if (code == 0) {
        if (x.n_words == 3)
            x.tool.ignore = x.words[2];
        if (x.tokens)
            x.options.check_all = false;
        code = run(&x);
        if (x.r.arena)
            report_done(&x.r);
    }
    jail_tool_close(&x.tool);
    buf_done(&x.out);
    vec_done(&x.who);
    return code;
}
