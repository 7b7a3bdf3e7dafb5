/* SPDX-License-Identifier: ISC */
#include <stdio.h>

#include "ctl/ctl.h"
#include "ipc/admin.h"
#include "ipc/channel.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/net.h"

enum { ANSWER_MS = 60000 };

err ctl_open(struct ctl *c, enum program service, struct channel **ret)
{
    auto_fd int run = -1, fd = -1;
    err e = dir_open(c->root_dir, "run/twinpost", &run);
    if (!failed(e))
        e = net_local_connect(run, "control", &fd);
    if (failed(e))
        return e.kind == ERR_NOTFOUND ? err_new(ERR_NOTFOUND, "the mail host is not running here")
                                      : e;
    struct channel *ch = channel_new(fd_take(&fd));
    e = channel_send(ch, &admin_open_schema, 0, &(struct admin_open){service}, NULL, 0);
    if (failed(e)) {
        channel_free(ch);
        return e;
    }
    *ret = ch;
    return OK_ERR;
}

/* out NULL: lines are printed as they come. */
static int talk(struct ctl *c, struct channel *ch, str words, struct buf *out)
{
    err e = channel_send(ch, &admin_ask_schema, 1, &(struct admin_ask){words}, NULL, 0);
    while (!failed(e)) {
        struct packet p;
        struct admin_line line;
        struct admin_end end;
        e = channel_recv(ch, deadline_in_ms(ANSWER_MS), &p);
        if (failed(e))
            break;
        if (!failed(ipc_decode(&admin_end_schema, p.bytes, &end))) {
            if (end.text.n)
                (void)ctl_fail(c, 0, "%.*s", STR_ARG(end.text));
            return (int)end.exit_code;
        }
        e = ipc_decode(&admin_line_schema, p.bytes, &line);
        if (!failed(e) && out) {
            buf_add(out, line.text);
            buf_addc(out, '\n');
        } else if (!failed(e) && !(ctl_print(c, line.text) && ctl_print(c, S("\n")))) {
            return CTL_TEMPORARY;
        }
    }
    return ctl_fail_err(c, "asking the mail host", e);
}

static int ask(struct ctl *c, enum program service, const char *const *words, size_t n,
               struct buf *out)
{
    auto_buf struct buf b;
    buf_init(&b, 16 * 1024);
    for (size_t i = 0; i < n; i++) {
        buf_add(&b, str_from(words[i]));
        buf_addc(&b, '\0');
    }
    struct channel *ch;
    err e = buf_check(&b, "the command is too long");
    if (!failed(e))
        e = ctl_open(c, service, &ch);
    if (failed(e))
        return ctl_fail_err(c, "cannot reach the mail host", e);
    int code = talk(c, ch, buf_str(&b), out);
    channel_free(ch);
    return code;
}

int ctl_ask(struct ctl *c, enum program service, const char *const *words, size_t n)
{
    return ask(c, service, words, n, NULL);
}

int ctl_ask_text(struct ctl *c, enum program service, const char *const *words, size_t n,
                 struct buf *out)
{
    return ask(c, service, words, n, out);
}
