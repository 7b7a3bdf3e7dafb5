/* SPDX-License-Identifier: ISC */
#include "sieve/run.h"

#include <stdarg.h>
#include <stdio.h>

#include "wire/charset.h"

enum { SCRATCH_MAX = 512 << 20, STEP = 64 };

void run_fail(struct run *r, struct sieve_pos at, enum sieve_problem_kind kind, str a, str b)
{
    if (r->failed)
        return;
    r->failed = true;
    r->problem = (struct sieve_problem){
        .at = at, .kind = kind, .a = arena_copy(r->a, a), .b = arena_copy(r->a, b)};
}

bool run_work(struct run *r, uint64_t n)
{
    r->work += n;
    if (r->work > SIEVE_WORK_MAX)
        run_fail(r, (struct sieve_pos){0}, SIEVE_RUN_WORK, S(""), S(""));
    else if (arena_used(r->a) - r->used_before > SIEVE_MEMORY_MAX ||
             arena_used(r->scratch) > SIEVE_MEMORY_MAX)
        run_fail(r, (struct sieve_pos){0}, SIEVE_RUN_MEMORY, S(""), S(""));
    return !r->failed;
}

void run_trace(struct run *r, struct sieve_pos at, const char *fmt, ...)
{
    char line[1024];
    if (!r->env->trace)
        return;
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    size_t length = n < 0 ? 0 : (size_t)n < sizeof line ? (size_t)n : sizeof line - 1;
    r->env->trace(r->env->ctx, at, str_of(line, length));
}

/* ---- scripts ---- */

struct sieve_script *sieve_compile(str text, struct arena *a, struct sieve_problems *problems)
{
    struct sieve_script *s = NEW(a, struct sieve_script);
    *s = (struct sieve_script){.text = text, .arena = a};
    if (text.n > SIEVE_SCRIPT_MAX) {
        sieve_problem_add(problems, (struct sieve_pos){0}, SIEVE_TOO_LARGE,
                          arena_printf(a, "%d", SIEVE_SCRIPT_MAX), S(""));
        return NULL;
    }
    struct sieve_pos at = {1, 1};
    str rest = text, line;
    while (str_line(&rest, &line)) {
        if (!utf8_is_valid(line)) {
            sieve_problem_add(problems, at, SIEVE_NOT_UTF8, S(""), S(""));
            return NULL;
        }
        at.line++;
    }
    if (script_parse(s, problems))
        script_check(s, problems);
    if (!problems->errors)
        return s;
    sieve_script_done(s);
    return NULL;
}

void sieve_script_done(struct sieve_script *s)
{
    if (!s)
        return;
    patterns_free(s->all_patterns);
    s->all_patterns = NULL;
}

bool sieve_script_requires(const struct sieve_script *s, str extension)
{
    enum extension e = extension_find(extension);
    return e != EXT_NONE && (s->required & EXT_BIT(e));
}

bool sieve_script_name_is_valid(str name)
{
    if (!name.n || name.n > SIEVE_SCRIPT_NAME_MAX || name.p[0] == '.' || !utf8_is_valid(name))
        return false;
    for (str rest = name; rest.n;) {
        uint32_t c = utf8_code(rest);
        if (c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 || c == '/')
            return false;
        rest = str_from_at(rest, utf8_length(rest));
    }
    return true;
}

/* ---- include (RFC 6609) ---- */

static struct included *find_included(struct run *r, enum sieve_include_from from, str name)
{
    for (struct included *i = r->included; i; i = i->next)
        if (i->from == from && str_eq(i->name, name))
            return i;
    return NULL;
}

static void include_broken(struct run *r, const struct node *n, str name,
                           const struct sieve_problems *p)
{
    auto_buf struct buf b;
    buf_init(&b, 2000);
    for (size_t i = 0; i < p->n; i++)
        if (!p->at[i].warning) {
            sieve_problem_write(&b, &p->at[i], SIEVE_ENGLISH);
            break;
        }
    run_fail(r, n->at, SIEVE_RUN_INCLUDE_BROKEN, name, buf_str(&b));
}

/* Reads and compiles it on its first use. NULL: there is none, or the run has failed. */
static struct included *included(struct run *r, const struct node *n, enum sieve_include_from from,
                                 str name)
{
    struct included *i = find_included(r, from, name);
    if (i)
        return i;
    if (r->n_included++ >= SIEVE_INCLUDES_MAX) {
        run_fail(r, n->at, SIEVE_RUN_INCLUDE_DEPTH, S(""), S(""));
        return NULL;
    }
    i = NEW(r->a, struct included);
    *i = (struct included){.from = from, .name = name, .next = r->included};
    str text;
    err e = r->env->load ? r->env->load(r->env->ctx, from, name, r->a, &text)
                         : err_new(ERR_NOTFOUND, "no scripts to include");
    struct sieve_problems problems = {0};
    if (!failed(e)) {
        if (!run_work(r, text.n * 4))
            return NULL;
        i->script = sieve_compile(text, r->a, &problems);
        if (!i->script) {
            include_broken(r, n, name, &problems);
            return NULL;
        }
    }
    r->included = i;
    return i;
}

