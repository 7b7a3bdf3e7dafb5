/* SPDX-License-Identifier: ISC */
/* Every parser takes the same octets; what is accepted, written again and read again must say
 * the same. */
#include "wire/sasl.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void first_again(struct arena *a, str in)
{
    struct sasl_scram_first m, again;
    auto_buf struct buf b;
    buf_init(&b, 4 * SASL_BLOB_MAX);
    err e = sasl_scram_first_parse(a, in, &m);
    if (failed(e))
        return;
    assert(m.gs2_header.n + m.bare.n == in.n);
    e = sasl_scram_first_write(&m, &b);
    assert(!failed(e));
    e = sasl_scram_first_parse(a, buf_str(&b), &again);
    assert(!failed(e) && str_eq(m.user, again.user) && str_eq(m.authzid, again.authzid) &&
           str_eq(m.nonce, again.nonce) && m.binding == again.binding);
}

static void final_again(struct arena *a, str in)
{
    struct sasl_scram_final m, again;
    auto_buf struct buf b;
    buf_init(&b, 4 * SASL_BLOB_MAX);
    err e = sasl_scram_final_parse(a, in, &m);
    if (failed(e))
        return;
    sasl_scram_final_write(&m, &b);
    sasl_scram_proof_write(m.proof, &b);
    e = sasl_scram_final_parse(a, buf_str(&b), &again);
    assert(!failed(e) && str_eq(m.binding, again.binding) && str_eq(m.proof, again.proof));
}

static void challenge_again(struct arena *a, str in)
{
    struct sasl_scram_challenge m, again;
    auto_buf struct buf b;
    buf_init(&b, 4 * SASL_BLOB_MAX);
    err e = sasl_scram_challenge_parse(a, in, &m);
    if (failed(e))
        return;
    sasl_scram_challenge_write(&m, &b);
    e = sasl_scram_challenge_parse(a, buf_str(&b), &again);
    assert(!failed(e) && str_eq(m.salt, again.salt) && m.iterations == again.iterations);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new("fuzz", 1 << 20);
    str in = str_of(data, size);
    struct sasl_plain plain;
    struct sasl_digest digest;
    struct sasl_scram_outcome outcome;
    auto_buf struct buf b;
    buf_init(&b, SASL_BLOB_MAX);
    if (!failed(sasl_plain_parse(in, &plain))) {
        err e = sasl_plain_write(&plain, &b);
        assert(!failed(e) && str_eq(buf_str(&b), in));
    }
    buf_reset(&b);
    if (!failed(sasl_digest_parse(in, &digest))) {
        err e = sasl_digest_write(&digest, &b);
        assert(!failed(e) && str_eq(buf_str(&b), in));
    }
    first_again(a, in);
    final_again(a, in);
    challenge_again(a, in);
    (void)failed(sasl_scram_outcome_parse(a, in, &outcome));
    arena_free(a);
    return 0;
}
