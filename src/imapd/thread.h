/* SPDX-License-Identifier: ISC */
/* imapd/thread.h -- THREAD's two ways to make trees of messages (RFC 5256 3), on plain data.
 *
 * Time is n log n in messages and references together, however deep or tangled the threads are.
 */
#pragma once
#include "base/base.h"

enum { THREAD_REFS_MAX = 256 }; /* of one message, as in a digest; the first and the last of more */

/* A message identifier or a subject as 128 bits of keyed hash: nothing is compared but for being
 * equal. Both zero: there is none. */
struct thread_id {
    uint64_t a, b;
};
struct thread_id thread_id_of(str text, uint64_t key);
bool thread_id_is(struct thread_id id);

struct thread_item { /* ascending by number */
    uint32_t number; /* what the answer shows */
    bool refwd;      /* the subject says that it is a reply or a forward */
    int64_t sent;
    struct thread_id subject, id;
    const struct thread_id *refs; /* the oldest first */
    size_t n_refs;
};

struct thread_tree;
struct thread_tree *thread_by_references(struct arena *a, const struct thread_item *items,
                                         size_t n);
struct thread_tree *thread_by_subject(struct arena *a, const struct thread_item *items, size_t n);
/* " (1 2)(3 (4)(5))", in pieces; nothing when there is no message. */
typedef void thread_say(void *ctx, str piece);
void thread_write(const struct thread_tree *t, struct arena *a, thread_say *say, void *ctx);
