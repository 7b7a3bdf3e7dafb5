/* SPDX-License-Identifier: ISC */
/* imapd/bodies.h -- walks over messages with their text, in batches of descriptors.
 *
 * While one batch is worked on, the keeper opens the next. Small messages are read with one
 * call into a buffer that all share; large ones are mapped. At most one batch of descriptors and
 * one message are held.
 */
#pragma once
#include "imapd/session.h"
#include "imapd/spans.h"

enum body_need {
    BODY_HEADER, /* the text may end anywhere after the header's end */
    BODY_WHOLE,
};

struct body {
    size_t index; /* in the mailbox's table */
    str text;     /* LF line ends (or whatever lies there); valid during the call */
    bool missing; /* expunged by another session, or unreadable */
};
/* An error stops the walk and is returned. The table stays as it is meanwhile. */
typedef err body_fn(void *ctx, const struct body *b);
err bodies_each(struct session *s, const struct spans *spans, enum body_need need, body_fn *fn,
                void *ctx);
