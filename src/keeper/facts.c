/* SPDX-License-Identifier: ISC */
#include "keeper/facts.h"

#include "os/fd.h"
#include "wire/mutf7.h"

enum { FOLDERS_MAX = 32, NAME_MAX_BYTES = 255 };

static void read_folders(struct keeper_facts *f, const struct site *site, struct arena *keep)
{
    str *names = NEW_N(keep, str, FOLDERS_MAX);
    for (size_t i = 0; i < site->autofolders.n && f->n_folders < FOLDERS_MAX; i++) {
        auto_buf struct buf b;
        buf_init(&b, NAME_MAX_BYTES);
        err e = mutf7_encode(&b, site->autofolders.at[i].key);
        if (!failed(e) && !b.over && b.n > 0)
            names[f->n_folders++] = arena_copy(keep, buf_str(&b));
    }
    f->folders = names;
}

void keeper_read_site(struct keeper_facts *f, const struct boot *b, struct arena *keep)
{
    auto_arena struct arena *a = arena_new("site", SITE_ARCHIVE_MAX);
    str archive;
    struct site site;
    *f = (struct keeper_facts){.delivery = S("./Maildir/"), .host = S("localhost")};
    err e = fd_map(b->site_fd, SITE_ARCHIVE_MAX, &archive);
    if (failed(e))
        return;
    e = site_parse(archive, a, &site);
    if (!failed(e)) {
        str limit = site_quota(&site, str_from(b->user));
        f->delivery = arena_copy(keep, site.defaultdelivery);
        f->host = arena_copy(keep, site.me);
        f->shares = site_shared_prefix(site.sharedprefix).n > 0;
        f->expungedays = (uint32_t)site.expungedays;
        if (limit.n > 0)
            e = quota_parse(limit, &f->quota); /* the checker names a bad one */
        if (failed(e))
            f->quota = (struct quota){0};
        read_folders(f, &site, keep);
    }
    fd_unmap(archive);
}
