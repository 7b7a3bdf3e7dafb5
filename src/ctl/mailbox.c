/* SPDX-License-Identifier: ISC */
#include "ctl/mailbox.h"

#include "ipc/admin.h"
#include "ipc/channel.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/net.h"
#include "people/passwd.h"

enum { KEEPER_STARTS_MS = 30000 };

static err find_person(struct ctl *c, str user, struct person *ret)
{
    struct passwd_db *people;
    err e = passwd_open(c->root_dir, &people);
    if (failed(e))
        return e;
    e = passwd_find(people, user, c->arena, ret);
    passwd_free(people);
    return e.kind == ERR_NOTFOUND ? err_new(ERR_NOTFOUND, "there is no such user here") : e;
}

static err ask_init(struct channel *ch, const struct person *who)
{
    struct admin_mailbox ask = {
        .user = who->name, .uid = who->uid, .gid = who->gid, .home = who->home};
    struct packet p;
    struct admin_end end;
    err e = channel_send(ch, &admin_mailbox_schema, 0, &ask, NULL, 0);
    if (!failed(e))
        e = channel_recv(ch, deadline_in_ms(KEEPER_STARTS_MS), &p);
    if (!failed(e))
        e = ipc_decode(&admin_end_schema, p.bytes, &end);
    if (failed(e) || end.exit_code == 0)
        return e;
    return err_new(ERR_TEMP, "the keeper of that mail could not be started (see `twinpost log`)");
}

err ctl_mailbox(struct ctl *c, str user, struct store **ret)
{
    auto_fd int run = -1, fd = -1;
    struct person who;
    err e = find_person(c, user, &who);
    if (failed(e))
        return e;
    e = dir_open(c->root_dir, "run/twinpost", &run);
    if (!failed(e))
        e = net_local_connect(run, "control", &fd);
    if (failed(e))
        return e.kind == ERR_NOTFOUND ? err_new(ERR_NOTFOUND, "the mail host is not running here")
                                      : e;
    struct channel *ch = channel_new(fd_take(&fd));
    e = ask_init(ch, &who);
    if (failed(e)) {
        channel_free(ch);
        return e;
    }
    *ret = store_new(channel_release(ch));
    return OK_ERR;
}
