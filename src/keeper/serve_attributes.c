/* SPDX-License-Identifier: ISC */
/* What is kept about folders: store/attributes.h. */
#include <errno.h>

#include "keeper/keeper.h"
#include "os/fd.h"
#include "store/attributes.h"
#include "store/maildir.h"

/* Of a folder that exists; the server's and INBOX's file lies in the root Maildir, which an owner
 * of an mbox may not have yet. */
static err attributes_path(struct keeper *k, str folder, bool make, struct buf *ret)
{
    if (folder.n > 0 && !folder_exists(&k->folders, folder))
        return err_new(ERR_NOTFOUND, "no such folder");
    if (make && (folder.n == 0 || folder_is_inbox(folder))) {
        err e = maildir_make(k->folders.home, k->folders.root);
        if (failed(e))
            return e;
    }
    return folders_attributes_path(&k->folders, folder, ret);
}

static err only_the_owner(void)
{
    err e = err_new(ERR_DENIED, "that is for the mailbox's owner");
    e.sys = EACCES;
    return e;
}

/* What an owner keeps under /private is his; a visitor sees what is shared (RFC 5464 3.1). */
static void keep_shared(struct attributes *all)
{
    size_t n = 0;
    for (size_t i = 0; i < all->n; i++)
        if (str_istarts(all->at[i].name, S("/shared/")))
            all->at[n++] = all->at[i];
    all->n = n;
}

static err read_all(struct client *c, str folder, struct buf *out)
{
    struct keeper *k = c->keeper;
    bool visitor = c->standing == STANDING_VISITOR;
    if (visitor && folder.n == 0)
        return only_the_owner();
    auto_buf struct buf path;
    auto_arena struct arena *a = arena_new("attributes", 2 * ATTRIBUTES_FILE_MAX);
    struct attributes all;
    buf_init(&path, 2048);
    err e = attributes_path(k, folder, false, &path);
    if (!failed(e) && folder.n > 0)
        e = keeper_may(c, folder, ACL_LOOKUP | ACL_READ);
    if (!failed(e))
        e = attributes_read(k->folders.home, path.p, a, &all);
    if (failed(e))
        return e;
    if (visitor)
        keep_shared(&all);
    attributes_write(&all, out);
    return buf_check(out, "attributes");
}

err serve_attributes(struct client *c, const struct packet *p)
{
    struct keeper_name q;
    err e = ipc_decode(&keeper_attributes_ask_schema, p->bytes, &q);
    if (failed(e))
        return e;
    auto_buf struct buf b;
    auto_fd int fd = -1;
    buf_init(&b, ATTRIBUTES_FILE_MAX);
    struct keeper_data a = {.data = S("")};
    e = read_all(c, q.name, &b);
    if (!failed(e))
        e = data_or_memory(&b, &a.data, &fd);
    a.outcome = outcome_of(e);
    a.text = words_of(e);
    return channel_try_send(c->channel, &keeper_attributes_schema, p->id, &a, &fd, fd >= 0);
}

static err change(struct client *c, const struct keeper_attributes_set *q)
{
    struct keeper *k = c->keeper;
    auto_buf struct buf path;
    struct attributes set;
    buf_init(&path, 2048);
    if (c->standing == STANDING_VISITOR)
        return only_the_owner();
    err e = attributes_path(k, q->folder, true, &path);
    if (failed(e))
        return e;
    attributes_parse(q->set, &set);
    str rest = q->removed, one;
    while (str_cut(rest, 0, &one, &rest)) {
        if (set.n == ATTRIBUTES_MAX)
            return err_new(ERR_LIMIT, "too many attributes");
        set.at[set.n++] = (struct attribute){.name = one};
    }
    e = attributes_change(k->folders.home, path.p, set.at, set.n);
    if (failed(e))
        return e;
    auto_buf struct buf names;
    buf_init(&names, KEEPER_NOTICES_MAX / 4); /* more than fits is told in part */
    for (size_t i = 0; i < set.n; i++) {
        if (i > 0)
            buf_addc(&names, ' ');
        buf_add(&names, set.at[i].name);
    }
    notices_attributes(k, q->folder, buf_str(&names), c);
    return OK_ERR;
}

err serve_set_attributes(struct client *c, const struct packet *p)
{
    struct keeper_attributes_set q;
    err e = ipc_decode(&keeper_attributes_set_schema, p->bytes, &q);
    if (failed(e))
        return e;
    return serve_done(c, p->id, change(c, &q));
}
