/* SPDX-License-Identifier: ISC */
/* How it works: the RFC's steps in its order. Step 1 keeps only each node's parent, and a forest
 * beside it that knows roots for the loop check. Then lists of children are made, from the leaves
 * up so that dummies go on the way (3), the top is sorted (4), joined by subject (5), and all
 * siblings are sorted (6). Nothing recurses: a thread may be as deep as the mailbox is long. */
#include "imapd/thread.h"

#include <assert.h>
#include <stdlib.h>

#include "imapd/forest.h"

#define NONE UINT32_MAX

struct node {
    uint32_t parent;
    uint32_t item; /* NONE: a dummy */
    uint32_t first, last, next;
};

struct thread_tree {
    const struct thread_item *items;
    struct node *nodes; /* nodes[0] is the root above all */
    size_t n, cap;
};

struct thread_id thread_id_of(str text, uint64_t key)
{
    struct thread_id id = {str_hash(text, key), str_hash(text, ~key)};
    id.a |= 1; /* never the one that means none */
    return id;
}

bool thread_id_is(struct thread_id id)
{
    return id.a != 0;
}

/* ---- identifiers to nodes ---- */

struct table {
    struct thread_id *keys;
    uint32_t *values;
    size_t mask;
};

static struct table table_new(struct arena *a, size_t entries)
{
    size_t size = 16;
    while (size < entries * 2)
        size *= 2;
    return (struct table){NEW_N(a, struct thread_id, size), NEW_N(a, uint32_t, size), size - 1};
}

/* The value's place; a new one holds NONE. */
static uint32_t *table_at(struct table *t, struct thread_id id)
{
    size_t i = (size_t)id.b & t->mask;
    while (thread_id_is(t->keys[i]) && (t->keys[i].a != id.a || t->keys[i].b != id.b))
        i = (i + 1) & t->mask;
    if (!thread_id_is(t->keys[i])) {
        t->keys[i] = id;
        t->values[i] = NONE;
    }
    return &t->values[i];
}

/* ---- nodes ---- */

static struct thread_tree *tree_new(struct arena *a, const struct thread_item *items, size_t cap)
{
    struct thread_tree *t = NEW(a, struct thread_tree);
    *t = (struct thread_tree){
        .items = items, .nodes = NEW_N(a, struct node, cap + 1), .n = 1, .cap = cap + 1};
    t->nodes[0] = (struct node){NONE, NONE, NONE, NONE, NONE};
    return t;
}

static uint32_t node_new(struct thread_tree *t, uint32_t item)
{
    assert(t->n < t->cap);
    t->nodes[t->n] = (struct node){NONE, item, NONE, NONE, NONE};
    return (uint32_t)t->n++;
}

static void append(struct thread_tree *t, uint32_t parent, uint32_t child)
{
    struct node *p = &t->nodes[parent];
    t->nodes[child].parent = parent;
    t->nodes[child].next = NONE;
    if (p->first == NONE)
        p->first = child;
    else
        t->nodes[p->last].next = child;
    p->last = child;
}

static void append_children(struct thread_tree *t, uint32_t to, uint32_t from)
{
    uint32_t next;
    for (uint32_t c = t->nodes[from].first; c != NONE; c = next) {
        next = t->nodes[c].next;
        append(t, to, c);
    }
    t->nodes[from].first = t->nodes[from].last = NONE;
}

/* ---- step 1 ---- */

struct linking {
    struct thread_tree *t;
    struct forest forest;
    struct table by_id;
};

static uint32_t node_of(struct linking *l, struct thread_id id)
{
    uint32_t *place = table_at(&l->by_id, id);
    if (*place == NONE)
        *place = node_new(l->t, NONE);
    return *place;
}

static bool is_loop(struct linking *l, uint32_t child, uint32_t parent)
{
    return forest_root(&l->forest, parent) == child;
}

