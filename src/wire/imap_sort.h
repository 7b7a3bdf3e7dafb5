/* SPDX-License-Identifier: ISC */
/* wire/imap_sort.h -- SORT and THREAD arguments (RFC 5256, 5957, 5267). */
#pragma once
#include "wire/imap_search_args.h"

enum { IMAP_SORT_KEYS_MAX = 16 }; /* repeats change nothing, so nobody needs more */

enum imap_sort_key {
    IMAP_SORT_ARRIVAL,
    IMAP_SORT_CC,
    IMAP_SORT_DATE,
    IMAP_SORT_FROM,
    IMAP_SORT_SIZE,
    IMAP_SORT_SUBJECT,
    IMAP_SORT_TO,
    IMAP_SORT_DISPLAYFROM,
    IMAP_SORT_DISPLAYTO,
};

struct imap_sort_args {
    enum imap_sort_key keys[IMAP_SORT_KEYS_MAX];
    bool reverse[IMAP_SORT_KEYS_MAX];
    size_t n;
    struct imap_search_args search;
};
err imap_sort_args(struct imap_reader *r, struct imap_sort_args *ret); /* from after the verb */

enum imap_thread { IMAP_THREAD_ORDEREDSUBJECT, IMAP_THREAD_REFERENCES };
struct imap_thread_args {
    enum imap_thread how;
    struct imap_search_args search;
};
err imap_thread_args(struct imap_reader *r, struct imap_thread_args *ret);
