/* SPDX-License-Identifier: MIT */
/*
 * exit: how both daemons end, after sysexits.h. What no restart can mend stands in the units as
 * RestartPreventExitStatus=; tests/lint/docs.py holds units and manuals to these rows.
 * Included many times: EXIT(NAME, code, restart, who, "meaning, as the manuals of BOTH say it")
 * restart: MENDS or IN_VAIN.  who: BOTH, or CLIENT (tunneltod alone).
 */
/* clang-format off */
EXIT(DONE,        0,  IN_VAIN, BOTH,   "Stopped by a signal.")
EXIT(REFUSED,     4,  MENDS,   CLIENT, "the server refused.")
EXIT(USAGE,       64, IN_VAIN, BOTH,   "The command line is wrong.")
EXIT(UNAVAILABLE, 69, MENDS,   BOTH,   "A socket cannot be opened now: its address is in use, or not there yet.")
EXIT(OSERR,       71, MENDS,   BOTH,   "The system refused what every program needs.")
EXIT(TEMPFAIL,    75, MENDS,   CLIENT, "the server was not reached within 30 seconds.")
EXIT(CONFIG,      78, IN_VAIN, BOTH,   "The configuration, or a file or directory that it names, cannot be used.")
/* clang-format on */
