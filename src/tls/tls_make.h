/* SPDX-License-Identifier: ISC */
/* tls/tls_make.h -- a house's own certificates, made at its first start.
 *
 * A local authority (EC P-256, ten years) signs the house's server certificate, so that a
 * client who trusts ca.pem once goes on trusting after the server certificate is renewed.
 * The authority carries no name constraints (Thunderbird's and curl's readings of them
 * differ); its key is kept beside it, readable by its owner alone.
 *
 *   ca.pem       the authority's certificate: what users import, CA_FILE
 *   ca-key.pem   0600
 *   cert.pem     leaf, then authority
 *   key.pem      0600
 */
#pragma once
#include "base/base.h"

#define TLS_NAMES_MAX 100

struct tls_make {
    const str *names; /* host names and addresses; the first is the subject */
    size_t names_n;
    int64_t now;   /* seconds since the epoch */
    int leaf_days; /* 0: 397, the most that browsers take */
};

/* Makes what is missing below `dir`. When cert.pem and key.pem are there, nothing is done;
 * keys that are there are used again, never replaced. Each file is written atomically and
 * synced. *ret_made (NULL allowed): a new leaf was made. */
err tls_make_certificates(int dir, const struct tls_make *m, bool *ret_made);
/* The end of validity of the first certificate in a PEM text. */
err tls_certificate_expiry(str pem, int64_t *ret_not_after);
