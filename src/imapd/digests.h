/* SPDX-License-Identifier: ISC */
/* imapd/digests.h -- walks over messages by what the keeper knows of them (wire/digest.h). */
#pragma once
#include "imapd/session.h"

/* d is NULL where nothing is known: the message is gone, or so large that it has to be read. */
typedef void digest_fn(void *ctx, size_t place, const struct mail_digest *d);
/* Each of the messages, in their order: hundreds with each question, the next ones asked for while
 * these are worked on. Ends early when the client is gone. */
err digests_each(struct session *s, const uint32_t *indices, size_t n, digest_fn *fn, void *ctx);
