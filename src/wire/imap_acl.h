/* SPDX-License-Identifier: ISC */
/* wire/imap_acl.h -- what SETACL, DELETEACL, GETACL, LISTRIGHTS and MYRIGHTS ask for: RFC 4314 3.
 * GETACL and MYRIGHTS take a mailbox (imap_mailbox_arg()).
 */
#pragma once
#include "wire/acl.h"
#include "wire/imap_command.h"

struct imap_acl_args {
    str mailbox, identifier;
    enum acl_op op;  /* SETACL */
    unsigned rights; /* SETACL: enum acl_right, together */
};
err imap_setacl_args(struct imap_reader *r, struct imap_acl_args *ret);
/* Of DELETEACL and LISTRIGHTS: a mailbox and an identifier. */
err imap_acl_args(struct imap_reader *r, struct imap_acl_args *ret);
