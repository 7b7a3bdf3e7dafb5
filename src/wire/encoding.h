/* SPDX-License-Identifier: ISC */
/* wire/encoding.h -- base64, quoted-printable and hex.
 *
 * Streaming coders take pieces of any size and give the same result for every cut; a zeroed
 * struct is ready to use. Output goes to a buf, whose maximum is the caller's limit.
 */
#pragma once
#include "base/base.h"

/* ---- base64, RFC 4648 4 ---- */
void base64_encode(struct buf *b, str in); /* one line, padded */
/* The whole of `in`, padded, no other octet, no stray bits: what protocols ask for. */
err base64_decode(struct buf *b, str in);

struct base64_encoder {
    uint32_t bits;
    unsigned held, column;
};
/* Lines of 76 characters, ended by `eol` (RFC 2045 6.8); the last line too. */
void base64_encode_feed(struct base64_encoder *e, struct buf *b, str in, str eol);
void base64_encode_end(struct base64_encoder *e, struct buf *b, str eol);

/* Mail as it comes: other octets are skipped, padding ends a group and decoding goes on, a cut
 * last group gives its whole octets. */
struct base64_decoder {
    uint32_t bits;
    unsigned held;
};
void base64_decode_feed(struct base64_decoder *d, struct buf *b, str in);
void base64_decode_end(struct base64_decoder *d, struct buf *b);

/* ---- quoted-printable, RFC 2045 6.7 ---- */
enum qp_mode {
    QP_TEXT,   /* line ends of the input (LF or CRLF) become `eol` */
    QP_BINARY, /* every octet is data */
};
struct qp_encoder {
    unsigned column;
    bool cr;
    char blank; /* a space or tab that may turn out to end its line */
};
void qp_encode_feed(struct qp_encoder *e, struct buf *b, str in, enum qp_mode mode, str eol);
void qp_encode_end(struct qp_encoder *e, struct buf *b, str eol);

/* Tolerant: a bad escape is text. Blanks at line ends go; line ends come out as they came. */
enum { QP_BLANKS_MAX = 80 }; /* more blanks than a legal line holds are text */
struct qp_decoder {
    enum { QP_PLAIN, QP_EQUAL, QP_HEX, QP_SOFT, QP_SOFT_CR } state;
    char first; /* the first hex digit */
    unsigned blanks;
    char held[QP_BLANKS_MAX]; /* blanks whose fate the next octet decides */
};
void qp_decode_feed(struct qp_decoder *d, struct buf *b, str in);
void qp_decode_end(struct qp_decoder *d, struct buf *b);

/* ---- hex ---- */
void hex_encode(struct buf *b, str in); /* lower case */
err hex_decode(struct buf *b, str in);  /* both cases, an even number of digits */
int hex_digit(char c);                  /* 0..15, or -1 */
