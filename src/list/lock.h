/* SPDX-License-Identifier: ISC */
/* list/lock.h -- ezmlm's locks: whole files, flock, held until the descriptor is closed. */
#pragma once
#include "base/base.h"

/* Makes the file if it is not there. Waits long enough for a post to a large list to pass. */
err list_lock(int dir, const char *name, int *ret_fd);
