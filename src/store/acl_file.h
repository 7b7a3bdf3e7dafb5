/* SPDX-License-Identifier: ISC */
/* store/acl_file.h -- the file in a folder that says who else may do what there (wire/acl.h). The
 * keeper is its only writer besides the owner himself; it is looked at with every question, so a
 * change by hand or by Dovecot counts from the next one on. */
#pragma once
#include "wire/acl.h"

#define ACL_FILE "dovecot-acl"

/* What cannot be read, or is no plain file, counts as damaged. False: there is none. */
bool acl_file_read(int dir, const char *path, struct arena *a, struct acl *ret);
/* Replaced whole and durably. */
err acl_file_write(int dir, const char *path, const struct acl *acl);
