/* SPDX-License-Identifier: ISC */
/* popd/by_hand.h -- qmail-pop3d: one session after its login, on 0 and 1, over a Maildir, for a
 * site's own run script (tcpserver, qmail-popup, checkpassword). */
#pragma once
#include "base/base.h"

err popd_by_hand(const char *maildir);
