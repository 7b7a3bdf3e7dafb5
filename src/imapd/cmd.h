/* SPDX-License-Identifier: ISC */
/* imapd/cmd.h -- the commands, one file each (cmd_fetch.c, …); their table is commands.c. */
#pragma once
#include "imapd/session.h"

#define CMD(name)                                                                                  \
    struct reply cmd_##name(struct session *s, const struct imap_head *head,                       \
                            struct imap_reader *args)

/* any phase */
CMD(capability);
CMD(noop);
CMD(logout);
CMD(id);
/* before the login */
CMD(starttls);
CMD(authenticate);
CMD(login);
/* after it */
CMD(enable);
CMD(select);
CMD(examine);
CMD(create);
CMD(delete);
CMD(rename);
CMD(subscribe);
CMD(unsubscribe);
CMD(list);
CMD(lsub);
CMD(namespace);
CMD(status);
CMD(getquota);
CMD(getquotaroot);
CMD(setquota);
CMD(getmetadata);
CMD(setmetadata);
CMD(append);
CMD(replace);
CMD(notify);
CMD(setacl);
CMD(deleteacl);
CMD(getacl);
CMD(listrights);
CMD(myrights);
CMD(compress);
CMD(idle);
/* in a mailbox */
CMD(check);
CMD(close);
CMD(unselect);
CMD(expunge);
CMD(search);
CMD(sort);
CMD(cancelupdate);
CMD(thread);
CMD(fetch);
CMD(store);
CMD(copy);
CMD(move);
