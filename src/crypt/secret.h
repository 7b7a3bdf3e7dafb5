/* SPDX-License-Identifier: ISC */
/* crypt/secret.h -- handling bytes that nobody else may learn. Raw random bytes: os/random.h. */
#pragma once
#include "base/str.h"

/* Compares in time that depends on the lengths alone. */
bool secret_equal(str a, str b);
void secret_wipe(void *p, size_t n);
/* n characters of [A-Za-z0-9+/], 6 bits each: nonces, challenges, salts. No NUL is added. */
void random_text(char *p, size_t n);
