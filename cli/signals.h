/* SPDX-License-Identifier: MIT */
/*
 * Signals for the program, as bytes in a pipe that the pump polls.  Those that
 * the caller had ignored (nohup) stay ignored.
 */
#ifndef CLI_SIGNALS_H
#define CLI_SIGNALS_H

/* Gives the descriptor to poll, nonblocking; each byte read is a signal number.  Or a negative error. */
int signals_open(void);

/* Stops this process as the terminal's ^Z would have; returns when it goes on. */
void signals_stop(void);

#endif
