/* SPDX-License-Identifier: ISC */
/* ctl/old_getpw.c -- qmail-getpw(8): which account a local part belongs to, without users/assign.
 */
#include <sys/stat.h>

#include "ctl/ctl.h"
#include "ctl/old.h"
#include "dotqmail/owner.h"
#include "people/passwd.h"

struct search {
    struct ctl *ctl;
    struct passwd_db *passwd;
};

static err find_account(void *ctx, str name, struct arena *a, struct account *ret)
{
    const struct search *s = ctx;
    struct person p;
    err e = passwd_find(s->passwd, name, a, &p);
    if (!failed(e))
        *ret = (struct account){.name = p.name, .uid = p.uid, .gid = p.gid, .home = p.home};
    return e;
}

static err home_uid(void *ctx, str home, uint32_t *ret_uid)
{
    const struct search *s = ctx;
    struct stat st;
    if (stat(arena_cstr(s->ctl->arena, home), &st) < 0)
        return err_new(ERR_NOTFOUND, "home does not exist");
    *ret_uid = st.st_uid;
    return OK_ERR;
}

int old_getpw(struct ctl *c, int argc, char **argv)
{
    if (argc != 2)
        return CTL_PERMANENT; /* as qmail's, which says nothing */
    struct search s = {.ctl = c};
    struct accounts who = {.ctx = &s, .root = S(""), .find = find_account, .home_uid = home_uid};
    struct owner o;
    err e = passwd_open(c->root_dir, &s.passwd);
    if (!failed(e)) {
        e = owner_find(S(""), str_from(argv[1]), &who, c->arena, &o);
        passwd_free(s.passwd);
    }
    if (failed(e))
        return ctl_fail_err(c, "fatal", e), CTL_TEMPORARY;
    auto_buf struct buf b;
    buf_init(&b, 1 << 16);
    buf_addf(&b, "%.*s%c%u%c%u%c%.*s%c%.*s%c%.*s%c", STR_ARG(o.user), 0, o.uid, 0, o.gid, 0,
             STR_ARG(o.home), 0, STR_ARG(o.dash), 0, STR_ARG(o.ext), 0);
    return ctl_print(c, buf_str(&b)) ? CTL_OK : CTL_TEMPORARY;
}
