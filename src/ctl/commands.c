/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include "ctl/ctl.h"
#include "ctl/old.h"
#include "ctl/words.h"

const struct command admin_commands[] = {
    {"ban", cmd_ban, "list | add [--keep-sessions] ADDRESS[/BITS] [TIME [REASON …]] | lift ADDRESS",
     "says who is not let in, bans an address or network, lifts a ban"},
    {"check-config", cmd_check_config, "",
     "says what is wrong with the configuration, file, line and remedy"},
    {"explain", cmd_explain, "ADDRESS",
     "prints the whole route of an address, from the code that delivery uses"},
    {"export", cmd_export, "[--mbox] [--folder NAME …] USER DIRECTORY",
     "writes a user's mail into a directory, as a Maildir tree or as mbox files"},
    {"help", cmd_help, "", "lists the commands"},
    {"index", cmd_index, "[--rebuild | --off | --on] --all | USER …",
     "gathers the words of users' mail for searching now; by itself it is done in the background"},
    {"jail", cmd_jail,
     "check [JAIL …] | try FILTER LOG | match --filter NAME [--option KEY=VALUE …] [--tz ZONE] "
     "[--now EPOCH], each with [--config DIR]",
     "says whether the jails can work, and what a filter makes of a log"},
    {"import", cmd_import,
     "[--into FOLDER] [--list] [--password-file FILE] [--any-certificate] USER "
     "PATH|imap[s]://LOGIN@HOST[:PORT]",
     "takes mail over from a Maildir, mbox files or another IMAP server; again: goes on"},
    {"log", cmd_log, "[--follow] [--json] [--qmail] [-n LINES] [KEY=VALUE …]", "shows events"},
    {"man-control", cmd_man_control, "", "prints the manual page of the settings"},
    {"metrics", cmd_metrics, "", "prints the counters in Prometheus' format"},
    {"old-names", cmd_old_names, "",
     "lists the old command names this program answers to, one a line"},
    {"passwd", cmd_passwd, "[--with-shared-secret] [--stdin] USER", "sets a user's mail password"},
    {"queue", cmd_queue, "list | show ID | retry ID|all | hold ID | release ID | drop ID",
     "looks into the queue and changes it"},
    {"reload", cmd_reload, "", "brings a changed configuration into force, or says why not"},
    {"show", cmd_show, "[NAME]", "prints every setting, its value and what it means"},
    {"sieve", cmd_sieve, "check FILE | test [-q] [-f SENDER] [-t RECIPIENT] FILE MESSAGE",
     "says what is wrong with a Sieve script, or what it does with a message"},
    {"status", cmd_status, "[--all]", "says whether the host serves, where, and what waits"},
    {"stop", cmd_stop, "", "stops the mail host, deliveries in flight first"},
    {"tls-make", cmd_tls_make, "NAME …",
     "makes a local authority and a certificate in the current directory"},
    {"user", cmd_accounts,
     "[--host] [--by=LOGIN] list [STATE] | show USER | audit [USER] | change USER KEY=VALUE … | "
     "renew USER | retire USER | adopt USER …",
     "shows and changes who is registered, and what was done and refused"},
    {"undelete", cmd_undelete, "[--list] [--since TIME] USER [FOLDER]",
     "brings back messages that were expunged, or went with their folder, within expungedays"},
    {"why", cmd_why, "[--events] [-n MESSAGES] ID|ADDRESS|MESSAGE-ID",
     "tells the story of a message or an address"},
    {0},
};

const struct command *command_find(const struct command *table, const char *name)
{
    for (; table->name; table++)
        if (strcmp(table->name, name) == 0)
            return table;
    return NULL;
}

int cmd_old_names(struct ctl *c, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    auto_buf struct buf b;
    buf_init(&b, 1 << 14);
    for (const struct command *k = old_names; k->name; k++)
        buf_addf(&b, "%s\n", k->name);
    return ctl_print(c, buf_str(&b)) ? CTL_OK : CTL_TEMPORARY;
}

int cmd_help(struct ctl *c, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    auto_buf struct buf b;
    buf_init(&b, 1 << 16);
    buf_add(&b, str_from(word(c, "usage: twinpost [--root DIR] COMMAND …\n\n")));
    for (const struct command *k = admin_commands; k->name; k++)
        buf_addf(&b, "  %s %s\n      %s\n", k->name, k->usage, word(c, k->help));
    buf_add(&b, str_from(word(c, "\nAlso by their own names: ")));
    for (const struct command *k = old_names; k->name; k++)
        buf_addf(&b, "%s%s", k == old_names ? "" : ", ", k->name);
    buf_add(&b, S(".\n"));
    return ctl_print(c, buf_str(&b)) ? CTL_OK : CTL_TEMPORARY;
}