static void link_ids(struct linking *l, uint32_t child, uint32_t parent)
{
    l->t->nodes[child].parent = parent;
    forest_link(&l->forest, child, parent);
}

/* 1A: each reference is the parent of the next, unless that has one already. */
static uint32_t link_references(struct linking *l, const struct thread_item *item)
{
    uint32_t last = NONE;
    for (size_t i = 0; i < item->n_refs; i++) {
        uint32_t now = node_of(l, item->refs[i]);
        if (last != NONE && now != last && l->t->nodes[now].parent == NONE &&
            !is_loop(l, now, last))
            link_ids(l, now, last);
        last = now;
    }
    return last;
}

/* The node of a message: of its identifier if it is the first with that, else one of its own. */
static uint32_t node_of_message(struct linking *l, const struct thread_item *item, uint32_t index)
{
    if (!thread_id_is(item->id))
        return node_new(l->t, index);
    uint32_t node = node_of(l, item->id);
    if (l->t->nodes[node].item != NONE)
        return node_new(l->t, index);
    l->t->nodes[node].item = index;
    return node;
}

/* 1B: what a message says of itself counts more than what others said before. */
static void link_message(struct linking *l, uint32_t node, uint32_t parent)
{
    if (l->t->nodes[node].parent != NONE) {
        l->t->nodes[node].parent = NONE;
        forest_cut(&l->forest, node);
    }
    if (parent != NONE && parent != node && !is_loop(l, node, parent))
        link_ids(l, node, parent);
}

/* ---- steps 2 and 3 ---- */

/* Parents before their children. */
static uint32_t *from_the_top(struct arena *a, const struct thread_tree *t)
{
    size_t n = t->n;
    uint32_t *order = NEW_N(a, uint32_t, n), *start = NEW_N(a, uint32_t, n + 2);
    uint32_t *below = NEW_N(a, uint32_t, n);
    for (size_t i = 1; i < n; i++)
        start[(t->nodes[i].parent == NONE ? 0 : t->nodes[i].parent) + 1]++;
    for (size_t i = 0; i < n; i++)
        start[i + 1] += start[i];
    uint32_t *fill = NEW_N(a, uint32_t, n);
    for (size_t i = 1; i < n; i++) {
        uint32_t p = t->nodes[i].parent == NONE ? 0 : t->nodes[i].parent;
        below[start[p] + fill[p]++] = (uint32_t)i;
    }
    size_t done = 1; /* order[0] is the root */
    for (size_t i = 0; i < done; i++)
        for (uint32_t k = start[order[i]]; k < start[order[i] + 1]; k++)
            order[done++] = below[k];
    assert(done == n);
    return order;
}

/* Lists of children, without dummies: those inside give theirs to their parent; at the top one
 * stays that has several (3B). */
static void make_children(struct arena *a, struct thread_tree *t)
{
    uint32_t *order = from_the_top(a, t);
    for (size_t i = t->n; i-- > 1;) {
        uint32_t id = order[i];
        struct node *node = &t->nodes[id];
        uint32_t parent = node->parent == NONE ? 0 : node->parent;
        bool several = node->first != node->last;
        if (node->item != NONE || (parent == 0 && several))
            append(t, parent, id);
        else
            append_children(t, parent, id);
    }
}

/* ---- steps 4 and 6: sorting ---- */

struct sibling {
    int64_t sent;
    uint32_t number, node;
};

static int sibling_order(const void *x, const void *y)
{
    const struct sibling *a = x, *b = y;
    if (a->sent != b->sent)
        return a->sent < b->sent ? -1 : 1;
    return a->number < b->number ? -1 : a->number > b->number;
}

/* A dummy counts as its first child, which is sorted by then. */
static struct sibling sibling_of(const struct thread_tree *t, uint32_t id)
{
    uint32_t shown = t->nodes[id].item == NONE ? t->nodes[id].first : id;
    const struct thread_item *item = &t->items[t->nodes[shown].item];
    return (struct sibling){item->sent, item->number, id};
}

