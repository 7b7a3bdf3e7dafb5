/* SPDX-License-Identifier: ISC */
#include "imapd/facts.h"

#include <stdio.h>

#include "control/site.h"
#include "os/fd.h"

err imapd_read_site(void *ctx, struct boot *boot)
{
    struct imapd_facts *f = ctx;
    str archive;
    err e = fd_map(boot->site_fd, SITE_ARCHIVE_MAX, &archive);
    if (failed(e))
        return e;
    f->boot = boot;
    str url;
    f->tokens = !failed(site_file(archive, S("tokenurl"), &url)) && str_trim(url).n;
    str line = S("");
    f->sharedprefix[0] = '\0';
    if (!failed(site_file(archive, S("sharedprefix"), &line)))
        (void)snprintf(f->sharedprefix, sizeof f->sharedprefix, "%.*s",
                       STR_ARG(site_shared_prefix(line))); /* which limits it */
    f->allow_plaintext = site_flag(archive, S("allowplaintext"));
    f->login_ms = (int64_t)site_number(archive, S("timeoutlogin")) * 1000;
    f->idle_ms = (int64_t)site_number(archive, S("timeoutimap")) * 1000;
    fd_unmap(archive);
    return OK_ERR;
}
