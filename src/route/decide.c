/* SPDX-License-Identifier: ISC */
#include "control/rewrite.h"
#include "route/route.h"

static void deny(struct route_answer *r, enum route_outcome outcome, str text)
{
    r->outcome = outcome;
    r->text = text;
}

/* Later: the mail waits, the client may come again. */
static void defer(struct route_answer *r, err e)
{
    deny(r, ROUTE_TEMP, str_from(err_text(e)));
}

static bool may_enter(const struct site *s, const struct route_ask *ask, struct route_answer *r)
{
    if (ask->purpose != ROUTE_RCPT || ask->relay)
        return true;
    bool allowed;
    err e = site_rcpthost_allowed(s, ask->address, &allowed);
    if (failed(e))
        defer(r, e);
    else if (!allowed)
        deny(r, ROUTE_DENIED,
             S("sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)"));
    return !failed(e) && allowed;
}

/* A user's own address exists; any other needs a .qmail file that answers for it. What cannot
 * be told now is taken: the delivery will look again, as the user. */
static void check_exists(struct view *v, struct arena *a, struct route_answer *r)
{
    if (r->dash.n == 0)
        return;
    err e = homes_enter(v->homes, r->home);
    if (failed(e)) {
        if (is_temporary(e))
            defer(r, e);
        else
            deny(r, ROUTE_NO_USER, S(DOTQMAIL_NO_MAILBOX_TEXT));
        return;
    }
    struct dotqmail_files files = homes_files(v->homes);
    struct dotqmail_found found;
    dotqmail_find(r->dash, r->ext, &files, a, &found);
    homes_leave(v->homes);
    if (found.outcome == DOTQMAIL_NO_MAILBOX)
        deny(r, ROUTE_NO_USER, str_from(found.text));
}

void route_decide(struct view *v, const struct route_ask *ask, struct arena *a,
                  struct route_answer *ret)
{
    *ret = (struct route_answer){.address = ask->address};
    if (!may_enter(v->site, ask, ret))
        return;
    struct rewritten w;
    rewrite_address(v->site, ask->address, a, &w);
    ret->address = w.address;
    ret->host = w.host;
    ret->outcome = ROUTE_REMOTE;
    if (!w.local)
        return;
    ret->local = w.user;
    ret->strip = w.prefix;
    struct owner o;
    err e = owner_find(v->site->users_cdb, w.user, &v->accounts, a, &o);
    if (failed(e)) {
        defer(ret, e);
        return;
    }
    ret->outcome = ROUTE_LOCAL;
    ret->user = o.user;
    ret->uid = o.uid;
    ret->gid = o.gid;
    ret->home = o.home;
    ret->dash = o.dash;
    ret->ext = o.ext;
    if (ask->purpose == ROUTE_RCPT)
        check_exists(v, a, ret);
}
