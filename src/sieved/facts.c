/* SPDX-License-Identifier: ISC */
#include "sieved/facts.h"

#include "control/site.h"
#include "os/fd.h"

err sieved_read_site(void *ctx, struct boot *boot)
{
    struct sieved_facts *f = ctx;
    auto_arena struct arena *a = arena_new("site", SITE_ARCHIVE_MAX);
    str archive;
    struct site site;
    err e = fd_map(boot->site_fd, SITE_ARCHIVE_MAX, &archive);
    if (failed(e))
        return e;
    e = site_parse(archive, a, &site);
    if (!failed(e))
        *f = (struct sieved_facts){.boot = boot,
                                   .allow_plaintext = site.allowplaintext,
                                   .login_ms = (int64_t)site.timeoutlogin * 1000,
                                   .timeout_ms = (int64_t)site.timeoutsieve * 1000,
                                   .max_scripts = site.maxsievescripts,
                                   .max_bytes = site.maxsievebytes,
                                   .max_redirects = site.maxsieveredirects};
    fd_unmap(archive);
    return e;
}
