/* SPDX-License-Identifier: ISC */
/* wire/acl.h -- who may do what with a mailbox: the rights of RFC 4314, the file `dovecot-acl` in
 * which they are kept, and what they come to for somebody.
 *
 * The file is Dovecot's (its ACL plugin's vfile format): for each line an identifier, a space, the
 * rights; a '-' before the identifier takes rights away. "anyone", "authenticated", "owner",
 * "user=ann", "group=x", "group-override=x"; in double quotes when a space is in it. Rights are the
 * letters of RFC 4314, or after a ':' Dovecot's words for them.
 *
 * What counts, as Dovecot has it: anyone, authenticated, group, owner, user, group-override in this
 * order, each adding what it gives and then taking what it takes. The owner has every right that
 * no "owner" line leaves out, and never loses `l` and `a`. We know nobody's groups: what a group is
 * given nobody gets, and what a group is denied everybody but the owner is denied. A file with a
 * line that cannot be read gives nothing to anybody but the owner.
 */
#pragma once
#include "base/base.h"

enum acl_right {
    ACL_LOOKUP = 1,       /* l */
    ACL_READ = 2,         /* r */
    ACL_WRITE = 4,        /* w: flags other than \Seen and \Deleted */
    ACL_SEEN = 8,         /* s */
    ACL_DELETED = 16,     /* t */
    ACL_INSERT = 32,      /* i */
    ACL_POST = 64,        /* p: kept, means nothing here */
    ACL_EXPUNGE = 128,    /* e */
    ACL_CREATE = 256,     /* k */
    ACL_DELETE_BOX = 512, /* x */
    ACL_ADMIN = 1024,     /* a */
    ACL_ALL = 2047,
    ACL_CHANGES = ACL_WRITE | ACL_SEEN | ACL_DELETED | ACL_INSERT | ACL_EXPUNGE,
};
enum acl_kind { /* in the order they count */
                ACL_ANYONE,
                ACL_AUTHENTICATED,
                ACL_GROUP,
                ACL_OWNER,
                ACL_USER,
                ACL_GROUP_OVERRIDE,
};
enum {
    ACL_ENTRIES_MAX = 256, /* of one mailbox */
    ACL_NAME_MAX = 255,
    ACL_FILE_MAX = 128 * 1024,
};

struct acl_entry {
    enum acl_kind kind;
    bool negative;
    str name; /* of user and group */
    unsigned rights;
};
struct acl {
    struct acl_entry at[ACL_ENTRIES_MAX];
    size_t n;
    bool damaged;
};

/* Names are views into `text`, or copies in the arena where the file has escapes. */
void acl_parse(str text, struct arena *a, struct acl *ret);
void acl_write(const struct acl *acl, struct buf *b);

struct acl_who {
    str name;
    bool is_owner;
};
/* acl NULL: the mailbox has no file; it is its owner's alone. */
unsigned acl_rights(const struct acl *acl, const struct acl_who *who);

enum acl_op { ACL_SET, ACL_ADD, ACL_REMOVE };
/* An entry without rights goes, the owner's excepted. ERR_LIMIT: too many entries. */
err acl_change(struct acl *acl, const struct acl_entry *entry, enum acl_op op);

/* IMAP's spelling: "anyone", "authenticated", "owner" or the owner's own name, "$group", "!$group",
 * else a user; "-" before it. ERR_SYNTAX. `name` is a view. */
err acl_identifier(str text, str owner, struct acl_entry *ret);
void acl_identifier_write(const struct acl_entry *e, str owner, struct buf *b);
/* Letters. RFC 4314 2.1.1: "c" stands for "kx", "d" for "te". ERR_SYNTAX: not a right. */
err acl_letters(str text, unsigned *ret_rights);
/* With obsolete: "c" and "d" as well when something of theirs is there. */
enum acl_letters_style { ACL_LETTERS_NEW, ACL_LETTERS_OBSOLETE };
void acl_letters_write(unsigned rights, enum acl_letters_style style, struct buf *b);
