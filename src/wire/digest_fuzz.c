/* SPDX-License-Identifier: ISC */
/* The bytes as a message: its digest renders as the message itself does. The bytes as a digest:
 * whatever comes out can be walked. */
#include "wire/digest.h"

#include <assert.h>
#include <string.h>

#include "wire/header.h"
#include "wire/imap_write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void render(struct buf *out, struct arena *scratch, const struct envelope *e,
                   const struct mime_part *root)
{
    imap_write_envelope(out, e);
    imap_write_structure(out, scratch, root, true);
}

static void as_digest(struct arena *a, struct arena *scratch, str in)
{
    struct mail_digest d;
    struct envelope e;
    struct mime_part *root;
    auto_buf struct buf out;
    buf_init(&out, IMAP_ANSWER_MAX);
    if (failed(digest_open(in, &d)) || failed(digest_envelope(&d, a, &e)) ||
        failed(digest_structure(&d, a, &root)))
        return;
    render(&out, scratch, &e, root);
    (void)digest_attach(root, in);
}

static void as_message(struct arena *a, struct arena *scratch, str in)
{
    static const struct digest_id id = {.at = "sixteen octets.."};
    auto_buf struct buf blob, want, got;
    buf_init(&blob, DIGEST_MAX);
    buf_init(&want, IMAP_ANSWER_MAX);
    buf_init(&got, IMAP_ANSWER_MAX);
    assert(!failed(digest_make(&blob, a, in, &id)));
    arena_reset(a);
    struct mime_part *root = mime_parse(a, in);
    struct envelope e = envelope_read(a, header_split(in, 0).header);
    render(&want, scratch, &e, root);
    struct mail_digest d;
    struct mime_part *again;
    assert(!failed(digest_open(buf_str(&blob), &d)) && memcmp(&d.id, &id, sizeof id) == 0);
    assert(!failed(digest_envelope(&d, a, &e)) && !failed(digest_structure(&d, a, &again)));
    render(&got, scratch, &e, again);
    assert(str_eq(buf_str(&want), buf_str(&got)));
    assert(!failed(digest_attach(again, in)) && again->header.n == root->header.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    auto_arena struct arena *a = arena_new("fuzz", 4 * MIME_ARENA_MAX);
    auto_arena struct arena *scratch = arena_new("fuzz", 4 * MIME_ARENA_MAX);
    as_digest(a, scratch, str_of(data, size));
    arena_reset(a);
    as_message(a, scratch, str_of(data, size));
    return 0;
}
