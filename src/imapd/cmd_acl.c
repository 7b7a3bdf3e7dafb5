/* SPDX-License-Identifier: ISC */
/* SETACL, DELETEACL, GETACL, LISTRIGHTS, MYRIGHTS: RFC 4314 3. */
#include "imapd/cmd.h"
#include "imapd/names.h"
#include "imapd/rights.h"
#include "imapd/shared.h"
#include "wire/imap_acl.h"
#include "wire/imap_write.h"

static void begin(struct session *s, struct buf *b, const char *word, str mailbox)
{
    buf_init(b, ACL_FILE_MAX * 2);
    buf_addf(b, "* %s ", word);
    names_write(s, b, mailbox);
}

static void end(struct session *s, struct buf *b)
{
    buf_add(b, S("\r\n"));
    say_bytes(s, buf_str(b));
    buf_done(b);
}

static void write_rights(struct buf *b, unsigned rights)
{
    auto_buf struct buf letters;
    buf_init(&letters, 64);
    acl_letters_write(rights, ACL_LETTERS_OBSOLETE, &letters);
    imap_write_astring(b, buf_str(&letters));
}

/* ---- changing ---- */

static struct reply change(struct session *s, struct imap_acl_args *q)
{
    struct place at;
    struct acl_entry entry;
    err e = names_in(s, &q->mailbox);
    if (failed(e))
        return reply_bad(e);
    e = shared_place(s, q->mailbox, &at);
    if (failed(e))
        return reply_store(s, e, NULL);
    if (failed(acl_identifier(q->identifier, at.owner, &entry)))
        return reply_no("CANNOT", "That is nobody who can have rights");
    entry.rights = q->rights;
    e = store_set_acl(at.store, at.name, &entry, q->op);
    return failed(e) ? reply_store(s, e, NULL) : reply_ok("Changed");
}

CMD(setacl)
{
    (void)head;
    struct imap_acl_args q;
    err e = imap_setacl_args(args, &q);
    return failed(e) ? reply_bad(e) : change(s, &q);
}

/* What an identifier was given, and with "-" before it what it was denied (3.2). */
CMD(deleteacl)
{
    (void)head;
    struct imap_acl_args q;
    err e = imap_acl_args(args, &q);
    if (failed(e))
        return reply_bad(e);
    q.op = ACL_SET;
    return change(s, &q);
}

/* ---- asking ---- */

static void write_entries(struct buf *b, const struct acl *acl, str owner)
{
    bool told = false;
    for (size_t i = 0; i < acl->n; i++)
        told |= acl->at[i].kind == ACL_OWNER && !acl->at[i].negative;
    if (!told) { /* he has them without a line */
        buf_addc(b, ' ');
        imap_write_astring(b, owner);
        buf_addc(b, ' ');
        write_rights(b, ACL_ALL);
    }
    for (size_t i = 0; i < acl->n; i++) {
        auto_buf struct buf name;
        buf_init(&name, ACL_NAME_MAX + 8);
        acl_identifier_write(&acl->at[i], owner, &name);
        buf_addc(b, ' ');
        imap_write_astring(b, buf_str(&name));
        buf_addc(b, ' ');
        write_rights(b, acl->at[i].rights);
    }
}

static err mailbox_of(struct session *s, struct imap_reader *args, str *ret)
{
    err e = imap_mailbox_arg(args, ret);
    return failed(e) ? e : names_in(s, ret);
}

CMD(getacl)
{
    (void)head;
    str mailbox = {0};
    struct place at;
    struct acl *acl;
    err e = mailbox_of(s, args, &mailbox);
    if (failed(e))
        return reply_bad(e);
    e = shared_place(s, mailbox, &at);
    if (!failed(e))
        e = store_acl(at.store, at.name, s->arena, &acl);
    if (failed(e))
        return reply_store(s, e, NULL);
    struct buf b;
    begin(s, &b, "ACL", mailbox);
    write_entries(&b, acl, at.owner);
    end(s, &b);
    return reply_ok("Told");
}

/* 3.4: what an identifier always has, then what can be given, each right for itself; and the
 * obsolete two, each tied to nothing (2.1.1). */
CMD(listrights)
{
    (void)head;
    struct imap_acl_args q;
    struct place at;
    struct acl_entry entry;
    unsigned mine = 0;
    err e = imap_acl_args(args, &q);
    if (!failed(e))
        e = names_in(s, &q.mailbox);
    if (failed(e))
        return reply_bad(e);
    e = shared_place(s, q.mailbox, &at);
    if (!failed(e))
        e = store_rights(at.store, at.name, &mine);
    if (failed(e))
        return reply_store(s, e, NULL);
    if (!(mine & ACL_ADMIN))
        return reply_no(mine & ACL_LOOKUP ? "NOPERM" : "NONEXISTENT",
                        "You do not administer that mailbox");
    if (failed(acl_identifier(q.identifier, at.owner, &entry)))
        return reply_no("CANNOT", "That is nobody who can have rights");
    bool owner = entry.kind == ACL_OWNER && !entry.negative;
    struct buf b;
    begin(s, &b, "LISTRIGHTS", q.mailbox);
    buf_addc(&b, ' ');
    imap_write_astring(&b, q.identifier);
    buf_add(&b, owner ? S(" la r w s t i p e k x c d") : S(" \"\" l r w s t i p e k x a c d"));
    end(s, &b);
    return reply_ok("Told");
}

err rights_say(struct session *s, str mailbox)
{
    struct place at;
    unsigned rights = 0;
    err e = shared_place(s, mailbox, &at);
    if (!failed(e))
        e = store_rights(at.store, at.name, &rights);
    if (failed(e))
        return e;
    struct buf b;
    begin(s, &b, "MYRIGHTS", mailbox);
    buf_addc(&b, ' ');
    write_rights(&b, rights);
    end(s, &b);
    return OK_ERR;
}

CMD(myrights)
{
    (void)head;
    str mailbox = {0};
    err e = mailbox_of(s, args, &mailbox);
    if (failed(e))
        return reply_bad(e);
    e = rights_say(s, mailbox);
    return failed(e) ? reply_store(s, e, NULL) : reply_ok("Told");
}
