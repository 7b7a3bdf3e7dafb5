/* SPDX-License-Identifier: ISC */
/* base/list.h -- intrusive doubly linked lists; the head is a list too. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct list {
    struct list *next, *prev;
};

#define container_of(ptr, T, m) ((T *)(void *)((char *)(ptr)-offsetof(T, m)))
#define list_each(it, head) for (struct list *it = (head)->next; it != (head); it = it->next)
/* The entry may be removed in the body. */
#define list_each_safe(it, head)                                                                   \
    for (struct list *it = (head)->next, *it##_next = it->next; it != (head);                      \
         it = it##_next, it##_next = it->next)

static inline void list_init(struct list *l)
{
    l->next = l->prev = l;
}

static inline bool list_empty(const struct list *head)
{
    return head->next == head;
}

static inline void list_add(struct list *head, struct list *l) /* at the end */
{
    l->prev = head->prev;
    l->next = head;
    head->prev->next = l;
    head->prev = l;
}

static inline void list_del(struct list *l) /* harmless on an entry that is in no list */
{
    l->prev->next = l->next;
    l->next->prev = l->prev;
    list_init(l);
}
