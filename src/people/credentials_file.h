/* SPDX-License-Identifier: ISC */
/* people/credentials_file.h -- what the reader and the writer of the credentials share. */
#pragma once
#include "base/base.h"

#define CREDENTIALS_FILE "credentials"
enum { CREDENTIALS_VERSION = 1 };

bool credentials_name_is_fine(str name);
err credentials_file_begins(str *text); /* takes the first line off; ERR_SYNTAX: not ours */
