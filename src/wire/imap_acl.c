/* SPDX-License-Identifier: ISC */
#include "wire/imap_acl.h"

static err mailbox_and_identifier(struct imap_reader *r, struct imap_acl_args *ret)
{
    err e = imap_mailbox(r, &ret->mailbox);
    if (!failed(e))
        e = imap_space(r);
    if (!failed(e))
        e = imap_astring(r, &ret->identifier);
    if (!failed(e) && (ret->identifier.n == 0 || ret->identifier.n > ACL_NAME_MAX))
        e = err_new(ERR_SYNTAX, "an identifier is expected");
    return e;
}

err imap_acl_args(struct imap_reader *r, struct imap_acl_args *ret)
{
    struct imap_acl_args a = {0};
    err e = mailbox_and_identifier(r, &a);
    if (!failed(e))
        e = imap_end(r);
    if (failed(e))
        return e;
    *ret = a;
    return OK_ERR;
}

err imap_setacl_args(struct imap_reader *r, struct imap_acl_args *ret)
{
    struct imap_acl_args a = {0};
    str rights = {0};
    err e = mailbox_and_identifier(r, &a);
    if (!failed(e))
        e = imap_space(r);
    if (!failed(e))
        e = imap_astring(r, &rights);
    if (!failed(e))
        e = imap_end(r);
    if (failed(e))
        return e;
    a.op = str_skip(&rights, S("+")) ? ACL_ADD : str_skip(&rights, S("-")) ? ACL_REMOVE : ACL_SET;
    e = acl_letters(rights, &a.rights); /* RFC 4314 3.1: BAD for what is no right */
    if (failed(e))
        return e;
    *ret = a;
    return OK_ERR;
}
