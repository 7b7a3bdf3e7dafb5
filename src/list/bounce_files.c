/* SPDX-License-Identifier: ISC */
#include "list/bounce_files.h"

#include "list/bounce.h"
#include "list/cookie.h"

const char *bounce_folder(const struct mlist *l)
{
    return l->sub.n ? arena_printf(l->arena, "%.*s/bounce", STR_ARG(l->sub)).p : "bounce";
}

const char *bounce_slice_path(const struct mlist *l, int64_t when)
{
    return arena_printf(l->arena, "%s/d/%lld", bounce_folder(l), (long long)(when / BOUNCE_SLICE))
        .p;
}

const char *bounce_history_folder(const struct mlist *l, str address)
{
    struct cookie c = cookie_make(S(""), S(""), address, 0);
    return arena_printf(l->arena, "%s/h/%c", bounce_folder(l), c.at[0]).p;
}

const char *bounce_history_path(const struct mlist *l, str address)
{
    struct cookie c = cookie_make(S(""), S(""), address, 0);
    return arena_printf(l->arena, "%s/h/%c/h%s", bounce_folder(l), c.at[0], c.at + 1).p;
}

const char *bounce_lock_path(const struct mlist *l)
{
    return l->sub.n ? arena_printf(l->arena, "%.*s/lockbounce", STR_ARG(l->sub)).p : "lockbounce";
}
