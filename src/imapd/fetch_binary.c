/* SPDX-License-Identifier: ISC */
/* How it works: the part is decoded twice, piece by piece: once to know how long it is and whether
 * NULs are in it (then it is a literal8), once to send it. So no part takes memory for its size. */
#include "imapd/fetch_binary.h"

#include "wire/encoding.h"

enum { PIECE = 32 * 1024 };

enum encoded { AS_IT_IS, BASE64, QUOTED, UNKNOWN };
struct decoding {
    enum encoded how;
    str text; /* as it lies on disk */
};

struct pass {
    uint64_t octets; /* so far */
    bool nul;
    uint64_t from, to;  /* what is wanted of it */
    struct fetch *sink; /* NULL: only counted */
};

static err take(struct pass *p, str piece)
{
    p->nul |= p->sink == NULL && str_find(piece, '\0') >= 0;
    uint64_t start = p->octets;
    p->octets += piece.n;
    if (p->sink == NULL || p->octets <= p->from || start >= p->to)
        return OK_ERR;
    size_t skip = start < p->from ? (size_t)(p->from - start) : 0;
    size_t end = p->octets > p->to ? (size_t)(p->to - start) : piece.n;
    buf_add(&p->sink->out, str_slice(piece, skip, end));
    return p->sink->out.n >= PIECE ? fetch_send(p->sink) : OK_ERR;
}

/* Decoders see the text as it crosses the wire: a line end that quoted-printable keeps is CRLF. */
static err decode(const struct decoding *d, struct pass *p)
{
    struct crlf_cursor c;
    struct base64_decoder b64 = {0};
    struct qp_decoder qp = {0};
    auto_buf struct buf in, out;
    buf_init(&in, PIECE + 16);
    buf_init(&out, 4 * PIECE);
    crlf_open(&c, d->text);
    err e = OK_ERR;
    size_t got = 1;
    while (got > 0 && !failed(e)) {
        buf_reset(&in);
        buf_reset(&out);
        got = crlf_read(&c, &in, PIECE);
        str piece = buf_str(&in);
        if (d->how == BASE64)
            got > 0 ? base64_decode_feed(&b64, &out, piece) : base64_decode_end(&b64, &out);
        else if (d->how == QUOTED)
            got > 0 ? qp_decode_feed(&qp, &out, piece) : qp_decode_end(&qp, &out);
        e = take(p, d->how == AS_IT_IS ? piece : buf_str(&out));
    }
    return e;
}

static enum encoded how_encoded(const struct mime_part *p)
{
    str word = str_trim(p->encoding);
    if (p->kind != MIME_LEAF || str_ieq(word, S("7bit")) || str_ieq(word, S("8bit")) ||
        str_ieq(word, S("binary")))
        return AS_IT_IS;
    return str_ieq(word, S("base64"))             ? BASE64
           : str_ieq(word, S("quoted-printable")) ? QUOTED
                                                  : UNKNOWN;
}

static void label(struct fetch *f, const struct imap_section *sec)
{
    if (f->out.n > 0 && f->out.p[f->out.n - 1] != '(')
        buf_addc(&f->out, ' ');
    buf_add(&f->out, sec->label);
    if (sec->partial)
        buf_addf(&f->out, "<%u>", sec->from);
    buf_addc(&f->out, ' ');
}

static bool find(const struct mime_part *root, str message, const struct imap_section *sec,
                 struct decoding *ret)
{
    *ret = (struct decoding){.text = message};
    if (sec->path_n == 0) /* RFC 3516 4.2: a message as a whole is not encoded */
        return true;
    const struct mime_part *p = mime_find(root, sec->path, sec->path_n);
    struct mime_text t;
    err e = mime_text(root, sec->path, sec->path_n, MIME_ALL, &t);
    if (failed(e) || p == NULL)
        return false;
    ret->text = t.text;
    ret->how = how_encoded(p);
    return true;
}

err fetch_binary(struct fetch *f, const struct mime_part *root, str message,
                 const struct imap_section *sec)
{
    struct decoding d;
    label(f, sec);
    bool there = find(root, message, sec, &d);
    f->unknown_encoding |= there && d.how == UNKNOWN;
    if (!there || d.how == UNKNOWN) {
        buf_add(&f->out, sec->binary == IMAP_BINARY_SIZE ? S("0") : S("NIL"));
        return OK_ERR;
    }
    struct pass count = {0};
    err e = decode(&d, &count);
    if (failed(e))
        return e;
    if (sec->binary == IMAP_BINARY_SIZE) {
        buf_addf(&f->out, "%llu", (unsigned long long)count.octets);
        return OK_ERR;
    }
    struct pass send = {.sink = f, .to = count.octets};
    if (sec->partial) {
        send.from = sec->from < count.octets ? sec->from : count.octets;
        send.to = count.octets - send.from > sec->count ? send.from + sec->count : count.octets;
    }
    buf_addf(&f->out, "%s{%llu}\r\n", count.nul ? "~" : "",
             (unsigned long long)(send.to - send.from));
    return decode(&d, &send);
}
