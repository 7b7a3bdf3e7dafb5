/* SPDX-License-Identifier: ISC */
/* ctl/cmd_manual.c -- twinpost-control(5), from the table that the programs themselves read. */
#include "control/schema.h"
#include "ctl/ctl.h"

enum { MANUAL_MAX = 1 << 20 };

int cmd_man_control(struct ctl *c, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    auto_buf struct buf b;
    buf_init(&b, MANUAL_MAX);
    buf_add(&b, S(".TH TWINPOST-CONTROL 5 \"\" twinpost \"File Formats\"\n"
                  ".SH NAME\ntwinpost\\-control \\- settings of a mail host, one fact a file\n"
                  ".SH DESCRIPTION\n"
                  "Each setting is one file below\n.IR /var/qmail/control ,\nas with qmail.\n"
                  "A setting of one line is the file's first line, without blanks at its end.\n"
                  "A number is the digits at the start of that line.\n"
                  "Of lists each line counts that is not empty and does not begin with #; a map's\n"
                  "lines are split at the first colon, and the later of two equal names counts.\n"
                  "Host names match in any case.\n"
                  ".PP\n"
                  "Changes come into force with\n.BR \"twinpost reload\" ,\n"
                  "which checks everything first and keeps the old settings when something is\n"
                  "wrong. The old command names read the files each time they run.\n"
                  ".B twinpost check\\-config\nnames mistakes with file, line and remedy;\n"
                  ".B twinpost show\nprints what is in force.\n"
                  ".SH SETTINGS\n"));
    control_manual(&b);
    buf_add(&b, S(".SH SEE ALSO\n.BR twinpost (1),\n.BR twinpost\\-init (8)\n"));
    return ctl_print(c, buf_str(&b)) ? CTL_OK : CTL_TEMPORARY;
}
