/* SPDX-License-Identifier: ISC */
/* imapd/facts.h -- the little that imapd needs of the site's configuration. */
#pragma once
#include "ipc/boot.h"

struct imapd_facts {
    struct boot *boot;
    bool allow_plaintext;
    bool tokens;      /* OAuth is offered */
    int64_t login_ms; /* from connect to login */
    char sharedprefix[64];
    int64_t idle_ms; /* of a silent client after its login */
};

/* ctx: struct imapd_facts. */
err imapd_read_site(void *ctx, struct boot *boot);
