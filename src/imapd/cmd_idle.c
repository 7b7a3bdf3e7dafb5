/* SPDX-License-Identifier: ISC */
/* RFC 2177. Most of a session's life is spent here: session_wait() gives its memory back. */
#include "imapd/cmd.h"
#include "imapd/notify.h"
#include "imapd/sync.h"
#include "os/clock.h"

/* A word now and then keeps the client's router from forgetting the connection. */
enum { IDLE_WORD_MS = 4 * 60 * 1000, IDLE_LINE_MAX = 1024, IDLE_SURPRISES_MAX = 3 };

static struct reply idle_done(struct session *s)
{
    str line;
    err e = io_read_line(s->io, IDLE_LINE_MAX, session_deadline(s), &line);
    if (e.kind == ERR_LIMIT)
        session_bye(s, "DONE is expected");
    if (failed(e))
        return reply_lost(s);
    if (!str_ieq(str_trim_end(line), S("DONE")))
        return (struct reply){.kind = REPLY_BAD, .text = S("DONE is expected")};
    if (s->phase == PHASE_SELECTED)
        sync_say(s, STORE_SYNC_ALL, 0);
    return s->phase == PHASE_END ? reply_lost(s) : reply_ok("Idle is over");
}

CMD(idle)
{
    (void)head;
    err e = imap_end(args);
    if (failed(e))
        return reply_bad(e);
    say(s, "+ idling\r\n");
    if (s->phase == PHASE_SELECTED)
        sync_say(s, STORE_SYNC_ALL, SYNC_ALWAYS);
    deadline end = deadline_in_ms(s->idle_ms);
    /* Without a mailbox the keeper has an old word to say at most; what goes on is its end. */
    unsigned surprises = 0;
    while (s->phase != PHASE_END) {
        deadline word = deadline_in_ms(IDLE_WORD_MS);
        unsigned ready;
        e = session_wait(s, WAIT_CLIENT_OR_NEWS, word.at_ms < end.at_ms ? word : end, &ready);
        if (e.kind == ERR_TIMEOUT && deadline_left_ms(end) > 0)
            say(s, "* OK Still here.\r\n");
        else if (e.kind == ERR_TIMEOUT)
            session_bye(s, "You were silent for too long");
        else if (failed(e))
            return reply_lost(s);
        else if (ready & READY_CLIENT)
            return idle_done(s);
        else if (s->notify != NULL && (s->phase != PHASE_SELECTED || s->notify_selected))
            notify_say(s);
        else if (s->phase == PHASE_SELECTED)
            sync_say(s, STORE_SYNC_ALL, SYNC_ALWAYS);
        else if (store_has_news(s->store) && ++surprises == IDLE_SURPRISES_MAX)
            session_bye(s, "The mail store does not answer; try again later");
    }
    return reply_lost(s);
}
