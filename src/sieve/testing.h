/* SPDX-License-Identifier: ISC */
/* sieve/testing.h -- for tests: a script and a message in, what would be done as text out. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "sieve/sieve.h"

#define MESSAGE                                                                                    \
    "Return-Path: <hanako@lab.example>\n"                                                          \
    "Received: from a by b; Tue, 24 Nov 2026 09:00:00 +0900\n"                                     \
    "Received: from x by a; Tue, 24 Nov 2026 08:00:00 +0900\n"                                     \
    "From: \"Hanako Suzuki\" <hanako@lab.example>\n"                                               \
    "To: taro+lists@example.test, Bob <bob@x.example>\n"                                           \
    "Cc: carol@y.example\n"                                                                        \
    "Subject: =?UTF-8?B?44GT44KT44Gr44Gh44Gv?= Hello [42]\n"                                       \
    "Date: Tue, 24 Nov 2026 10:11:12 +0900\n"                                                      \
    "Message-ID: <m1@lab.example>\n"                                                               \
    "X-Score: 7\n"                                                                                 \
    "X-Empty:\n"                                                                                   \
    "MIME-Version: 1.0\n"                                                                          \
    "Content-Type: multipart/mixed; boundary=b1\n"                                                 \
    "\n"                                                                                           \
    "prologue here\n"                                                                              \
    "--b1\n"                                                                                       \
    "Content-Type: text/plain; charset=utf-8\n"                                                    \
    "Content-Transfer-Encoding: base64\n"                                                          \
    "\n"                                                                                           \
    "44GT44KT44Gr44Gh44Gv5LiW55WMIGhlbGxvIHdvcmxkCg==\n"                                           \
    "--b1\n"                                                                                       \
    "Content-Type: text/html\n"                                                                    \
    "\n"                                                                                           \
    "<html><body><b>Bold</b> text</body></html>\n"                                                 \
    "--b1--\n"                                                                                     \
    "epilogue here\n"

struct trial {
    struct arena *arena;
    struct sieve_message message;
    struct sieve_env env;
    struct sieve_problems problems;
    struct sieve_result result;
    bool compiled;
    char text[4096];
};

static inline void trial_text(struct trial *t)
{
    struct buf b;
    buf_init(&b, sizeof t->text - 1);
    for (size_t i = 0; i < t->problems.n; i++) {
        sieve_problem_write(&b, &t->problems.at[i], SIEVE_ENGLISH);
        buf_addc(&b, '\n');
    }
    if (t->compiled && t->result.failed) {
        sieve_problem_write(&b, &t->result.problem, SIEVE_ENGLISH);
        buf_addc(&b, '\n');
    }
    for (size_t i = 0; t->compiled && i < t->result.n; i++) {
        const struct sieve_action *a = &t->result.actions[i];
        buf_addf(&b, "%s%s%.*s%.*s", sieve_action_name(a->kind), a->target.n ? " " : "",
                 STR_ARG(a->target), STR_ARG(a->text));
        for (size_t k = 0; k < a->n_flags; k++)
            buf_addf(&b, " %.*s", STR_ARG(a->flags[k]));
        buf_add(&b, a->header.p ? S(" edited\n") : S("\n"));
    }
    for (size_t i = 0; i < b.n; i++)
        t->text[i] = b.p[i];
    t->text[b.n] = 0;
    buf_done(&b);
}

static inline void trial_begin(struct trial *t)
{
    *t = (struct trial){.arena = arena_new("trial", 256 << 20)};
    t->message = (struct sieve_message){
        .text = S(MESSAGE), .from = S("hanako@lab.example"), .to = S("taro-lists@example.test")};
    t->env = (struct sieve_env){
        .now = 1795518672, .zone_minutes = 540, .user = S("taro"), .redirects_max = 4};
}

static inline const char *trial_run(struct trial *t, const char *script)
{
    t->problems = (struct sieve_problems){0};
    struct sieve_script *s = sieve_compile(str_from(script), t->arena, &t->problems);
    t->compiled = s != NULL;
    if (s)
        sieve_run(s, &t->message, &t->env, t->arena, &t->result);
    trial_text(t);
    sieve_script_done(s);
    return t->text;
}

static inline void trial_end(struct trial *t)
{
    arena_free(t->arena);
}

/* One script on the message above. */
static inline void does(const char *script, const char *expected)
{
    struct trial t;
    trial_begin(&t);
    const char *got = trial_run(&t, script);
    if (!str_eq(str_from(got), str_from(expected)))
        print_error("script: %s\nexpected: %s\ngot: %s\n", script, expected, got);
    assert_string_equal(got, expected);
    trial_end(&t);
}

/* `test` is true (false) for the message above. */
static inline void holds_with(const char *requires, const char *test, bool expected)
{
    char script[4096];
    (void)snprintf(script, sizeof script,
                   "require [%s]; if %s { discard; } else { redirect \"no@x.example\"; }", requires,
                   test); /* cut: does not compile, and fails the test */
    does(script, expected ? "" : "redirect no@x.example\n");
}
#define YES(requires, test) holds_with(requires, test, true)
#define NO(requires, test) holds_with(requires, test, false)
