/* SPDX-License-Identifier: ISC */
#include "dotqmail/outcome.h"

enum exit_class exit_of_program(int code)
{
    switch (code) {
    case 0:
        return EXIT_OK;
    case 99:
        return EXIT_STOP;
    case 64: /* EX_USAGE */
    case 65: /* EX_DATAERR */
    case 70: /* EX_SOFTWARE */
    case 76: /* EX_PROTOCOL */
    case 77: /* EX_NOPERM */
    case 78: /* EX_CONFIG */
    case 100:
    case 112:
        return EXIT_HARD;
    default:
        return EXIT_SOFT;
    }
}

enum exit_class exit_of_delivery(int code)
{
    switch (code) {
    case 0:
        return EXIT_OK;
    case 71:
    case 74:
    case 75:
    case 111:
        return EXIT_SOFT;
    default:
        return EXIT_HARD;
    }
}

char exit_letter(enum exit_class c)
{
    switch (c) {
    case EXIT_OK:
    case EXIT_STOP:
        return 'K';
    case EXIT_HARD:
        return 'D';
    case EXIT_SOFT:
        return 'Z';
    }
    return 'Z';
}
