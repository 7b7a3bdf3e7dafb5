/* SPDX-License-Identifier: ISC */
/* people/registry.h -- the registrations: who may have which account, and how it came about.
 *
 * ROOT/var/lib/twinpost/gate/registry.db (SQLite, every commit synced) is the truth; one
 * writer at a time, the commands that run as root. A card's every change is one transaction
 * with its line in the audit log and the letters it causes, so that none of the three is ever
 * missing; then the card is exported as text below $DB_BASE. What a crash left unexported or
 * unsent is done at the next opening or flush. Refusals are in the audit log, too.
 */
#pragma once
#include "people/card.h"
#include "people/gate_conf.h"
#include "people/letter.h"
#include "people/states.h"

struct registry;

/* Whom letters come from, and where local people read: the house's own words. */
struct registry_post {
    str host;  /* domain of local users and of Message-IDs */
    str admin; /* the sender's address */
};

err registry_open(int root_dir, const struct gate_settings *settings,
                  const struct registry_post *post, struct registry **ret);
/* Only looks: nothing is made, nothing exported. ERR_NOTFOUND: there are no registrations. */
err registry_open_to_read(int root_dir, const struct gate_settings *settings,
                          struct registry **ret);
void registry_close(struct registry *r); /* NULL is fine */

struct reg_act {
    enum reg_event event;
    bool host; /* IP mode: a host's card */
    str login;
    str actor;                 /* who asks: a login; "gate": the administrator */
    const struct card *fields; /* APPLY: all; CHANGE: what is to be set (others: p == NULL) */
    str reason;
    int64_t now;
};

/* ERR_NOTFOUND: no such card. ERR_DENIED: the table, the actor or the name does not allow it.
 * ERR_SYNTAX: a field is wrong, *ret_key says which (CARD_KEYS: none in particular). */
err registry_act(struct registry *r, const struct reg_act *act, struct arena *a,
                 struct card *ret_card, enum card_key *ret_key);
err registry_find(struct registry *r, bool host, str login, struct arena *a, struct card *ret);
/* Every card, by login. The card lives for the call. */
err registry_each(struct registry *r, bool host, err (*each)(void *ctx, const struct card *card),
                  void *ctx);
/* An account that the host has already: becomes an accepted card. */
err registry_adopt(struct registry *r, str login, uint32_t uid, str name, int64_t now);
/* Reminds, warns, retires what is due. */
err registry_daily(struct registry *r, int64_t now, struct arena *a);
/* The host has what the cards say: `changed` becomes accepted, orders about keys are done. */
err registry_settle(struct registry *r, int64_t now, struct arena *a);

/* Letters that wait: the oldest first. A failure of `send` stops and keeps the letter. */
err registry_flush(struct registry *r, err (*send)(void *ctx, str recipient, str message),
                   void *ctx);

struct audit_line {
    int64_t at;
    str actor, login, event, outcome, detail;
};
/* The last `n` lines about `login` (empty: about all), oldest first. */
err registry_audit(struct registry *r, str login, unsigned n,
                   err (*each)(void *ctx, const struct audit_line *l), void *ctx);
err registry_note(struct registry *r, const struct audit_line *l); /* a refusal elsewhere */
uint64_t registry_generation(struct registry *r);                  /* grows with every change */
/* A consistent copy for the other hosts: a file that is not there yet. */
err registry_copy(struct registry *r, const char *path);
