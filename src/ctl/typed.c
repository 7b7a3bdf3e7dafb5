/* SPDX-License-Identifier: ISC */
#include "ctl/typed.h"

#include <stdio.h>
#include <string.h>
#include <termios.h>

bool typed_line(const char *prompt, char *ret, size_t size)
{
    struct termios before, quiet;
    bool terminal = tcgetattr(0, &before) == 0;
    if (terminal) {
        quiet = before;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        (void)tcsetattr(0, TCSAFLUSH, &quiet); /* shown then; still a password */
        (void)fprintf(stderr, "%s", prompt);
    }
    bool ok = fgets(ret, (int)size, stdin) != NULL;
    if (terminal) {
        (void)tcsetattr(0, TCSAFLUSH, &before);
        (void)fputc('\n', stderr);
    }
    ret[ok ? strcspn(ret, "\n") : 0] = 0;
    return ok;
}
