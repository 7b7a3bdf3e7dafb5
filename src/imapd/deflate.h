/* SPDX-License-Identifier: ISC */
/* imapd/deflate.h -- COMPRESS=DEFLATE (RFC 4978) as a coding of os/io.h.
 *
 * Memory: while it works 33 KiB to send and up to 40 KiB to receive. A connection that idles keeps
 * only what the client said last (at most 32 KiB, mostly one or two), since its next words may
 * refer to it; ours start anew, which deflate allows. A compressed stream can say a thousand times
 * its length: it is decoded only as it is read, so the limits of lines and literals hold.
 */
#pragma once
#include "os/io.h"

struct io_coding deflate_coding(void);
