/* SPDX-License-Identifier: ISC */
/* wire/imap_resync.h -- the parameters that RFC 7162 (CONDSTORE, QRESYNC) adds to SELECT, FETCH
 * and STORE, and FETCH's PARTIAL (RFC 9394).
 */
#pragma once
#include "wire/imap_return.h"
#include "wire/imap_sequence.h"

/* SELECT and EXAMINE: [SP "(" param … ")"], to the end. */
struct imap_select_params {
    bool condstore, qresync;
    uint32_t uidvalidity; /* from here on: QRESYNC's, RFC 7162 3.2.5 */
    uint64_t modseq;
    struct imap_set known;      /* UIDs; n == 0: all up to the last */
    struct imap_set seqs, uids; /* the sequence match data: same count, ascending */
};
err imap_select_params(struct imap_reader *r, struct imap_select_params *ret);

/* FETCH: [SP "(" modifier … ")"], to the end. */
struct imap_fetch_modifiers {
    bool changed, vanished, has_partial;
    uint64_t changedsince;
    struct imap_partial partial;
};
err imap_fetch_modifiers(struct imap_reader *r, struct imap_fetch_modifiers *ret);

/* STORE: [SP "(" "UNCHANGEDSINCE" SP n ")"] before the flags. */
err imap_store_modifiers(struct imap_reader *r, bool *ret_given, uint64_t *ret_unchangedsince);
