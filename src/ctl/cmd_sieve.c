/* SPDX-License-Identifier: ISC */
/* ctl/cmd_sieve.c -- `twinpost sieve`: says what is wrong with a script, and what it would do with
 * a message, by the code that deliver and sieved use. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "ctl/ctl.h"
#include "ctl/words.h"
#include "os/clock.h"
#include "os/file.h"
#include "sieve/sieve.h"

enum { MESSAGE_MAX = 64 << 20, OUT_MAX = 8 << 20, ARENA_MAX = 256 << 20, REDIRECTS = 4 };

struct trial {
    struct ctl *ctl;
    struct arena *arena;
    struct buf out;
    str folder; /* of the script: included ones are looked for beside it */
    bool trace;
};

static enum sieve_language language(const struct ctl *c)
{
    return c->japanese ? SIEVE_JAPANESE : SIEVE_ENGLISH;
}

static void tell_problems(struct trial *t, const char *file, const struct sieve_problems *p)
{
    for (size_t i = 0; i < p->n; i++) {
        buf_addf(&t->out, "%s: ", file);
        sieve_problem_write(&t->out, &p->at[i], language(t->ctl));
        buf_addc(&t->out, '\n');
    }
}

/* NULL: told. */
static struct sieve_script *compile(struct trial *t, const char *file, int *ret_code)
{
    struct sieve_problems problems = {0};
    str text;
    err e = file_read(AT_FDCWD, file, SIEVE_SCRIPT_MAX, t->arena, &text);
    if (failed(e)) {
        *ret_code = ctl_fail_err(t->ctl, file, e);
        return NULL;
    }
    struct sieve_script *s = sieve_compile(text, t->arena, &problems);
    tell_problems(t, file, &problems);
    *ret_code = s ? CTL_OK : CTL_FOUND;
    return s;
}

static err load(void *ctx, enum sieve_include_from from, str name, struct arena *a, str *ret_text)
{
    struct trial *t = ctx;
    (void)from;
    str path = arena_printf(a, "%.*s/%.*s.sieve", STR_ARG(t->folder), STR_ARG(name));
    return file_read(AT_FDCWD, path.p, SIEVE_SCRIPT_MAX, a, ret_text);
}

static void trace(void *ctx, struct sieve_pos at, str line)
{
    struct trial *t = ctx;
    if (t->trace)
        buf_addf(&t->out, "  %4u: %.*s\n", at.line, STR_ARG(line));
}

static void tell_flags(struct buf *b, const struct sieve_action *a)
{
    for (size_t i = 0; i < a->n_flags; i++)
        buf_addf(b, " %.*s", STR_ARG(a->flags[i]));
}

static void tell_action(struct trial *t, const struct sieve_action *a)
{
    struct buf *b = &t->out;
    buf_addf(b, "%s%s", sieve_action_name(a->kind), a->at.line ? "" : " (implicit)");
    switch (a->kind) {
    case SIEVE_FILEINTO:
        buf_addf(b, " \"%.*s\"%s", STR_ARG(a->target), a->create ? " create" : "");
        if (a->special_use.n)
            buf_addf(b, " specialuse %.*s", STR_ARG(a->special_use));
        break;
    case SIEVE_REDIRECT:
    case SIEVE_NOTIFY:
        buf_addf(b, " %.*s", STR_ARG(a->target));
        break;
    case SIEVE_REJECT:
    case SIEVE_EREJECT:
        buf_addf(b, " \"%.*s\"", STR_ARG(str_trim(a->text)));
        break;
    case SIEVE_VACATION:
        buf_addf(b, " seconds=%llu", (unsigned long long)a->vacation.seconds);
        break;
    case SIEVE_KEEP:
        break;
    }
    if (a->n_flags)
        buf_add(b, S(" flags"));
    tell_flags(b, a);
    buf_add(b, a->header.p ? S(" edited\n") : S("\n"));
    if (a->header.p && t->trace)
        buf_add(b, a->header);
}

static void tell_result(struct trial *t, const struct sieve_result *r)
{
    if (r->failed) {
        sieve_problem_write(&t->out, &r->problem, language(t->ctl));
        buf_addc(&t->out, '\n');
    }
    for (size_t i = 0; i < r->n; i++)
        tell_action(t, &r->actions[i]);
    if (!r->n)
        buf_add(&t->out, S("discard\n"));
}

struct envelope_options {
    const char *from, *to, *file, *message;
    bool quiet;
};

static bool take_options(int argc, char **argv, struct envelope_options *o)
{
    *o = (struct envelope_options){0};
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "-f") == 0 && i + 1 < argc)
            o->from = argv[++i];
        else if (strcmp(argv[i], "-t") == 0 && i + 1 < argc)
            o->to = argv[++i];
        else if (strcmp(argv[i], "-q") == 0)
            o->quiet = true;
        else if (!o->file)
            o->file = argv[i];
        else if (!o->message)
            o->message = argv[i];
        else
            return false;
    }
    return o->file != NULL;
}

static int run(struct trial *t, const struct envelope_options *o, const struct sieve_script *s)
{
    struct sieve_result result;
    str text;
    err e = file_read(AT_FDCWD, o->message, MESSAGE_MAX, t->arena, &text);
    if (failed(e))
        return ctl_fail_err(t->ctl, o->message, e);
    struct sieve_message m = {.text = text, .from = str_from(o->from), .to = str_from(o->to)};
    struct sieve_env env = {
        .ctx = t, .now = clock_seconds(), .redirects_max = REDIRECTS, .load = load, .trace = trace};
    sieve_run(s, &m, &env, t->arena, &result);
    tell_result(t, &result);
    return result.failed ? CTL_FOUND : CTL_OK;
}

static str folder_of(struct arena *a, const char *file)
{
    str s = str_from(file);
    ptrdiff_t slash = str_rfind(s, '/');
    return slash < 0 ? S(".") : arena_copy(a, str_slice(s, 0, (size_t)slash));
}

int cmd_sieve(struct ctl *c, int argc, char **argv)
{
    static const char usage[] =
        "sieve check FILE | test [-q] [-f SENDER] [-t RECIPIENT] FILE MESSAGE";
    struct envelope_options o;
    bool check = argc > 1 && strcmp(argv[1], "check") == 0;
    bool test = argc > 1 && strcmp(argv[1], "test") == 0;
    if ((!check && !test) || !take_options(argc, argv, &o) || test != (o.message != NULL))
        return ctl_usage(c, usage);
    struct trial t = {.ctl = c, .arena = arena_new("sieve trial", ARENA_MAX), .trace = !o.quiet};
    t.folder = folder_of(t.arena, o.file);
    buf_init(&t.out, OUT_MAX);
    int code;
    struct sieve_script *s = compile(&t, o.file, &code);
    if (s && test)
        code = run(&t, &o, s);
    else if (s)
        buf_addf(&t.out, "%s: %s\n", o.file, word(c, "the script is sound"));
    if (!ctl_print(c, buf_str(&t.out)))
        code = CTL_TEMPORARY;
    sieve_script_done(s);
    buf_done(&t.out);
    arena_free(t.arena);
    return code;
}
