/* SPDX-License-Identifier: ISC */
/* ipc/codec.h -- the one codec of all requests between our programs.
 *
 * A message is a C struct with a table beside it that names each field; the same table
 * encodes and decodes. On the wire (little endian):
 *   u16 version, u16 type, u32 id, then the fields in table order:
 *   u32: 4 bytes; u64: 8 bytes; str: u32 length and the bytes.
 * Decoding is total: wrong version, type, length, or anything left over is ERR_SYNTAX, a
 * string longer than its stated maximum ERR_LIMIT. Decoded strings are views into the packet.
 */
#pragma once
#include "base/base.h"

enum { IPC_VERSION = 1, IPC_HEADER = 8 };

enum ipc_kind { IPC_U32, IPC_U64, IPC_STR };

struct ipc_field {
    const char *name;
    enum ipc_kind kind;
    uint16_t offset;
    uint32_t max; /* bytes of a str */
};

struct ipc_schema {
    uint16_t type; /* enum ipc_type */
    const char *name;
    const struct ipc_field *fields;
    size_t n_fields;
};

#define IPC_KIND_OF(m) _Generic((m), uint32_t : IPC_U32, uint64_t : IPC_U64, str : IPC_STR)
/* Fields of struct T. Numbers take no maximum; a str states its own in bytes. */
#define IPC_NUM(T, m)                                                                              \
    {                                                                                              \
#m, IPC_KIND_OF(((T *)0)->m), offsetof(T, m), 0                                            \
    }
#define IPC_TEXT(T, m, max_bytes)                                                                  \
    {                                                                                              \
#m, IPC_KIND_OF(((T *)0)->m), offsetof(T, m), (max_bytes)                                  \
    }
#define IPC_SCHEMA(t, n, table)                                                                    \
    {                                                                                              \
        .type = (t), .name = (n), .fields = (table),                                               \
        .n_fields = sizeof(table) / sizeof((table)[0])                                             \
    }

err ipc_encode(const struct ipc_schema *m, uint32_t id, const void *s, struct buf *out);
/* The same, but the contents of the first text of IPC_LARGE_FROM octets or more stay where they
 * are: they belong at octet `at` of what is written. n 0: there is none. */
enum { IPC_LARGE_FROM = 4096 };
struct ipc_large {
    str text;
    size_t at;
};
err ipc_encode_around(const struct ipc_schema *m, uint32_t id, const void *s, struct buf *out,
                      struct ipc_large *ret_large);
size_t ipc_size(const struct ipc_schema *m, const void *s); /* octets that encoding it makes */
/* A bundle: its own header, then packets, each behind its u32 length. No descriptors, and no
 * bundle within a bundle. */
void ipc_bundle_begin(struct buf *out);
err ipc_bundle_add(struct buf *out, const struct ipc_schema *m, uint32_t id, const void *s);
/* Takes one packet off the front of what follows a bundle's header. */
err ipc_bundle_next(str *rest, str *ret_packet);
/* The header alone; ERR_SYNTAX for another version or a short packet. */
err ipc_peek(str packet, uint16_t *ret_type, uint32_t *ret_id);
err ipc_decode(const struct ipc_schema *m, str packet, void *ret_s);
