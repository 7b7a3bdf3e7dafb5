/* SPDX-License-Identifier: ISC */
/* popd/facts.h -- the little that popd needs of the site's configuration. */
#pragma once
#include "ipc/boot.h"

struct popd_facts {
    struct boot *boot;
    struct arena *arena; /* holds `me` */
    str me;
    bool allow_plaintext;
    bool tokens;        /* OAuth is offered */
    int64_t login_ms;   /* from greeting to login, whatever the client says */
    int64_t timeout_ms; /* of a silent client after its login */
};

/* ctx: struct popd_facts, zeroed before the first time. */
err popd_read_site(void *ctx, struct boot *boot);
