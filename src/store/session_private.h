/* SPDX-License-Identifier: ISC */
/* store/session_private.h -- what the session's files share. */
#pragma once
#include "ipc/keeper.h"
#include "store/session.h"

struct store {
    struct channel *channel;
    bool broken, news, noticed, open, lost;
    uint32_t last_id;
    struct store_box box;
    struct store_message *rows;
    size_t n, room; /* rows in use, rows that fit */
    size_t mapped;  /* bytes of the mapping; 0: rows are on the heap */
    bool want_modseqs;
    uint64_t *modseqs;     /* beside rows, with as much room; NULL: not wanted */
    size_t modseqs_mapped; /* as mapped */
    uint64_t version, highest;
    char id[KEEPER_ID_MAX + 1];
    VEC(uint32_t) modified;
    uint32_t *saved;       /* heap: of store_savedates() */
    str digests;           /* mapped */
    struct buf digest_buf; /* of those that came within a packet */
    uint32_t digests_id, *digests_uids;
    size_t n_digests; /* asked for with store_prefetch_digests(), not yet taken */
    struct buf keywords, reason;
    str names; /* mapped */
    VEC(struct store_gone) gone;
    VEC(struct store_change) changed;
    VEC(uint32_t) held; /* expunged, not yet told; ascending */
    VEC(struct store_range) pairs;
    size_t n_new;
    bool keywords_changed;
    uint32_t prefetch_id, prefetch_uids[STORE_FETCH_MAX];
    size_t n_prefetch;
};

/* Sends a question, waits for its answer. */
err store_ask(struct store *s, const struct ipc_schema *m, const void *question,
              const struct ipc_schema *reply, void *ret, struct packet *ret_packet);
err store_ask_done(struct store *s, const struct ipc_schema *m, const void *question);
err store_wait_for(struct store *s, uint32_t id, const struct ipc_schema *reply, void *ret,
                   struct packet *ret_packet);
err store_verdict(struct store *s, uint32_t outcome, str text); /* an answer's own */
err store_broken(struct store *s);                              /* the conversation is over */
err store_drop_prefetch(struct store *s);
void store_drop_table(struct store *s);
void store_drop_known(struct store *s);  /* digests and what else is not the table's */
err store_drop_digests(struct store *s); /* takes an answer that nobody will ask for */
err store_load_modseqs(struct store *s); /* for the table that is open */
/* Data in the packet, or when long in its first descriptor (then fd_unmap(*ret_mapped)). */
err store_data_of(str data, struct packet *p, str *ret_mapped, str *ret);
err store_join_keywords(struct buf *b, const str *names, size_t n); /* NUL after each */
uint32_t store_get_u32(str s, size_t at);
