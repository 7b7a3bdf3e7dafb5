/* SPDX-License-Identifier: ISC */
/* ctl/old_local.c -- qmail-local -n: what a .qmail would do, without doing it. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "ctl/look.h"
#include "ctl/old.h"
#include "dotqmail/environment.h"
#include "dotqmail/parse.h"
#include "dotqmail/search.h"
#include "os/fd.h"
#include "os/file.h"

static err look(void *ctx, const char *name, struct dotqmail_file *ret)
{
    return look_at(*(int *)ctx, name, ret);
}

static int say(struct ctl *c, int code, const char *text)
{
    (void)ctl_print(c, arena_printf(c->arena, "%s\n", text)); /* qmail-local reports on stdout */
    return code;
}

static int print_plan(struct ctl *c, const struct dotqmail *d)
{
    auto_buf struct buf b;
    buf_init(&b, 4 << 20);
    for (size_t i = 0; i < d->n; i++) {
        if (d->at[i].kind == DO_REFUSE) {
            (void)ctl_print(c, buf_str(&b));
            return say(c, CTL_TEMPORARY, arena_cstr(c->arena, d->at[i].text));
        }
        if (instruction_print(&d->at[i], &b) && b.n && b.p[b.n - 1] != '\n')
            buf_addc(&b, '\n');
    }
    buf_addf(&b, "did %zu+%zu+%zu\n", d->files, d->forwards, d->programs);
    return ctl_print(c, buf_str(&b)) ? CTL_OK : CTL_TEMPORARY;
}

static int plan(struct ctl *c, int home, char **args)
{
    struct stat st;
    const char *refused = fstat(home, &st) < 0 ? "Unable to look at the home directory. (#4.3.0)"
                                               : dotqmail_home_refused(st.st_mode);
    if (refused)
        return say(c, CTL_TEMPORARY, refused);
    struct dotqmail_files files = {.ctx = &home, .look = look};
    struct dotqmail_found found;
    dotqmail_find(str_from(args[3]), str_from(args[4]), &files, c->arena, &found);
    if (found.outcome == DOTQMAIL_NO_MAILBOX)
        return say(c, CTL_PERMANENT, found.text);
    if (found.outcome == DOTQMAIL_REFUSED)
        return say(c, CTL_TEMPORARY, found.text);
    str text = S("");
    if (found.outcome == DOTQMAIL_FILE) {
        err e = file_read(home, found.name.file.p, DOTQMAIL_MAX, c->arena, &text);
        if (failed(e))
            return say(c, CTL_TEMPORARY, "Unable to read .qmail. (#4.3.0)");
    }
    struct dotqmail d;
    err e = dotqmail_parse(text, found.forward_only, str_from(args[7]), c->arena, &d);
    return failed(e) ? say(c, CTL_TEMPORARY, err_text(e)) : print_plan(c, &d);
}

int old_qmail_local(struct ctl *c, int argc, char **argv)
{
    bool only_print = false;
    int k;
    optind = 1;
    while ((k = getopt(argc, argv, "+nN")) != -1) {
        if (k == '?')
            return ctl_usage(c, "-n USER HOME LOCAL DASH EXT DOMAIN SENDER DEFAULTDELIVERY");
        only_print = k == 'n';
    }
    if (argc - optind != 8)
        return ctl_usage(c, "-n USER HOME LOCAL DASH EXT DOMAIN SENDER DEFAULTDELIVERY");
    if (!only_print)
        return ctl_fail(c, CTL_TEMPORARY,
                        "fatal: deliveries are the running house's; -n shows what they would do");
    auto_fd int home = -1;
    err e = dir_open(AT_FDCWD, argv[optind + 1], &home);
    if (failed(e))
        return say(c, CTL_TEMPORARY,
                   arena_printf(c->arena, "Unable to switch to %s: %s. (#4.3.0)", argv[optind + 1],
                                err_text(e))
                       .p);
    return plan(c, home, argv + optind);
}
