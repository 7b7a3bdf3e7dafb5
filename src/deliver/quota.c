/* SPDX-License-Identifier: ISC */
/* How much mail the user may keep (store/quota.h), where messages are put into his Maildir. */
#include "deliver/deliver.h"

void quota_learn(struct worker *w)
{
    str limit = site_quota(&w->site, str_from(w->boot->user));
    err e = limit.n > 0 ? quota_parse(limit, &w->quota) : OK_ERR;
    if (failed(e)) /* the checker names it; mail is not to be lost for it */
        w->quota = (struct quota){0};
}

err quota_allows(struct job *j, const char *path, uint64_t bytes)
{
    const struct worker *w = j->worker;
    if (!quota_is_set(&w->quota))
        return OK_ERR;
    const char *root = arena_cstr(j->arena, quota_root(str_from(path)));
    err e = quota_room(w->home, root, NULL, &w->quota, bytes, 1);
    return e.kind == ERR_LIMIT ? e : OK_ERR; /* a count that cannot be had refuses nothing */
}

void quota_counts(struct job *j, const char *path, uint64_t bytes)
{
    const struct worker *w = j->worker;
    struct quota used;
    if (!quota_is_set(&w->quota))
        return;
    const char *root = arena_cstr(j->arena, quota_root(str_from(path)));
    quota_note(w->home, root, (int64_t)bytes, 1);
    err e = quota_used(w->home, root, NULL, &w->quota, &used);
    if (!failed(e)) /* else the next message warns */
        quota_warn(w->home, root, str_from(w->boot->user), w->site.me, &w->quota, &used);
}
