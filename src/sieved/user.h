/* SPDX-License-Identifier: ISC */
/* sieved/user.h -- the session after its login, in a process that init started as the user. */
#pragma once
#include "sieved/facts.h"

err user_run(const struct sieved_facts *facts, int home); /* takes home */
