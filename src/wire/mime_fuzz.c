/* SPDX-License-Identifier: ISC */
/* Every part lies within its parent, its sizes are those measured, its section path finds it. */
#include "wire/mime.h"

#include <assert.h>
#include <string.h>

#include "wire/crlf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t parts;

static void check(const struct mime_part *root, const struct mime_part *p, str within,
                  uint32_t *path, size_t n)
{
    parts++;
    assert(p->depth <= MIME_DEPTH_MAX + 1);
    const char *end = within.p + within.n;
    /* an empty line may end a header and belong to the parent's boundary: CRLF at most */
    assert(p->header.n == 0 || (p->header.p >= within.p && p->header.p + p->header.n <= end + 2));
    assert(p->body.n == 0 || (p->body.p >= within.p && p->body.p + p->body.n <= end));
    struct crlf_count c = crlf_measure(p->header);
    assert(c.octets == p->header_octets && c.lines == p->header_lines);
    c = crlf_measure(p->body);
    assert(c.octets == p->body_octets && c.lines == p->body_lines);
    assert(p->type.n > 0 && p->subtype.n > 0 && p->encoding.n > 0);
    assert((p->kind == MIME_LEAF) == (p->children == NULL));
    assert(p->kind != MIME_MESSAGE || p->child_count == 1);
    unsigned number = 0;
    for (const struct mime_part *k = p->children; k; k = k->next) {
        assert(k->parent == p && k->number == ++number);
        /* numbers are given to parts of multiparts, and to the body of a message that is none */
        size_t m = n;
        bool counted = p->kind == MIME_MULTIPART || k->kind != MIME_MULTIPART;
        if (counted)
            path[m++] = k->number;
        if (p->kind == MIME_MULTIPART)
            assert(mime_find(root, path, m) == k);
        check(root, k, p->body, path, m);
    }
    assert(number == p->child_count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    auto_arena struct arena *a = arena_new("fuzz", MIME_ARENA_MAX);
    str in = str_of(data, size);
    struct mime_part *root = mime_parse(a, in);
    uint32_t path[2 * MIME_DEPTH_MAX + 4];
    parts = 0;
    check(root, root, in, path, root->kind == MIME_MESSAGE ? (path[0] = 1, 1U) : 0);
    assert(parts <= 2 * MIME_PARTS_MAX && root->header.n + root->body.n == size);
    for (enum mime_section s = MIME_ALL; s <= MIME_MIME; s++) {
        struct mime_text t;
        if (!failed(mime_text(root, path, 0, s, &t)))
            assert(t.octets == crlf_measure(t.text).octets);
    }
    return 0;
}
