/* SPDX-License-Identifier: ISC */
/* Who may do what: the session's questions about rights. */
#include "ipc/keeper.h"
#include "os/fd.h"
#include "store/session_private.h"

static err too_long(struct store *s)
{
    return store_verdict(s, ERR_LIMIT, S("the name is too long"));
}

err store_rights(struct store *s, str folder, unsigned *ret)
{
    if (folder.n > STORE_NAME_MAX)
        return too_long(s);
    struct keeper_rights r;
    err e = store_ask(s, &keeper_rights_ask_schema, &(struct keeper_name){folder},
                      &keeper_rights_schema, &r, NULL);
    if (!failed(e))
        e = store_verdict(s, r.outcome, r.text);
    if (!failed(e))
        *ret = r.rights;
    return e;
}

err store_acl(struct store *s, str folder, struct arena *a, struct acl **ret)
{
    if (folder.n > STORE_NAME_MAX)
        return too_long(s);
    struct keeper_data d;
    struct packet p;
    str mapped, text;
    err e = store_ask(s, &keeper_acl_ask_schema, &(struct keeper_name){folder}, &keeper_acl_schema,
                      &d, &p);
    if (!failed(e))
        e = store_verdict(s, d.outcome, d.text);
    if (!failed(e))
        e = store_data_of(d.data, &p, &mapped, &text);
    if (failed(e))
        return e;
    *ret = NEW(a, struct acl);
    acl_parse(arena_copy(a, text), a, *ret);
    fd_unmap(mapped);
    return OK_ERR;
}

err store_set_acl(struct store *s, str folder, const struct acl_entry *entry, enum acl_op op)
{
    if (folder.n > STORE_NAME_MAX || entry->name.n > STORE_NAME_MAX)
        return too_long(s);
    struct keeper_acl_set q = {.folder = folder,
                               .op = (uint32_t)op,
                               .kind = (uint32_t)entry->kind,
                               .negative = entry->negative,
                               .rights = entry->rights,
                               .name = entry->name};
    return store_ask_done(s, &keeper_acl_set_schema, &q);
}
