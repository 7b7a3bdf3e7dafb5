/* SPDX-License-Identifier: ISC */
/* An archive from anywhere, then every lookup on what it gave. */
#include "control/rewrite.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look_up(const struct site *s, str address, struct arena *a)
{
    struct rewritten r;
    struct smtproute route;
    bool allowed;
    rewrite_address(s, address, a, &r);
    (void)site_smtproute(s, address, &route);
    (void)site_badmailfrom(s, address);
    if (failed(site_rcpthost_allowed(s, address, &allowed)))
        return;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena *a;
    if (!a)
        a = arena_new("fuzz", (size_t)1 << 30);
    arena_reset(a);
    str in = str_of(data, size), address, rest;
    struct site s;
    /* Without its magic line the input is one file's content and an address to try on it. */
    if (failed(site_parse(in, a, &s))) {
        site_defaults(a, &s);
        str_cut(in, '\0', &address, &rest);
        static const char *const files[] = {"locals",           "virtualdomains", "percenthack",
                                            "rcpthosts",        "smtproutes",     "queuelifetime",
                                            "morercpthosts.cdb"};
        for (size_t i = 0; i < sizeof files / sizeof *files; i++)
            (void)site_set(&s, a, str_from(files[i]), rest);
        look_up(&s, address, a);
    } else if (failed(site_parse_secrets(in, a, &s))) {
        return 0;
    }
    look_up(&s, S("ann%b@x.example"), a);
    return 0;
}
