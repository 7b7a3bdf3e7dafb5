/* SPDX-License-Identifier: ISC */
/* list/post_body.h -- the body of a post: parts that the list does not carry, and its trailer.
 * Only the outermost level of MIME is looked at, as ezmlm-send does. */
#pragma once
#include "list/list.h"

/* The type/subtype of a header, or text/plain. */
str content_type(struct arena *a, str header, str *ret_boundary);
/* Takes the parts of types in mimeremove (or not in mimekeep) out. False: nothing is left. */
bool post_body_strip(struct mlist *l, str header, str *body);
/* Adds the body and, if it can be had, the trailer: in the body's encoding, or as a part. */
void post_body_write(struct buf *b, str header, str body, str trailer);
/* A type in mimereject, among the message's own and its parts'. */
bool post_body_refused(struct mlist *l, str header, str body, str *ret_type);
