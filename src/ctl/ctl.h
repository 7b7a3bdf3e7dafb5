/* SPDX-License-Identifier: ISC */
/* ctl/ctl.h -- `twinpost`, the administrator's one command, and the old command names.
 *
 * One binary answers by the name it is called with. Each command is a row of a table
 * (commands.c) and a function that returns the exit code: 0, 1 for a check that found
 * something, 100 for misuse or a permanent error, 111 for a temporary one (qmail's codes).
 */
#pragma once
#include "base/base.h"
#include "ipc/types.h"

struct ctl {
    const char *root; /* of the house: --root, TWINPOST_ROOT, or where an old name lies */
    int root_dir;
    struct arena *arena; /* for the whole run */
    const char *name;    /* as called */
    const char *self;    /* full path of this program, for starting itself under another name */
    bool japanese;       /* from LC_ALL, LC_MESSAGES, LANG */
};

enum { CTL_OK = 0, CTL_FOUND = 1, CTL_PERMANENT = 100, CTL_TEMPORARY = 111 };

typedef int command_fn(struct ctl *c, int argc, char **argv); /* argv[0] is the command's name */

struct command {
    const char *name;
    command_fn *run;
    const char *usage; /* behind the name */
    const char *help;  /* one sentence */
};
extern const struct command admin_commands[]; /* `twinpost NAME` */
extern const struct command old_names[];      /* by the name itself */
const struct command *command_find(const struct command *table, const char *name);

/* Prints "NAME: TEXT" to stderr, returns code. */
int ctl_fail(const struct ctl *c, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
int ctl_fail_err(const struct ctl *c, const char *doing, err e);
int ctl_usage(const struct ctl *c, const char *usage);
/* Writes to stdout; false (and a message) when that fails. */
bool ctl_print(const struct ctl *c, str text);
bool ctl_read_stdin(struct ctl *c, size_t max, str *ret_text);

/* ask.c: talks to a running house's program. Words go as they are. */
int ctl_ask(struct ctl *c, enum program service, const char *const *words, size_t n);
/* The same, but the answer goes into `out`. */
int ctl_ask_text(struct ctl *c, enum program service, const char *const *words, size_t n,
                 struct buf *out);
struct channel;
err ctl_open(struct ctl *c, enum program service, struct channel **ret);

command_fn cmd_ban, cmd_check_config, cmd_explain, cmd_export, cmd_help, cmd_import, cmd_index,
    cmd_jail, cmd_log, cmd_man_control, cmd_metrics, cmd_old_names, cmd_passwd, cmd_queue,
    cmd_reload, cmd_show, cmd_sieve, cmd_status, cmd_stop, cmd_tls_make, cmd_why;
command_fn cmd_accounts;
command_fn cmd_undelete;
