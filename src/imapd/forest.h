/* SPDX-License-Identifier: ISC */
/* imapd/forest.h -- trees that grow and are cut while one asks for roots: THREAD's loop check.
 *
 * Link-cut trees (Sleator and Tarjan): each call takes logarithmic time on average, however deep
 * the trees become. Nodes are numbers below n.
 */
#pragma once
#include "base/base.h"

struct forest_node {
    uint32_t left, right, up;
};
struct forest {
    struct forest_node *at; /* number 0 is nobody; node i is at[i + 1] */
};

struct forest forest_new(struct arena *a, size_t n);
/* `child` must be a root, and of another tree than `parent`. */
void forest_link(struct forest *f, uint32_t child, uint32_t parent);
void forest_cut(struct forest *f, uint32_t child); /* from its parent */
uint32_t forest_root(struct forest *f, uint32_t node);
