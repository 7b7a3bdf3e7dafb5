/* SPDX-License-Identifier: ISC */
/* A script, a line "---", a message: read, checked, run, every problem told, and the answers that
 * the script would send written. */
#include <assert.h>

#include "sieve/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static err load(void *ctx, enum sieve_include_from from, str name, struct arena *a, str *ret_text)
{
    (void)from;
    (void)a;
    if (str_eq(name, S("none")))
        return err_new(ERR_NOTFOUND, "none");
    *ret_text = *(str *)ctx; /* the script itself: a loop at once */
    return OK_ERR;
}

static bool odd(void *ctx, str handle, str id)
{
    (void)ctx;
    return (handle.n + id.n) % 2;
}

static void write_answers(const struct sieve_result *r, const struct sieve_message *m,
                          struct arena *a)
{
    struct buf b;
    str own = S("a@b.example"), named;
    struct sieve_letter l = {.from = own, .to = own, .message_id = S("<1@x>")};
    buf_init(&b, 8 << 20);
    for (size_t i = 0; i < r->n; i++) {
        if (r->actions[i].kind != SIEVE_VACATION)
            continue;
        (void)sieve_vacation_silence(&r->actions[i].vacation, m, &own, 1, a, &named);
        sieve_vacation_write(&b, &r->actions[i].vacation, m, &l);
    }
    buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    str script = str_of(data, size), text = S("From: a@b.example\nSubject: x [1]\n\nbody\n");
    ptrdiff_t at = str_find_str(script, S("\n---\n"));
    if (at >= 0) {
        text = str_from_at(script, (size_t)at + 5);
        script = str_slice(script, 0, (size_t)at + 1);
    }
    struct arena *a = arena_new("fuzz", 512 << 20);
    struct sieve_problems problems = {0};
    struct sieve_script *s = sieve_compile(script, a, &problems);
    assert((s == NULL) == (problems.errors > 0));
    struct buf b;
    buf_init(&b, 1 << 20);
    for (size_t i = 0; i < problems.n; i++)
        sieve_problem_write(&b, &problems.at[i], i % 2 ? SIEVE_ENGLISH : SIEVE_JAPANESE);
    buf_done(&b);
    if (s) {
        struct sieve_message m = {.text = text, .from = S("a@b.example"), .to = S("c-d@e.example")};
        struct sieve_env env = {
            .ctx = &script, .user = S("c"), .redirects_max = 2, .load = load, .seen = odd};
        struct sieve_result r;
        sieve_run(s, &m, &env, a, &r);
        assert(!r.failed || (r.n == 1 && r.actions[0].kind == SIEVE_KEEP));
        write_answers(&r, &m, a);
    }
    sieve_script_done(s);
    arena_free(a);
    return 0;
}
