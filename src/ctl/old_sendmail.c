/* SPDX-License-Identifier: ISC */
/* ctl/old_sendmail.c -- the sendmail wrapper: qmail's options, turned into qmail-inject's.
 * Unlike qmail's, -F is kept when -f is given too. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "ctl/old.h"
#include "ctl/programs.h"

struct wrapper {
    struct ctl *ctl;
    bool from_header;   /* -t */
    const char *sender; /* -f */
    const char *name;   /* -F */
    char mode;          /* of -b: m, p, s */
    int rest;           /* index of the first recipient */
};

static const char *value_of(int argc, char **argv, int *i)
{
    if (argv[*i][2])
        return argv[*i] + 2;
    return *i + 1 < argc ? argv[++*i] : NULL;
}

/* False: not an option of this sendmail. */
static bool take_option(struct wrapper *w, int argc, char **argv, int *i)
{
    const char *o = argv[*i];
    switch (o[1]) {
    case 't':
        w->from_header = true;
        return o[2] == 0 || strcmp(o, "-ti") == 0;
    case 'f':
    case 'r':
        w->sender = value_of(argc, argv, i);
        return w->sender != NULL;
    case 'F':
        w->name = value_of(argc, argv, i);
        return w->name != NULL;
    case 'b':
        w->mode = o[2];
        return o[2] && !o[3] && strchr("mps", o[2]);
    case 'B': /* -B8BITMIME, or the word after it */
        return value_of(argc, argv, i) != NULL;
    case 'o': /* -oi, -oem, -odb … */
        return o[2] != 0 || value_of(argc, argv, i) != NULL;
    case 'e': /* -em, -eq … */
    case 'p': /* -pPROTOCOL */
    case 'E':
    case 'J':
        return true;
    case 'i':
    case 'v':
    case 'm':
    case 'x':
    case 'n':
        return o[2] == 0;
    case 'N': /* DSN: never, success … */
    case 'R': /* full, hdrs */
    case 'V': /* envelope id */
        return value_of(argc, argv, i) != NULL;
    default:
        return false;
    }
}

static void set_sender(const struct wrapper *w)
{
    str user, host;
    bool has_host = str_cut(str_from(w->sender), '@', &user, &host);
    (void)setenv("QMAILUSER", arena_cstr(w->ctl->arena, user), 1); /* memory is checked by arena */
    if (has_host)
        (void)setenv("QMAILHOST", arena_cstr(w->ctl->arena, host), 1);
    (void)unsetenv("NAME");
    (void)unsetenv("MAILNAME");
    (void)unsetenv("QMAILNAME");
    (void)unsetenv("MAILHOST");
}

static int inject(struct wrapper *w, int argc, char **argv)
{
    const char **args = NEW_N(w->ctl->arena, const char *, (size_t)argc + 8);
    size_t n = 0;
    args[n++] = "qmail-inject";
    if (w->sender) {
        args[n++] = arena_printf(w->ctl->arena, "-f%s", w->sender).p;
        set_sender(w);
    }
    if (w->name)
        (void)setenv("MAILNAME", w->name, 1);
    args[n++] = w->from_header ? "-H" : "-a";
    args[n++] = "--";
    for (int i = w->rest; i < argc; i++)
        args[n++] = argv[i];
    return old_qmail_inject(w->ctl, (int)n, (char **)(uintptr_t)args);
}

static int serve_stdio(struct ctl *c)
{
    if (!getenv("PROTO")) {
        (void)setenv("RELAYCLIENT", "", 0);
        (void)setenv("DATABYTES", "0", 0);
        (void)setenv("TCPREMOTEIP", "127.0.0.1", 0);
        (void)setenv("TCPREMOTEHOST", "localhost", 0);
        (void)setenv("TCPREMOTEINFO", "sendmail-bs", 0);
        (void)setenv("TCPLOCALIP", "127.0.0.1", 0);
        (void)setenv("TCPLOCALHOST", "localhost", 0);
    }
    char *none[] = {NULL};
    return old_qmail_smtpd(c, 0, none);
}

int old_sendmail(struct ctl *c, int argc, char **argv)
{
    struct wrapper w = {.ctl = c, .mode = 'm'};
    int i = 1;
    for (; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
        if (strcmp(argv[i], "--") == 0) {
            i++;
            break;
        }
        if (!take_option(&w, argc, argv, &i))
            return ctl_usage(c, "[-t] [-fSENDER] [-FNAME] [-bp] [-bs] [ADDRESS …]");
    }
    w.rest = i;
    if (w.mode == 'p')
        return old_qread(c, 0, argv);
    if (w.mode == 's')
        return serve_stdio(c);
    return inject(&w, argc, argv);
}

int old_newaliases(struct ctl *c, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return ctl_fail(c, CTL_PERMANENT, "fatal: please use fastforward/newaliases instead");
}

/* The SMTP session program on this process's own input and output. */
int old_qmail_smtpd(struct ctl *c, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    const char *path = program_of_house(c, "smtpd");
    (void)execl(path, "qmail-smtpd", "--stdio", "--root", c->root, (char *)NULL);
    return ctl_fail_err(c, path, err_sys("exec"));
}
