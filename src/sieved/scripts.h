/* SPDX-License-Identifier: ISC */
/* sieved/scripts.h -- a user's scripts where Dovecot has them: ~/sieve/NAME.sieve, and the one in
 * force as the link ~/.dovecot.sieve. sieved is the only writer here beside the user himself.
 *
 * Every change is one rename: a delivery sees the old script or the new one. A plain file at the
 * link's place (written by hand) becomes ~/sieve/dovecot.orig.sieve before it would be replaced, as
 * Dovecot does.
 */
#pragma once
#include "base/base.h"

#define SCRIPTS_FOLDER "sieve"
#define SCRIPTS_ACTIVE ".dovecot.sieve"
#define SCRIPTS_END ".sieve"

struct scripts {
    int home;
    uint64_t max_scripts, max_bytes;
};

struct script_entry {
    str name;
    uint64_t size;
};
/* Sorted by name. A folder that is not there holds none. */
err scripts_list(const struct scripts *s, struct arena *a, struct script_entry **ret,
                 size_t *ret_n);
/* The name of the one in force; empty: none, or a file that is not in the folder. */
str scripts_active(const struct scripts *s, struct arena *a);

/* Names are valid (sieve_script_name_is_valid). ERR_NOTFOUND; ERR_LIMIT: *ret_code says which
 * quota (RFC 5804 1.3); ERR_DENIED: it is the one in force, or a name that is taken. */
err scripts_room(const struct scripts *s, struct arena *a, str name, uint64_t size,
                 const char **ret_code);
err scripts_get(const struct scripts *s, struct arena *a, str name, str *ret_text);
err scripts_put(const struct scripts *s, struct arena *a, str name, str text,
                const char **ret_code);
err scripts_delete(const struct scripts *s, struct arena *a, str name);
err scripts_rename(const struct scripts *s, struct arena *a, str from, str to);
err scripts_activate(const struct scripts *s, struct arena *a, str name); /* empty: none */
