/* SPDX-License-Identifier: ISC */
/* people/credentials.h -- the house's own logins: ROOT/var/lib/twinpost/people/credentials.
 *
 * A text file, 0600, owned by auth. The first line is "twinpost-credentials 1"; then one user
 * a line, fields parted by single tabs:
 *   NAME  scram-sha-256=ITER,SALT,STORED,SERVER  scram-sha-1=…  hash=STORED  secret=BASE64
 * in any order, each at most once, all optional. `hash` is what crypt/password.h verifies;
 * `secret` is the password itself, which CRAM-MD5 and APOP cannot do without, and stands
 * there only for those who asked for it (or "{CRAM-MD5}HEX", which serves CRAM-MD5 alone).
 * Lines that start with "#" and empty ones are comments. A line that cannot be read is
 * reported with its number and counts as absent; writers copy it as it stands.
 */
#pragma once
#include "base/base.h"
#include "crypt/password.h"
#include "crypt/scram.h"

enum {
    CREDENTIALS_FILE_MAX = 64 << 20,
    CREDENTIALS_LINE_MAX = 4096,
    CREDENTIALS_NAME_MAX = 255,
    PEOPLE_SECRET_BYTES = 32,
};

struct credential {
    str name;
    bool has_scram_sha256, has_scram_sha1, has_cram_md5;
    struct scram_keys scram_sha256, scram_sha1;
    struct cram_md5_key cram_md5;
    str hash;   /* empty: none */
    str secret; /* the password, for APOP; empty: none */
};

struct credentials;
typedef void credentials_problem_fn(void *ctx, unsigned line, err e);

/* No file: an empty set. problem may be NULL. ERR_SYNTAX: not our file, or of a later version. */
err credentials_load(int people_dir, credentials_problem_fn *problem, void *ctx,
                     struct credentials **ret);
/* The empty set, for a file that cannot be read: system accounts can still log in. */
struct credentials *credentials_none(void);
void credentials_free(struct credentials *c); /* wipes; NULL is fine */
/* NULL: no such user. Lives as long as the set. */
const struct credential *credentials_find(const struct credentials *c, str name);
size_t credentials_count(const struct credentials *c);
bool credentials_changed(const struct credentials *c, int people_dir); /* load again */
/* The file as it is now was looked at and is no use: not changed until it changes again. */
void credentials_seen(struct credentials *c, int people_dir);
/* One line without its LF. Results live in `a`. */
err credential_parse(str line, struct arena *a, struct credential *ret);
/* What a PLAIN password is checked against: the SCRAM keys in that form, else the hash (which
 * then came from elsewhere, or waits to be taken elsewhere). */
err credential_stored(const struct credential *c, struct buf *out);

/* How `twinpost passwd` changes the file: under a lock, aside, synced, renamed. Other users'
 * lines stay byte for byte. The file keeps the directory's owner. */
struct password_options {
    bool with_shared_secret; /* also keep the password itself, for CRAM-MD5 and APOP */
    enum password_scheme scheme;
};
/* ERR_SYNTAX: bad name, or an empty password or one with a NUL; ERR_LIMIT; ERR_TIMEOUT: locked. */
err credentials_set_password(int people_dir, str name, str password,
                             const struct password_options *options);
/* Takes a stored password over as it is ("{SHA512-CRYPT}…", "{CRAM-MD5}…", "$6$…"). */
err credentials_set_stored(int people_dir, str name, str stored);
err credentials_remove(int people_dir, str name); /* ERR_NOTFOUND */
/* Also for reading back what a line holds, without secrets: "scram-sha-256 hash secret". */
void credential_summary(const struct credential *c, struct buf *out);

/* The secret from which salts of unknown names are made; made on first use. It must outlive
 * restarts: a salt that changes tells that there is no such user. */
err people_secret(int people_dir, uint8_t ret_secret[PEOPLE_SECRET_BYTES]);
/* A credential for a name that has none: same salt each time, no password fits. */
void credential_fake(const uint8_t secret[PEOPLE_SECRET_BYTES], str name, struct credential *ret);
