/* SPDX-License-Identifier: ISC */
/* sieved/facts.h -- the little that sieved needs of the site's configuration. */
#pragma once
#include "ipc/boot.h"

struct sieved_facts {
    struct boot *boot;
    bool allow_plaintext;
    int64_t login_ms;   /* from greeting to login, whatever the client says */
    int64_t timeout_ms; /* of a silent client after its login */
    uint64_t max_scripts, max_bytes, max_redirects;
};

/* ctx: struct sieved_facts, zeroed before the first time. */
err sieved_read_site(void *ctx, struct boot *boot);
