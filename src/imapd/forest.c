/* SPDX-License-Identifier: ISC */
/* How it works: each tree is cut into paths, each path is a splay tree ordered by depth, and `up`
 * of a splay tree's root leads to the path above it. */
#include "imapd/forest.h"

struct forest forest_new(struct arena *a, size_t n)
{
    return (struct forest){NEW_N(a, struct forest_node, n + 1)};
}

static bool is_splay_root(const struct forest *f, uint32_t x)
{
    uint32_t up = f->at[x].up;
    return up == 0 || (f->at[up].left != x && f->at[up].right != x);
}

static void rotate(struct forest *f, uint32_t x)
{
    struct forest_node *at = f->at;
    uint32_t p = at[x].up, g = at[p].up, inner;
    bool p_was_root = is_splay_root(f, p);
    if (at[p].left == x) {
        inner = at[x].right;
        at[p].left = inner;
        at[x].right = p;
    } else {
        inner = at[x].left;
        at[p].right = inner;
        at[x].left = p;
    }
    if (inner != 0)
        at[inner].up = p;
    at[p].up = x;
    at[x].up = g;
    if (p_was_root)
        return;
    if (at[g].left == p)
        at[g].left = x;
    else
        at[g].right = x;
}

static void splay(struct forest *f, uint32_t x)
{
    while (!is_splay_root(f, x)) {
        uint32_t p = f->at[x].up;
        if (!is_splay_root(f, p)) {
            uint32_t g = f->at[p].up;
            bool same = (f->at[g].left == p) == (f->at[p].left == x);
            rotate(f, same ? p : x);
        }
        rotate(f, x);
    }
}

/* Makes one path of all from the root down to x. */
static void expose(struct forest *f, uint32_t x)
{
    uint32_t below = 0;
    for (uint32_t at = x; at != 0; at = f->at[at].up) {
        splay(f, at);
        f->at[at].right = below;
        below = at;
    }
    splay(f, x);
}

void forest_link(struct forest *f, uint32_t child, uint32_t parent)
{
    expose(f, child + 1); /* alone on its path: it is a root */
    f->at[child + 1].up = parent + 1;
}

void forest_cut(struct forest *f, uint32_t child)
{
    uint32_t x = child + 1;
    expose(f, x);
    uint32_t above = f->at[x].left;
    if (above == 0)
        return;
    f->at[x].left = 0;
    f->at[above].up = 0;
}

uint32_t forest_root(struct forest *f, uint32_t node)
{
    uint32_t x = node + 1;
    expose(f, x);
    while (f->at[x].left != 0)
        x = f->at[x].left;
    splay(f, x);
    return x - 1;
}
