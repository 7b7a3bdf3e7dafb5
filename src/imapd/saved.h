/* SPDX-License-Identifier: ISC */
/* imapd/saved.h -- "$", the result of the last SEARCH RETURN (SAVE) (RFC 5182), and message sets
 * that may name it.
 *
 * Kept as UID ranges that held nothing else when it was saved: new messages have higher UIDs, and
 * those that are expunged drop out by themselves.
 */
#pragma once
#include "imapd/session.h"
#include "imapd/spans.h"

void saved_forget(struct session *s);
/* Indices of the open mailbox, in any order. */
void saved_keep(struct session *s, const uint32_t *indices, size_t n);
/* As a resolved set of UIDs, in the arena. */
struct imap_set saved_as_set(const struct session *s, struct arena *a);
/* spans_from_set() for a command's set, "$" included. */
err saved_spans(struct session *s, struct imap_set *set, bool uid, struct spans *ret);
