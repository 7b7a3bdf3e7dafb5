/* SPDX-License-Identifier: ISC */
#include "dotqmail/owner.h"

#include "control/assign.h"

/* As people/passwd.h has it: everything hangs off the root, and a home that is written as a
 * full path below the root already stays as it is. */
static str below_root(str root, str home, struct arena *a)
{
    str rest = home;
    if (root.n == 0 || (str_skip(&rest, root) && (rest.n == 0 || rest.p[0] == '/')))
        return home;
    return arena_printf(a, "%.*s%.*s", STR_ARG(root), STR_ARG(home));
}

static err by_assign(str users_cdb, str local, const struct accounts *who, struct arena *a,
                     struct owner *ret)
{
    struct assign as;
    err e = assign_find(users_cdb, local, a, &as);
    if (failed(e))
        return e;
    if (as.uid == 0)
        return err_new(ERR_DENIED, OWNER_ROOT_TEXT);
    *ret = (struct owner){.user = as.user,
                          .uid = as.uid,
                          .gid = as.gid,
                          .home = below_root(who->root, as.home, a),
                          .dash = as.dash,
                          .ext = as.ext,
                          .source = OWNER_ASSIGN,
                          .rule = as.key};
    return OK_ERR;
}

/* An account that may take mail: not root, and its home is there and its own. Else *ret_ok is
 * false and the next shorter name is tried. */
static err usable_account(const struct accounts *who, str name, struct arena *a, bool *ret_ok,
                          struct account *ret)
{
    *ret_ok = false;
    err e = who->find(who->ctx, name, a, ret);
    if (e.kind == ERR_NOTFOUND)
        return OK_ERR;
    if (failed(e) || ret->uid == 0)
        return e;
    uint32_t uid;
    e = who->home_uid(who->ctx, ret->home, &uid);
    if (failed(e))
        return is_temporary(e) ? e : OK_ERR;
    *ret_ok = uid == ret->uid;
    return OK_ERR;
}

/* The longest name that ends at the end of local or before a dash. */
static err by_account(str local, const struct accounts *who, struct arena *a, bool *ret_found,
                      struct owner *ret)
{
    *ret_found = false;
    size_t n = local.n;
    for (;; n--) {
        if (n < OWNER_NAME_MAX && n > 0 && (n == local.n || local.p[n] == '-')) {
            struct account acc;
            bool ok;
            str name = arena_lower(a, str_slice(local, 0, n));
            err e = usable_account(who, name, a, &ok, &acc);
            if (failed(e))
                return e;
            if (ok) {
                *ret = (struct owner){.user = acc.name,
                                      .uid = acc.uid,
                                      .gid = acc.gid,
                                      .home = acc.home,
                                      .dash = n == local.n ? S("") : S("-"),
                                      .ext = str_from_at(local, n + (n < local.n)),
                                      .source = OWNER_ACCOUNT};
                *ret_found = true;
                return OK_ERR;
            }
        }
        if (n == 0)
            return OK_ERR;
    }
}

err owner_find(str users_cdb, str local, const struct accounts *who, struct arena *a,
               struct owner *ret)
{
    err e =
        users_cdb.n ? by_assign(users_cdb, local, who, a, ret) : err_new(ERR_NOTFOUND, "no cdb");
    if (e.kind != ERR_NOTFOUND)
        return e;
    bool found;
    e = by_account(local, who, a, &found, ret);
    if (failed(e) || found)
        return e;
    struct account alias;
    e = who->find(who->ctx, S("alias"), a, &alias);
    if (e.kind == ERR_NOTFOUND)
        return err_new(ERR_NOTFOUND, OWNER_NO_ALIAS_TEXT);
    if (failed(e))
        return e;
    if (alias.uid == 0)
        return err_new(ERR_DENIED, OWNER_ROOT_TEXT);
    *ret = (struct owner){.user = alias.name,
                          .uid = alias.uid,
                          .gid = alias.gid,
                          .home = alias.home,
                          .dash = S("-"),
                          .ext = local,
                          .source = OWNER_ALIAS};
    return OK_ERR;
}