static void sort_children(struct thread_tree *t, uint32_t parent, struct sibling *room)
{
    size_t n = 0;
    for (uint32_t c = t->nodes[parent].first; c != NONE; c = t->nodes[c].next)
        room[n++] = sibling_of(t, c);
    if (n < 2)
        return;
    qsort(room, n, sizeof *room, sibling_order);
    t->nodes[parent].first = t->nodes[parent].last = NONE;
    for (size_t i = 0; i < n; i++)
        append(t, parent, room[i].node);
}

static void sort_top(struct thread_tree *t, struct sibling *room)
{
    for (uint32_t c = t->nodes[0].first; c != NONE; c = t->nodes[c].next)
        if (t->nodes[c].item == NONE)
            sort_children(t, c, room);
    sort_children(t, 0, room);
}

/* Only the top has dummies, so the order in which the others are done is all the same. */
static void sort_all(struct thread_tree *t, struct sibling *room)
{
    for (size_t i = 1; i < t->n; i++)
        sort_children(t, (uint32_t)i, room);
    sort_children(t, 0, room);
}

/* ---- step 5 ---- */

static const struct thread_item *shown(const struct thread_tree *t, uint32_t id)
{
    uint32_t node = t->nodes[id].item == NONE ? t->nodes[id].first : id;
    return &t->items[t->nodes[node].item];
}

static bool is_dummy(const struct thread_tree *t, uint32_t id)
{
    return t->nodes[id].item == NONE;
}

/* The children of the top while they are joined: NONE where one went into another. */
struct top {
    uint32_t *at;
    size_t n;
    struct table subjects; /* to indices of `at` */
};

/* 5B: which message of a subject the others join. */
static void choose(const struct thread_tree *t, struct top *top)
{
    for (size_t i = 0; i < top->n; i++) {
        uint32_t c = top->at[i];
        const struct thread_item *item = shown(t, c);
        if (!thread_id_is(item->subject))
            continue;
        uint32_t *place = table_at(&top->subjects, item->subject);
        uint32_t chosen = *place == NONE ? NONE : top->at[*place];
        if (chosen == NONE ||
            (!is_dummy(t, chosen) && (is_dummy(t, c) || (shown(t, chosen)->refwd && !item->refwd))))
            *place = (uint32_t)i;
    }
}

/* 5C */
static void join(struct thread_tree *t, struct top *top)
{
    for (size_t i = 0; i < top->n; i++) {
        uint32_t c = top->at[i];
        const struct thread_item *item = shown(t, c);
        if (!thread_id_is(item->subject))
            continue;
        uint32_t place = *table_at(&top->subjects, item->subject);
        if (place == i)
            continue;
        uint32_t other = top->at[place];
        top->at[i] = NONE;
        if (is_dummy(t, other) && is_dummy(t, c)) {
            append_children(t, other, c);
        } else if (is_dummy(t, other) || (item->refwd && !shown(t, other)->refwd)) {
            append(t, other, c);
        } else {
            top->at[place] = node_new(t, NONE);
            append(t, top->at[place], other);
            append(t, top->at[place], c);
        }
    }
}

static void join_by_subject(struct arena *a, struct thread_tree *t)
{
    struct top top = {.at = NEW_N(a, uint32_t, t->n)};
    for (uint32_t c = t->nodes[0].first; c != NONE; c = t->nodes[c].next)
        top.at[top.n++] = c;
    top.subjects = table_new(a, top.n);
    choose(t, &top);
    join(t, &top);
    t->nodes[0].first = t->nodes[0].last = NONE;
    for (size_t i = 0; i < top.n; i++)
        if (top.at[i] != NONE)
            append(t, 0, top.at[i]);
}

/* ---- the two ways ---- */

