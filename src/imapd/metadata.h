/* SPDX-License-Identifier: ISC */
/* imapd/metadata.h -- one METADATA answer: for GETMETADATA, LIST … RETURN (METADATA …) and NOTIFY.
 */
#pragma once
#include "imapd/session.h"
#include "wire/imap_metadata.h"

/* "* METADATA name (…)". *ret_longest: octets of the longest value that MAXSIZE kept back. */
err metadata_say(struct session *s, const struct imap_getmetadata_args *want, size_t *ret_longest);
