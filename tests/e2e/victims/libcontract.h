/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ULP_TESTS_E2E_VICTIMS_LIBCONTRACT_H
#define ULP_TESTS_E2E_VICTIMS_LIBCONTRACT_H

/*
 * A library whose two functions have a contract: they are of one version.  A fix changes both.
 */

/* Does something else in between. */
typedef void contract_work(void);

/* 1, and 101 with the fix. */
int contract_f(void);
int contract_g(void);

/* What f gives less what g gives, with work in between: 0, or the contract was broken. */
int contract_both(contract_work *work);

/* Two threads meet inside: one calls f, the other one g.  Each gives what it has seen less what the
 * other one has. */
int contract_meet_f(void);
int contract_meet_g(void);

#endif
