/* SPDX-License-Identifier: ISC */
/* wire/sasl_oauth.h -- OAUTHBEARER (RFC 7628) and the older XOAUTH2: a token instead of a password.
 * Pure; results are views into the blob or live in the arena.
 */
#pragma once
#include "base/base.h"

struct sasl_oauth {
    str user;  /* whom the client says it is; empty: it does not say */
    str token; /* RFC 6750's b68token, not empty */
};
/* "n,a=user@host,^Aauth=Bearer TOKEN^A^A" */
err sasl_oauthbearer_parse(struct arena *a, str blob, struct sasl_oauth *ret);
/* "user=NAME^Aauth=Bearer TOKEN^A^A" */
err sasl_xoauth2_parse(str blob, struct sasl_oauth *ret);
