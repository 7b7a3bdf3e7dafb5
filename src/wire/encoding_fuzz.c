/* SPDX-License-Identifier: ISC */
/* Coding and decoding give back what went in, wherever the input is cut. */
#include "wire/encoding.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void base64_both(str in, size_t piece)
{
    auto_buf struct buf whole, cut, back, plain;
    buf_init(&whole, in.n * 2 + 100);
    buf_init(&cut, in.n * 2 + 100);
    buf_init(&back, in.n + 10);
    buf_init(&plain, in.n * 2 + 100);
    struct base64_encoder w = {0}, c = {0};
    base64_encode_feed(&w, &whole, in, S("\r\n"));
    base64_encode_end(&w, &whole, S("\r\n"));
    for (size_t i = 0; i < in.n; i += piece)
        base64_encode_feed(&c, &cut, str_slice(in, i, i + piece), S("\r\n"));
    base64_encode_end(&c, &cut, S("\r\n"));
    assert(str_eq(buf_str(&whole), buf_str(&cut)));
    struct base64_decoder d = {0};
    base64_decode_feed(&d, &back, buf_str(&whole));
    base64_decode_end(&d, &back);
    assert(str_eq(buf_str(&back), in));
    base64_encode(&plain, in);
    buf_reset(&back);
    err e = base64_decode(&back, buf_str(&plain));
    assert(!failed(e) && str_eq(buf_str(&back), in));
}

static void qp_both(str in, size_t piece, enum qp_mode mode)
{
    auto_buf struct buf coded, back, cut;
    buf_init(&coded, in.n * 4 + 100);
    buf_init(&back, in.n * 4 + 100);
    buf_init(&cut, in.n * 4 + 100);
    struct qp_encoder e = {0};
    for (size_t i = 0; i < in.n; i += piece)
        qp_encode_feed(&e, &coded, str_slice(in, i, i + piece), mode, S("\n"));
    qp_encode_end(&e, &coded, S("\n"));
    str rest = buf_str(&coded), line;
    while (str_line(&rest, &line))
        assert(line.n <= 76);
    struct qp_decoder d = {0};
    qp_decode_feed(&d, &back, buf_str(&coded));
    qp_decode_end(&d, &back);
    if (mode == QP_BINARY)
        assert(str_eq(buf_str(&back), in));
    struct qp_decoder whole = {0}, pieces = {0};
    buf_reset(&back);
    qp_decode_feed(&whole, &back, in);
    qp_decode_end(&whole, &back);
    for (size_t i = 0; i < in.n; i += piece)
        qp_decode_feed(&pieces, &cut, str_slice(in, i, i + piece));
    qp_decode_end(&pieces, &cut);
    assert(str_eq(buf_str(&back), buf_str(&cut)) && back.n <= in.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    str in = str_of(data + 1, size - 1);
    size_t piece = data[0] % 16 + 1U;
    base64_both(in, piece);
    qp_both(in, piece, QP_TEXT);
    qp_both(in, piece, QP_BINARY);
    auto_buf struct buf b, back;
    buf_init(&b, size * 2);
    buf_init(&back, size * 2);
    err e = base64_decode(&b, in);
    if (!failed(e)) {
        base64_encode(&back, buf_str(&b));
        assert(str_eq(buf_str(&back), in)); /* one spelling only */
    }
    buf_reset(&b);
    e = hex_decode(&b, in);
    assert(failed(e) || b.n * 2 == in.n);
    buf_reset(&b);
    buf_reset(&back);
    hex_encode(&b, in);
    e = hex_decode(&back, buf_str(&b));
    assert(!failed(e) && str_eq(buf_str(&back), in));
    return 0;
}