static void run_block(struct run *r, const struct node *first);

static void run_script(struct run *r, const struct sieve_script *s, str name)
{
    struct frame f = {.up = r->frame, .script = s, .name = name};
    r->frame = &f;
    run_block(r, s->first);
    r->frame = f.up;
    frame_done(&f);
}

static void run_include(struct run *r, const struct node *n)
{
    const struct bound *where = node_get(n, SLOT_LOCATION);
    str name = node_get(n, SLOT_1)->list[0].s;
    enum sieve_include_from from =
        where ? (enum sieve_include_from)where->tag->value : SIEVE_PERSONAL;
    struct included *i = included(r, n, from, name);
    if (!i)
        return;
    if (!i->script) {
        if (!node_get(n, SLOT_OPTIONAL))
            run_fail(r, n->at, SIEVE_RUN_INCLUDE_MISSING, name, S(""));
        return;
    }
    for (const struct frame *f = r->frame; f; f = f->up)
        if (f->script == i->script) {
            run_fail(r, n->at, SIEVE_RUN_INCLUDE_LOOP, name, S(""));
            return;
        }
    if (i->ran && node_get(n, SLOT_ONCE))
        return;
    i->ran = true;
    if (++r->depth > SIEVE_INCLUDE_DEPTH)
        run_fail(r, n->at, SIEVE_RUN_INCLUDE_DEPTH, S(""), S(""));
    else
        run_script(r, i->script, name);
    r->depth--;
}

/* ---- commands ---- */

static void run_error(struct run *r, const struct node *n)
{
    run_fail(r, n->at, SIEVE_RUN_ERROR, run_text(r, &node_get(n, SLOT_1)->list[0]), S(""));
}

static void run_command(struct run *r, const struct node *n, bool *if_done)
{
    switch (n->op) {
    case OP_REQUIRE:
        break;
    case OP_IF:
    case OP_ELSIF:
        if (n->op == OP_ELSIF && *if_done)
            break;
        *if_done = run_test(r, n->tests);
        if (*if_done && !r->failed)
            run_block(r, n->block);
        break;
    case OP_ELSE:
        if (!*if_done)
            run_block(r, n->block);
        break;
    case OP_STOP:
        run_trace(r, n->at, "stop");
        r->stopped = true;
        break;
    case OP_RETURN:
        r->frame->returned = true;
        break;
    case OP_INCLUDE:
        run_include(r, n);
        break;
    case OP_GLOBAL:
        run_global(r, n);
        break;
    case OP_SET:
        run_set(r, n);
        break;
    case OP_ERROR:
        run_error(r, n);
        break;
    case OP_UNKNOWN:
        run_fail(r, n->at, SIEVE_RUN_UNKNOWN, n->name, S(""));
        break;
    default:
        run_action(r, n);
        break;
    }
}

static void run_block(struct run *r, const struct node *first)
{
    bool if_done = false;
    for (const struct node *n = first; n; n = n->next) {
        if (r->stopped || r->failed || r->frame->returned || !run_work(r, STEP))
            return;
        arena_reset(r->scratch);
        run_command(r, n, &if_done);
    }
}

static void finish(struct run *r, struct sieve_result *ret)
{
    action_implicit_keep(r);
    if (r->failed)
        action_implicit_keep(r); /* it may itself have been one too many */
    struct sieve_action *actions = NEW_N(r->a, struct sieve_action, r->n_actions + 1);
    for (size_t i = 0; i < r->n_actions; i++)
        actions[i] = r->actions[i];
    struct sieve_duplicate *d = NEW_N(r->a, struct sieve_duplicate, r->n_duplicates + 1);
    for (size_t i = 0; i < r->n_duplicates; i++)
        d[i] = r->duplicates[i];
    *ret = (struct sieve_result){.actions = actions,
                                 .n = r->n_actions,
                                 .duplicates = d,
                                 .n_duplicates = r->failed ? 0 : r->n_duplicates,
                                 .failed = r->failed,
                                 .problem = r->problem};
}

void sieve_run(const struct sieve_script *s, const struct sieve_message *m,
               const struct sieve_env *env, struct arena *a, struct sieve_result *ret)
{
    struct run *r = NEW(a, struct run);
    *r = (struct run){.env = env, .m = m, .a = a, .used_before = arena_used(a), .keep = true};
    r->scratch = arena_new("sieve", SCRATCH_MAX);
    r->split = header_split(m->text, 0);
    r->header = r->split.header;
    run_script(r, s, S(""));
    finish(r, ret);
    for (struct included *i = r->included; i; i = i->next)
        sieve_script_done(i->script);
    map_free(r->globals);
    arena_free(r->mime_arena);
    arena_free(r->scratch);
}
