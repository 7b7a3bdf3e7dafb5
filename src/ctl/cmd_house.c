/* SPDX-License-Identifier: ISC */
/* ctl/cmd_house.c -- what concerns the running house: reload, status, stop, queue, metrics. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "control/check.h"
#include "ctl/ctl.h"
#include "ctl/old.h"

static int ask_words(struct ctl *c, enum program service, int argc, char **argv)
{
    const char *words[32];
    size_t n = 0;
    for (int i = 0; i < argc && n < 32; i++)
        words[n++] = argv[i];
    return ctl_ask(c, service, words, n);
}

int cmd_reload(struct ctl *c, int argc, char **argv)
{
    (void)argc;
    struct findings found;
    err e = check_config(c->root_dir, c->arena, &found);
    if (failed(e))
        return ctl_fail_err(c, "cannot read the configuration", e);
    auto_buf struct buf b;
    buf_init(&b, 1 << 20);
    findings_print(&found, c->japanese, &b);
    if (found.errors) {
        (void)ctl_print(c, buf_str(&b));
        return ctl_fail(c, CTL_PERMANENT,
                        "the configuration in force stays: mend what is said above");
    }
    return ask_words(c, PROGRAM_INIT, 1, argv);
}

int cmd_stop(struct ctl *c, int argc, char **argv)
{
    (void)argc;
    return ask_words(c, PROGRAM_INIT, 1, argv);
}

int cmd_queue(struct ctl *c, int argc, char **argv)
{
    if (argc < 2)
        return ctl_usage(c, command_find(admin_commands, "queue")->usage);
    return ask_words(c, PROGRAM_SCHED, argc, argv);
}

int cmd_metrics(struct ctl *c, int argc, char **argv)
{
    (void)argc;
    return ask_words(c, PROGRAM_RECORDER, 1, argv);
}

int old_qread(struct ctl *c, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    static const char *const words[] = {"queue", "qread"};
    return ctl_ask(c, PROGRAM_SCHED, words, 2);
}

int old_qstat(struct ctl *c, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    static const char *const words[] = {"queue", "qstat"};
    return ctl_ask(c, PROGRAM_SCHED, words, 2);
}