struct thread_tree *thread_by_references(struct arena *a, const struct thread_item *items, size_t n)
{
    size_t refs = 0;
    for (size_t i = 0; i < n; i++)
        refs += items[i].n_refs;
    /* Step 5 makes a dummy of two at the top, so no more than there are messages. */
    size_t cap = n + n + refs;
    struct linking l = {tree_new(a, items, cap), forest_new(a, cap + 1), table_new(a, n + refs)};
    for (size_t i = 0; i < n; i++) {
        uint32_t parent = link_references(&l, &items[i]);
        uint32_t node = node_of_message(&l, &items[i], (uint32_t)i);
        link_message(&l, node, parent);
    }
    struct sibling *room = NEW_N(a, struct sibling, cap + 1);
    make_children(a, l.t);
    sort_top(l.t, room);
    join_by_subject(a, l.t);
    sort_all(l.t, room);
    return l.t;
}

/* RFC 5256 3, ORDEREDSUBJECT: by subject, then by date; the first of each is the parent of the
 * rest, and threads come in the order of their first messages. */
struct thread_tree *thread_by_subject(struct arena *a, const struct thread_item *items, size_t n)
{
    struct thread_tree *t = tree_new(a, items, n);
    struct table subjects = table_new(a, n);
    struct sibling *room = NEW_N(a, struct sibling, n + 1);
    for (size_t i = 0; i < n; i++)
        room[i] = (struct sibling){items[i].sent, items[i].number, (uint32_t)i};
    qsort(room, n, sizeof *room, sibling_order);
    uint32_t no_subject = NONE;
    for (size_t i = 0; i < n; i++) {
        uint32_t node = node_new(t, room[i].node);
        struct thread_id subject = items[room[i].node].subject;
        uint32_t *place = thread_id_is(subject) ? table_at(&subjects, subject) : &no_subject;
        if (*place == NONE)
            *place = node;
        append(t, *place == node ? 0 : *place, node);
    }
    return t;
}

/* ---- telling ---- */

enum { PIECE = 32 * 1024 };

struct teller {
    const struct thread_tree *t;
    struct buf out;
    thread_say *say;
    void *ctx;
    uint32_t *stack; /* next sibling of each open branch */
    size_t depth;
};

static void tell_piece(struct teller *w, size_t from)
{
    if (w->out.n < from)
        return;
    w->say(w->ctx, buf_str(&w->out));
    buf_reset(&w->out);
}

/* From a thread's first message down to where it ends or branches: then the stack holds the
 * branches. */
static void tell_line(struct teller *w, uint32_t id)
{
    const struct node *nodes = w->t->nodes;
    buf_addc(&w->out, '(');
    const char *between = "";
    for (;;) {
        if (nodes[id].item != NONE) {
            buf_addf(&w->out, "%s%u", between, w->t->items[nodes[id].item].number);
            between = " ";
        }
        uint32_t first = nodes[id].first;
        if (first == NONE) {
            buf_addc(&w->out, ')');
            return;
        }
        if (nodes[first].next != NONE) {
            buf_add(&w->out, str_from(between));
            w->stack[w->depth++] = first;
            return;
        }
        id = first;
        tell_piece(w, PIECE);
    }
}

void thread_write(const struct thread_tree *t, struct arena *a, thread_say *say, void *ctx)
{
    struct teller w = {.t = t, .say = say, .ctx = ctx, .stack = NEW_N(a, uint32_t, t->n + 1)};
    buf_init(&w.out, PIECE + 1024);
    if (t->nodes[0].first != NONE) {
        buf_addc(&w.out, ' ');
        w.stack[w.depth++] = t->nodes[0].first;
    }
    while (w.depth > 0) {
        uint32_t id = w.stack[w.depth - 1];
        if (id == NONE) {
            if (--w.depth > 0)
                buf_addc(&w.out, ')');
        } else {
            w.stack[w.depth - 1] = t->nodes[id].next;
            tell_line(&w, id);
        }
        tell_piece(&w, PIECE);
    }
    tell_piece(&w, 1);
    buf_done(&w.out);
}
