/* SPDX-License-Identifier: MIT */
/* What ioctl(2) can ask of the terminal that the loader runs on, and the numbers of general ioctls. */
#ifndef FS_TTY_H
#define FS_TTY_H

#include "lib/types.h"

#define TCGETS	   0x5401
#define TCSETS	   0x5402
#define TCSETSW	   0x5403
#define TCSETSF	   0x5404
#define TCSBRK	   0x5409
#define TCXONC	   0x540A
#define TCFLSH	   0x540B
#define TIOCSCTTY  0x540E
#define TIOCGPGRP  0x540F
#define TIOCSPGRP  0x5410
#define TIOCOUTQ   0x5411
#define TIOCGWINSZ 0x5413
#define TIOCSWINSZ 0x5414
#define FIONREAD   0x541B
#define FIONBIO	   0x5421
#define TIOCGSID   0x5429
#define FIONCLEX   0x5450
#define FIOCLEX	   0x5451
#define FIOASYNC   0x5452
/* Of pseudo-terminals alone. */
#define TIOCSTI	    0x5412
#define TIOCPKT	    0x5420
#define TIOCNOTTY   0x5422
#define TIOCSETD    0x5423
#define TIOCGETD    0x5424
#define TCSBRKP	    0x5425
#define TCGETS2	    0x802c542a
#define TCSETS2	    0x402c542b
#define TCSETSW2    0x402c542c
#define TCSETSF2    0x402c542d
#define TIOCGPTN    0x80045430
#define TIOCSPTLCK  0x40045431
#define TIOCGDEV    0x80045432
#define TIOCSIG	    0x40045436
#define TIOCGPKT    0x80045438
#define TIOCGPTLCK  0x80045439
#define TIOCGPTPEER 0x5441

long tty_ioctl(unsigned cmd, u64 arg);

#endif
