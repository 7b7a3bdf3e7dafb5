/* SPDX-License-Identifier: ISC */
/* relay/relay.h -- outbound deliveries: one worker, one job after another.
 *
 * Jobs come from sched over ipc/work.h, a worker's all for one destination; the connection is
 * kept between them and for a short while after. Where a message goes is decided here
 * (smtproutes, MX); how is client/remote.h. Dead hosts are remembered in
 * ROOT/var/lib/twinpost/relay/tcpto, whose only writers are the relays (client/deadhosts.h).
 *
 * A result's `recipients` hold what each refused one is to be told, complete: the words that
 * qmail-rspawn would have added from the whole report are in it already.
 */
#pragma once
#include "client/outbound.h"
#include "control/site.h"
#include "ipc/boot.h"
#include "ipc/work.h"

struct relay {
    struct boot *boot;
    struct channel *sched;
    str archive; /* the mapped site */
    struct arena *site_arena, *job_arena;
    struct site site;
    struct outbound outbound;
    struct remote *remote;
};

err relay_open(struct relay *r, struct boot *boot); /* opens every file there is to open */
err relay_run(struct relay *r);                     /* until sched closes the channel */
void relay_close(struct relay *r);
