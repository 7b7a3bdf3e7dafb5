/* SPDX-License-Identifier: ISC */
#include "imapd/cmd.h"

enum {
    LOGIN = PHASE_LOGIN,
    IN = PHASE_AUTHENTICATED | PHASE_SELECTED,
    BOX = PHASE_SELECTED,
    ANY = LOGIN | IN,
};

static const struct command table[] = {
    {.name = S("CAPABILITY"), .phases = ANY, .news = NEWS_ALL, .run = cmd_capability},
    {.name = S("NOOP"), .phases = ANY, .run = cmd_noop},
    {.name = S("LOGOUT"), .phases = ANY, .run = cmd_logout},
    {.name = S("ENABLE"), .phases = IN, .run = cmd_enable},
    {.name = S("ID"), .phases = ANY, .news = NEWS_ALL, .run = cmd_id},
    {.name = S("STARTTLS"), .phases = LOGIN, .run = cmd_starttls},
    {.name = S("AUTHENTICATE"), .phases = LOGIN, .run = cmd_authenticate},
    {.name = S("LOGIN"), .phases = LOGIN, .run = cmd_login},
    {.name = S("SELECT"), .phases = IN, .run = cmd_select},
    {.name = S("EXAMINE"), .phases = IN, .run = cmd_examine},
    {.name = S("CREATE"), .phases = IN, .news = NEWS_ALL, .run = cmd_create},
    {.name = S("DELETE"), .phases = IN, .news = NEWS_ALL, .run = cmd_delete},
    {.name = S("RENAME"), .phases = IN, .news = NEWS_ALL, .run = cmd_rename},
    {.name = S("SUBSCRIBE"), .phases = IN, .news = NEWS_ALL, .run = cmd_subscribe},
    {.name = S("UNSUBSCRIBE"), .phases = IN, .news = NEWS_ALL, .run = cmd_unsubscribe},
    {.name = S("LIST"), .phases = IN, .news = NEWS_ALL, .run = cmd_list},
    {.name = S("LSUB"), .phases = IN, .news = NEWS_ALL, .run = cmd_lsub},
    {.name = S("NAMESPACE"), .phases = IN, .news = NEWS_ALL, .run = cmd_namespace},
    {.name = S("STATUS"), .phases = IN, .news = NEWS_ALL, .run = cmd_status},
    {.name = S("APPEND"), .phases = IN, .run = cmd_append},
    {.name = S("REPLACE"), .phases = IN, .uid = true, .run = cmd_replace},
    {.name = S("IDLE"), .phases = IN, .run = cmd_idle},
    {.name = S("CHECK"), .phases = BOX, .run = cmd_check},
    {.name = S("CLOSE"), .phases = BOX, .run = cmd_close},
    {.name = S("UNSELECT"), .phases = BOX, .run = cmd_unselect},
    {.name = S("EXPUNGE"), .phases = BOX, .uid = true, .run = cmd_expunge},
    {.name = S("SEARCH"),
     .phases = BOX,
     .uid = true,
     .numbers = true,
     .news = NEWS_KEEP_GONE,
     .run = cmd_search},
    {.name = S("SORT"),
     .phases = BOX,
     .uid = true,
     .numbers = true,
     .news = NEWS_KEEP_GONE,
     .run = cmd_sort},
    {.name = S("THREAD"),
     .phases = BOX,
     .uid = true,
     .numbers = true,
     .news = NEWS_KEEP_GONE,
     .run = cmd_thread},
    {.name = S("FETCH"),
     .phases = BOX,
     .uid = true,
     .numbers = true,
     .news = NEWS_KEEP_GONE,
     .run = cmd_fetch},
    {.name = S("STORE"),
     .phases = BOX,
     .uid = true,
     .numbers = true,
     .news = NEWS_KEEP_GONE,
     .run = cmd_store},
    {.name = S("COPY"),
     .phases = BOX,
     .uid = true,
     .numbers = true,
     .news = NEWS_ALL,
     .run = cmd_copy},
    {.name = S("MOVE"), .phases = BOX, .uid = true, .numbers = true, .run = cmd_move},
};

const struct command *command_find(const struct imap_head *head)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (str_ieq(head->verb, table[i].name))
            return head->uid && !table[i].uid ? NULL : &table[i];
    return NULL;
}
