/* SPDX-License-Identifier: ISC */
/* ctl/cmd_status.c -- does the host serve, where, and what waits: for a person. --all prints what
 * init and the queue say of themselves. */
#include <stdio.h>
#include <string.h>

#include "ctl/ctl.h"
#include "ctl/events.h"
#include "ctl/words.h"
#include "log/line.h"
#include "os/file.h"

enum { ANSWER_MAX = 1 << 20 };

static const char *const ask_init[] = {"status"};
static const char *const ask_queue[] = {"queue", "status"};

/* "oldest 5m" -> "5m"; empty when there is no such line. */
static str figure(str text, str name)
{
    str line;
    while (str_line(&text, &line))
        if (str_skip(&line, name) && str_skip(&line, S(" ")))
            return line;
    return S("");
}

static void add_line(const struct ctl *c, struct buf *out, const char *en, const str *args,
                     size_t n)
{
    words_add(c, out, en, args, n);
    buf_addc(out, '\n');
}

/* "smtpd pid 17 serves": whoever does not is named. */
static void tell_programs(struct ctl *c, str text, struct buf *out)
{
    auto_buf struct buf idle;
    str line, name, rest;
    buf_init(&idle, 4096);
    for (str all = text; str_line(&all, &line);)
        if (str_cut(line, ' ', &name, &rest) && str_starts(rest, S("pid ")) &&
            !str_ends(rest, S(" serves")) && str_find_str(rest, S(" failing ")) < 0)
            buf_addf(&idle, "%s%.*s", idle.n ? ", " : "", STR_ARG(name));
    str args[] = {figure(text, S("generation")), buf_str(&idle)};
    add_line(c, out,
             idle.n ? "Not all programs serve yet: %2. Configuration number %1."
                    : "The host serves. Configuration number %1.",
             args, 2);
}

/* "sched failing 7 exit 111 signal 0", and the last thing that sched said of itself. */
struct failing {
    str name;
    struct arena *arena;
    str reason;
};

static bool last_words(void *ctx, str line)
{
    struct failing *f = ctx;
    struct log_pair p;
    if (!log_line_is(line, S("event"), S("program.failed")) ||
        !log_line_is(line, S("program"), f->name) || !log_line_get(line, S("error"), &p))
        return true;
    auto_buf struct buf text;
    buf_init(&text, 4096);
    log_text(p.raw, &text);
    f->reason = arena_copy(f->arena, buf_str(&text));
    return true;
}

static bool serves(str text, str name)
{
    return str_ends(figure(text, name), S(" serves"));
}

static void tell_failing(struct ctl *c, str text, struct buf *out)
{
    str line, name, rest, times, how;
    while (str_line(&text, &line)) {
        if (!str_cut(line, ' ', &name, &rest) || !str_skip(&rest, S("failing ")) ||
            !str_cut(rest, ' ', &times, &how))
            continue;
        struct failing f = {.name = name, .arena = c->arena};
        err e = events_each(c, last_words, &f);
        str args[] = {name, times, how,
                      f.reason.n ? f.reason
                                 : str_from(failed(e) ? err_text(e) : word(c, "it did not say"))};
        add_line(c, out, "%1 ended %2 times in a row (%3): %4", args, 4);
    }
}

static void tell_listeners(struct ctl *c, str text, struct buf *out)
{
    str line;
    add_line(c, out, "Listening:", NULL, 0);
    while (str_line(&text, &line))
        if (str_find_str(line, S(" at ")) > 0)
            buf_addf(out, "  %.*s\n", STR_ARG(line));
}

static void tell_queue(struct ctl *c, str text, struct buf *out)
{
    str now[] = {figure(text, S("messages")), figure(text, S("held")), figure(text, S("oldest")),
                 figure(text, S("local")), figure(text, S("remote"))};
    add_line(c, out,
             str_eq(now[0], S("0")) ? "The queue is empty."
                                    : "In the queue: %1 message(s), %2 of them held; the "
                                      "oldest for %3. Deliveries: local %4, remote %5.",
             now, 5);
    str since[] = {figure(text, S("accepted")), figure(text, S("delivered")),
                   figure(text, S("deferred")), figure(text, S("failed")),
                   figure(text, S("bounced"))};
    add_line(c, out,
             "Since its start: %1 accepted, %2 delivered, %3 put off, %4 failed, %5 bounces.",
             since, 5);
}

static void tell_protection(struct ctl *c, struct buf *out)
{
    str text, line;
    if (failed(file_read(c->root_dir, "run/twinpost/ready", ANSWER_MAX, c->arena, &text)))
        return;
    while (str_line(&text, &line))
        if (str_skip(&line, S("without ")))
            add_line(c, out, "Not granted by this system: %1", &line, 1);
}

/* The guard's jails: those that cannot do their work are named. */
static void tell_guard(struct ctl *c, str house, struct buf *out)
{
    static const char *const ask_guard[] = {"health"};
    auto_buf struct buf answer;
    buf_init(&answer, ANSWER_MAX);
    if (!serves(house, S("guard")) ||
        ctl_ask_text(c, PROGRAM_GUARD, ask_guard, 1, &answer) != CTL_OK)
        return;
    str text = buf_str(&answer), line;
    size_t jails = 0, failing = 0;
    while (str_line(&text, &line)) {
        str args[2];
        jails += str_starts(line, S("jail "));
        if (str_skip(&line, S("nftables ")) && !str_eq(line, S("ok")))
            add_line(c, out, "Bans hold at our own door alone; nftables: %1", &line, 1);
        if (!str_skip(&line, S("jail ")) || !str_cut(line, ' ', &args[0], &args[1]) ||
            !str_skip(&args[1], S("failing ")))
            continue;
        failing++;
        add_line(c, out, "Jail %1 cannot work: %2", args, 2);
    }
    str counts[] = {arena_printf(c->arena, "%zu", jails), arena_printf(c->arena, "%zu", failing)};
    add_line(c, out, "Jails: %1, of which %2 cannot work.", counts, 2);
}

int cmd_status(struct ctl *c, int argc, char **argv)
{
    bool all = argc == 2 && strcmp(argv[1], "--all") == 0;
    if (argc > 1 && !all)
        return ctl_usage(c, command_find(admin_commands, "status")->usage);
    auto_buf struct buf house, queue, out;
    buf_init(&house, ANSWER_MAX);
    buf_init(&queue, ANSWER_MAX);
    buf_init(&out, ANSWER_MAX);
    int code = ctl_ask_text(c, PROGRAM_INIT, ask_init, 1, &house);
    bool has_queue = !code && serves(buf_str(&house), S("sched"));
    if (has_queue)
        code = ctl_ask_text(c, PROGRAM_SCHED, ask_queue, 2, &queue);
    if (all || code) {
        buf_add(&out, buf_str(&house));
        buf_add(&out, buf_str(&queue));
    } else {
        tell_programs(c, buf_str(&house), &out);
        tell_failing(c, buf_str(&house), &out);
        tell_listeners(c, buf_str(&house), &out);
        if (has_queue)
            tell_queue(c, buf_str(&queue), &out);
        else
            code = CTL_FOUND;
        tell_guard(c, buf_str(&house), &out);
        tell_protection(c, &out);
    }
    return ctl_print(c, buf_str(&out)) ? code : CTL_TEMPORARY;
}
