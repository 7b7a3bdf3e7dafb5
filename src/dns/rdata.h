/* SPDX-License-Identifier: ISC */
/* dns/rdata.h -- the data of resource records, from the wire to text. Pure. */
#pragma once
#include "base/base.h"

/* A name in wire form (RFC 1035 section 3.1, no compression) off the front of *data, in the
 * arena, lower case, without trailing dot; the root is empty. A label with an octet that a
 * host name cannot have (RFC 1123, and "_") is ERR_SYNTAX: such names reach logs and peers. */
err rdata_name(struct arena *a, str *data, str *ret_name);
err rdata_mx(struct arena *a, str data, uint16_t *ret_preference, str *ret_host);
/* Character strings joined (RFC 7208 section 3.3), at most max octets. */
err rdata_txt(struct arena *a, str data, size_t max, str *ret_text);
