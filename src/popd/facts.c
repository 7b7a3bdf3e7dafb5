/* SPDX-License-Identifier: ISC */
#include "popd/facts.h"

#include "control/site.h"
#include "os/fd.h"

err popd_read_site(void *ctx, struct boot *boot)
{
    struct popd_facts *f = ctx;
    auto_arena struct arena *a = arena_new("site", SITE_ARCHIVE_MAX);
    str archive;
    struct site site;
    err e = fd_map(boot->site_fd, SITE_ARCHIVE_MAX, &archive);
    if (failed(e))
        return e;
    e = site_parse(archive, a, &site);
    if (!failed(e)) {
        if (!f->arena)
            f->arena = arena_new("facts", 64 * 1024);
        arena_reset(f->arena);
        f->boot = boot;
        f->me = arena_copy(f->arena, site.me);
        f->allow_plaintext = site.allowplaintext;
        f->tokens = site.tokenurl.n > 0;
        f->login_ms = (int64_t)site.timeoutlogin * 1000;
        f->timeout_ms = (int64_t)site.timeoutpop3 * 1000;
    }
    fd_unmap(archive);
    return e;
}
