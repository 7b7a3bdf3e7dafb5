/* SPDX-License-Identifier: ISC */
/* store/attributes.h -- what is kept about a folder and cannot be derived: IMAP's METADATA and what
 * the folder is for.
 *
 * One plain file in the folder's own directory, replaced whole and durably; it moves and goes with
 * the folder. The keeper is its only writer. First line "twinpost-attributes 1"; then for each
 * attribute its name, a space, the value's length in decimal, ":", the value's octets, LF. Names
 * are compared in any case. A file that is damaged keeps what is before the damage.
 */
#pragma once
#include "base/base.h"

#define ATTRIBUTES_FILE "twinpost-attributes"
#define ATTRIBUTES_SERVER_FILE "twinpost-attributes-server" /* in the root: of no folder */
#define ATTRIBUTES_USE "/private/specialuse"                /* RFC 6154 5.4: "\Sent \Trash" */

enum {
    ATTRIBUTES_MAX = 128, /* of one folder */
    ATTRIBUTES_NAME_MAX = 512,
    ATTRIBUTES_VALUE_MAX = 32 * 1024,
    ATTRIBUTES_FILE_MAX = 1024 * 1024,
};

struct attribute {
    str name;
    str value; /* p NULL, in a change: it goes */
};
struct attributes {
    struct attribute at[ATTRIBUTES_MAX];
    size_t n;
};
/* Views into `text`. */
void attributes_parse(str text, struct attributes *ret);
void attributes_write(const struct attributes *all, struct buf *b);
/* All of the changes or none. ERR_LIMIT: too many, or one too long. */
err attributes_merge(struct attributes *all, const struct attribute *changes, size_t n);

/* A missing file holds nothing. */
err attributes_read(int dir, const char *path, struct arena *a, struct attributes *ret);
err attributes_change(int dir, const char *path, const struct attribute *changes, size_t n);
