/* SPDX-License-Identifier: ISC */
#include "ipc/codec.h"

#include <string.h>

#include "ipc/types.h"

static void put(struct buf *b, uint64_t v, size_t bytes)
{
    char le[8];
    for (size_t i = 0; i < bytes; i++)
        le[i] = (char)(v >> (8 * i) & 0xff);
    buf_add(b, str_of(le, bytes));
}

static bool get(str *in, size_t bytes, uint64_t *ret_v)
{
    if (in->n < bytes)
        return false;
    uint64_t v = 0;
    for (size_t i = 0; i < bytes; i++)
        v |= (uint64_t)(unsigned char)in->p[i] << (8 * i);
    *in = str_from_at(*in, bytes);
    *ret_v = v;
    return true;
}

static void put_text(struct buf *out, str text, struct ipc_large *large)
{
    put(out, text.n, 4);
    if (large && large->text.n == 0 && text.n >= IPC_LARGE_FROM)
        *large = (struct ipc_large){.text = text, .at = out->n};
    else
        buf_add(out, text);
}

err ipc_encode(const struct ipc_schema *m, uint32_t id, const void *s, struct buf *out)
{
    return ipc_encode_around(m, id, s, out, NULL);
}

err ipc_encode_around(const struct ipc_schema *m, uint32_t id, const void *s, struct buf *out,
                      struct ipc_large *ret_large)
{
    put(out, IPC_VERSION, 2);
    put(out, m->type, 2);
    put(out, id, 4);
    for (size_t i = 0; i < m->n_fields; i++) {
        const struct ipc_field *f = &m->fields[i];
        const char *at = (const char *)s + f->offset;
        uint32_t u32;
        uint64_t u64;
        str text;
        switch (f->kind) {
        case IPC_U32:
            memcpy(&u32, at, sizeof u32);
            put(out, u32, 4);
            break;
        case IPC_U64:
            memcpy(&u64, at, sizeof u64);
            put(out, u64, 8);
            break;
        case IPC_STR:
            memcpy(&text, at, sizeof text);
            if (text.n > f->max)
                return err_new(ERR_LIMIT, f->name);
            put_text(out, text, ret_large);
            break;
        }
    }
    return buf_check(out, "packet");
}

size_t ipc_size(const struct ipc_schema *m, const void *s)
{
    size_t n = IPC_HEADER;
    for (size_t i = 0; i < m->n_fields; i++) {
        const struct ipc_field *f = &m->fields[i];
        str text = {0};
        if (f->kind == IPC_STR)
            memcpy(&text, (const char *)s + f->offset, sizeof text);
        n += f->kind == IPC_U64 ? 8 : 4 + text.n;
    }
    return n;
}

void ipc_bundle_begin(struct buf *out)
{
    put(out, IPC_VERSION, 2);
    put(out, IPC_BUNDLE, 2);
    put(out, 0, 4);
}

err ipc_bundle_add(struct buf *out, const struct ipc_schema *m, uint32_t id, const void *s)
{
    size_t before = out->n;
    put(out, ipc_size(m, s), 4);
    err e = ipc_encode(m, id, s, out);
    if (failed(e))
        out->n = before; /* the others are whole */
    return e;
}

err ipc_bundle_next(str *rest, str *ret_packet)
{
    uint64_t n;
    uint16_t type;
    uint32_t id;
    str in = *rest;
    if (!get(&in, 4, &n) || n > in.n)
        return err_new(ERR_SYNTAX, "bundle ends early");
    str packet = str_slice(in, 0, (size_t)n);
    err e = ipc_peek(packet, &type, &id);
    if (failed(e))
        return e;
    if (type == IPC_BUNDLE)
        return err_new(ERR_SYNTAX, "bundle within a bundle");
    *ret_packet = packet;
    *rest = str_from_at(in, (size_t)n);
    return OK_ERR;
}

err ipc_peek(str packet, uint16_t *ret_type, uint32_t *ret_id)
{
    uint64_t version, type, id;
    if (!get(&packet, 2, &version) || !get(&packet, 2, &type) || !get(&packet, 4, &id))
        return err_new(ERR_SYNTAX, "packet is too short");
    if (version != IPC_VERSION)
        return err_new(ERR_SYNTAX, "packet of another version");
    *ret_type = (uint16_t)type;
    *ret_id = (uint32_t)id;
    return OK_ERR;
}

static err decode_field(const struct ipc_field *f, str *in, char *at)
{
    uint64_t v;
    if (!get(in, f->kind == IPC_U64 ? 8 : 4, &v))
        return err_new(ERR_SYNTAX, "packet ends early");
    if (f->kind == IPC_U64) {
        memcpy(at, &v, sizeof v);
        return OK_ERR;
    }
    if (f->kind == IPC_U32) {
        uint32_t u32 = (uint32_t)v;
        memcpy(at, &u32, sizeof u32);
        return OK_ERR;
    }
    if (v > f->max)
        return err_new(ERR_LIMIT, f->name);
    if (v > in->n)
        return err_new(ERR_SYNTAX, "packet ends early");
    str text = str_slice(*in, 0, (size_t)v);
    memcpy(at, &text, sizeof text);
    *in = str_from_at(*in, (size_t)v);
    return OK_ERR;
}

err ipc_decode(const struct ipc_schema *m, str packet, void *ret_s)
{
    uint16_t type;
    uint32_t id;
    err e = ipc_peek(packet, &type, &id);
    if (failed(e))
        return e;
    if (type != m->type)
        return err_new(ERR_SYNTAX, "packet of another type");
    str in = str_from_at(packet, IPC_HEADER);
    for (size_t i = 0; i < m->n_fields; i++) {
        e = decode_field(&m->fields[i], &in, (char *)ret_s + m->fields[i].offset);
        if (failed(e))
            return e;
    }
    return in.n ? err_new(ERR_SYNTAX, "packet is too long") : OK_ERR;
}
