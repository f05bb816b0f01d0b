/* SPDX-License-Identifier: MIT */
/* The tracer's decoders: what an argument of a system call looks like as text. */
#include "fs/abi.h"
#include "fs/poll.h"
#include "ipc/epoll.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "lib/uaccess.h"
#include "proc/clock.h"
#include "proc/thread.h"
#include "syscall/timeval.h"
#include "syscall/trace.h"

enum {
#define SYSCALL_NAME(n, name) NR_##name = n,
#include "syscall/names.def"
#undef SYSCALL_NAME
};

#define DECODE(name)                                                                                         \
	static void dec_##name(struct trace_line *l, u64 v, const struct trace_call *c)
#define LIST_MAX 16u /* elements of an array that are shown */

/* The structure at v, or its address where it cannot be read. */
#define GET(x, v)                                                                                            \
	do {                                                                                                 \
		if (!(v) || copy_from_user(&(x), (const void __user *)(v), sizeof(x))) {                     \
			trace_address(l, (v));                                                               \
			return;                                                                              \
		}                                                                                            \
	} while (0)

/* ---- strings ---- */

static void quote(struct trace_line *l, const u8 *s, size_t n, bool next_digit)
{
	static const char plain[] = "\t\n\v\f\r\"\\", letters[] = "tnvfr\"\\";

	for (size_t i = 0; i < n; i++) {
		const char *e = s[i] ? strchr(plain, s[i]) : NULL;
		bool digit = i + 1 < n ? s[i + 1] >= '0' && s[i + 1] <= '7' : next_digit;

		if (e)
			trace_add(l, "\\%c", letters[e - plain]);
		else if (s[i] >= ' ' && s[i] < 0x7f)
			trace_put(l, (const char *)&s[i], 1);
		else
			trace_add(l, digit ? "\\%03o" : "\\%o", s[i]);
	}
}

static void show_buffer(struct trace_line *l, u64 at, u64 n)
{
	u8 s[TRACE_STR];
	size_t shown = n < TRACE_STR ? n : TRACE_STR;

	if (!at || copy_from_user(s, (const void __user *)at, shown)) {
		trace_address(l, at);
		return;
	}
	trace_add(l, "\"");
	quote(l, s, shown, false);
	trace_add(l, n > TRACE_STR ? "\"..." : "\"");
}

/* A string with its end, up to PATH_MAX or what the line holds. */
static void show_string(struct trace_line *l, u64 at, size_t max)
{
	u8 s[64];
	size_t done = 0;

	if (!at || copy_from_user(s, (const void __user *)at, 1)) {
		trace_address(l, at);
		return;
	}
	trace_add(l, "\"");
	while (done < max && l->n < TRACE_ARGS - 8) {
		size_t n = MIN(sizeof(s) - ((at + done) & 63), max - done); /* within a page */
		const u8 *end;

		if (copy_from_user(s, (const void __user *)(at + done), n))
			break;
		end = memchr(s, 0, n);
		quote(l, s, end ? (size_t)(end - s) : n, false);
		if (end) {
			trace_add(l, "\"");
			return;
		}
		done += n;
	}
	trace_add(l, "\"...");
}

/* ---- table.def's own words ---- */

DECODE(fd) { trace_add(l, "%d", (int)v); }
DECODE(dirfd)
{
	if ((int)v == AT_FDCWD)
		trace_add(l, "AT_FDCWD");
	else
		trace_add(l, "%d", (int)v);
}
DECODE(path) { show_string(l, v, PATH_MAX); }
DECODE(str) { show_string(l, v, PATH_MAX); }
DECODE(buf) { show_buffer(l, v, c->args[c->i + 1]); }
DECODE(outbuf) { show_buffer(l, v, (u64)c->result); }
DECODE(len) { trace_add(l, "%lu", v); }
DECODE(ptr) { trace_address(l, v); }
DECODE(int) { trace_add(l, "%ld", (s64)v); }
DECODE(uint) { trace_add(l, "%lu", v); }
DECODE(hex) { trace_add(l, v ? "%#lx" : "0", v); }
DECODE(oct) { trace_add(l, v ? "%#03lo" : "000", v); }
DECODE(sig) { trace_signal_number(l, v); }
DECODE(flags)
{
	if (c->names)
		trace_flags(l, v, c->names);
	else
		trace_add(l, v ? "%#lx" : "0", v);
}
DECODE(choice) { trace_choice(l, v, c->names); }

static void show_sigset(struct trace_line *l, sigset_t set)
{
	const char *separator = "";
	unsigned members = 0;
	bool inverted;

	for (int sig = 1; sig <= NSIG; sig++)
		members += (set & SIGMASK(sig)) != 0;
	inverted = members > NSIG / 2;

	trace_add(l, inverted ? "~[" : "[");
	for (int sig = 1; sig <= NSIG; sig++) {
		if (!(set & SIGMASK(sig)) != inverted)
			continue;
		if (sig < SIGRTMIN)
			trace_add(l, "%s%s", separator, signal_name(sig) + 3);
		else if (sig == SIGRTMIN)
			trace_add(l, "%sRTMIN", separator);
		else
			trace_add(l, "%sRT_%d", separator, sig - SIGRTMIN);
		separator = " ";
	}
	trace_add(l, "]");
}

DECODE(sigset)
{
	sigset_t set;

	GET(set, v);
	show_sigset(l, set);
}

DECODE(timespec)
{
	struct timespec64 ts;

	GET(ts, v);
	trace_add(l, "{tv_sec=%ld, tv_nsec=%ld}", (long)ts.tv_sec, (long)ts.tv_nsec);
}

static void show_iovec(struct trace_line *l, u64 v, u64 count, u64 bytes, bool filled)
{
	struct iovec io;

	if (!v) {
		trace_address(l, v);
		return;
	}
	trace_add(l, "[");
	for (u64 i = 0; i < count && i < LIST_MAX; i++) {
		if (copy_from_user(&io, (const void __user *)(v + i * sizeof(io)), sizeof(io))) {
			trace_add(l, "%s...", i ? ", " : "");
			break;
		}
		trace_add(l, "%s{iov_base=", i ? ", " : "");
		show_buffer(l, (u64)io.base, filled ? MIN(bytes, (u64)io.len) : io.len);
		bytes -= MIN(bytes, (u64)io.len);
		trace_add(l, ", iov_len=%lu}", io.len);
	}
	trace_add(l, count > LIST_MAX ? ", ...]" : "]");
}
DECODE(iovec) { show_iovec(l, v, c->args[c->i + 1], c->leaving ? (u64)c->result : 0, c->leaving); }

/* ---- trace.def's ---- */

static void show_open_flags(struct trace_line *l, u64 v)
{
	trace_choice(l, v & O_ACCMODE, &trace_open_mode);
	if (v & ~(u64)O_ACCMODE) {
		trace_add(l, "|");
		trace_flags(l, v & ~(u64)O_ACCMODE, &trace_open);
	}
}
DECODE(open_flags) { show_open_flags(l, v); }

DECODE(mmap_flags)
{
	trace_choice(l, v & 15, &trace_map_type);
	if (v & ~15ull) {
		trace_add(l, "|");
		trace_flags(l, v & ~15ull, &trace_map);
	}
}

DECODE(sock_type)
{
	trace_choice(l, v & 15, &trace_sock_type);
	if (v & ~15ull) {
		trace_add(l, "|");
		trace_flags(l, v & ~15ull, &trace_sock);
	}
}

DECODE(statx_flags)
{
	if (!(v & 0x6000)) {
		trace_add(l, "AT_STATX_SYNC_AS_STAT");
		if (!v)
			return;
		trace_add(l, "|");
	}
	trace_flags(l, v, &trace_at);
}

static void show_mode(struct trace_line *l, u32 mode)
{
	trace_choice(l, mode & S_IFMT, &trace_file_type);
	if (mode & S_ISUID)
		trace_add(l, "|S_ISUID");
	if (mode & S_ISGID)
		trace_add(l, "|S_ISGID");
	if (mode & S_ISVTX)
		trace_add(l, "|S_ISVTX");
	trace_add(l, "|%#03o", mode & 0777);
}

DECODE(stat)
{
	struct linux_stat st;

	GET(st, v);
	trace_add(l, "{st_mode=");
	show_mode(l, st.mode);
	if (S_ISCHR(st.mode) || S_ISBLK(st.mode)) /* linux/kdev_t.h: 12 + 20 bits, scattered */
		trace_add(l, ", st_rdev=makedev(%#lx, %#lx), ...}", (st.rdev >> 8 & 0xfff) | (st.rdev >> 32 & ~0xffful),
			  (st.rdev & 0xff) | (st.rdev >> 12 & 0xffffff00));
	else
		trace_add(l, ", st_size=%ld, ...}", (long)st.size);
}

DECODE(statx)
{
	struct { /* the beginning of struct statx (linux/stat.h) */
		u32 mask, blksize;
		u64 attributes;
		u32 nlink, uid, gid;
		u16 mode, pad;
		u64 ino, size;
	} sx;

	GET(sx, v);
	trace_add(l, "{stx_mask=");
	trace_flags(l, sx.mask, &trace_statx_mask);
	trace_add(l, sx.attributes ? ", stx_attributes=%#lx, stx_mode=" : ", stx_attributes=0, stx_mode=", sx.attributes);
	show_mode(l, sx.mode);
	trace_add(l, ", stx_size=%lu, ...}", sx.size);
}

DECODE(timeval)
{
	struct timeval64 tv;

	GET(tv, v);
	trace_add(l, "{tv_sec=%ld, tv_usec=%ld}", (long)tv.tv_sec, (long)tv.tv_usec);
}

static void show_interval(struct trace_line *l, u64 v, const char *unit)
{
	s64 t[4]; /* interval, value */

	GET(t, v);
	trace_add(l, "{it_interval={tv_sec=%ld, tv_%s=%ld}, it_value={tv_sec=%ld, tv_%s=%ld}}", (long)t[0], unit, (long)t[1],
		  (long)t[2], unit, (long)t[3]);
}
DECODE(itimerval) { show_interval(l, v, "usec"); }
DECODE(itimerspec) { show_interval(l, v, "nsec"); }

#define UTIME_NOW  0x3fffffffl
#define UTIME_OMIT 0x3ffffffel
DECODE(two_timespecs)
{
	struct timespec64 ts[2];

	GET(ts, v);
	for (unsigned i = 0; i < 2; i++) {
		trace_add(l, i ? ", " : "[");
		if (ts[i].tv_nsec == UTIME_NOW)
			trace_add(l, "UTIME_NOW");
		else if (ts[i].tv_nsec == UTIME_OMIT)
			trace_add(l, "UTIME_OMIT");
		else
			trace_add(l, "{tv_sec=%ld, tv_nsec=%ld}", (long)ts[i].tv_sec, (long)ts[i].tv_nsec);
	}
	trace_add(l, "]");
}

DECODE(two_ints)
{
	s32 n[2];

	GET(n, v);
	trace_add(l, "[%d, %d]", n[0], n[1]);
}
DECODE(int_at)
{
	s32 n;

	GET(n, v);
	trace_add(l, "[%d]", n);
}

/* How long an address may be, and how long it was. */
DECODE(length_at)
{
	s32 n;

	GET(n, v);
	if (n != l->length)
		trace_add(l, "[%d => %d]", l->length, n);
	else
		trace_add(l, "[%d]", n);
}

DECODE(sigaction)
{
	struct sigaction sa;

	GET(sa, v);
	trace_add(l, "{sa_handler=");
	if (sa.handler <= SIG_IGN)
		trace_add(l, sa.handler ? "SIG_IGN" : "SIG_DFL");
	else
		trace_address(l, sa.handler);
	trace_add(l, ", sa_mask=");
	show_sigset(l, sa.mask);
	trace_add(l, ", sa_flags=");
	trace_flags(l, sa.flags, &trace_sa);
	if (sa.flags & SA_RESTORER) {
		trace_add(l, ", sa_restorer=");
		trace_address(l, sa.restorer);
	}
	trace_add(l, "}");
}

void trace_siginfo(struct trace_line *l, const struct siginfo *info)
{
	bool sent = info->si_code <= 0;

	trace_add(l, "{si_signo=");
	trace_signal_number(l, (u64)info->si_signo);
	trace_add(l, ", si_code=");
	trace_signal_code(l, info->si_signo, info->si_code);
	if (info->si_code == SI_TIMER)
		trace_add(l, ", si_timerid=%#x, si_overrun=%d", (u32)info->timer.timerid, info->timer.overrun);
	else if (sent)
		trace_add(l, ", si_pid=%d, si_uid=%u", info->rt.pid, info->rt.uid);
	else if (info->si_code != SI_KERNEL && (SIGMASK(info->si_signo) & (SIGMASK(SIGSEGV) | SIGMASK(SIGBUS) |
		 SIGMASK(SIGFPE) | SIGMASK(SIGILL) | SIGMASK(SIGTRAP)))) {
		trace_add(l, ", si_addr=");
		trace_address(l, info->fault.addr);
	}
	if (info->si_code == SI_QUEUE)
		trace_add(l, ", si_int=%d, si_ptr=%#lx", (s32)info->rt.value, info->rt.value);
	trace_add(l, "}");
}

DECODE(siginfo)
{
	struct siginfo info;

	GET(info, v);
	trace_siginfo(l, &info);
}

DECODE(altstack)
{
	struct sigaltstack ss;

	GET(ss, v);
	trace_add(l, "{ss_sp=");
	trace_address(l, ss.sp);
	trace_add(l, ", ss_flags=");
	trace_flags(l, (u32)ss.flags, &trace_altstack);
	trace_add(l, ", ss_size=%lu}", ss.size);
}

DECODE(sigevent)
{
	struct {
		u64 value;
		s32 signo, notify, tid;
	} ev;

	GET(ev, v);
	trace_add(l, "{sigev_value={sival_int=%d, sival_ptr=", (s32)ev.value);
	trace_address(l, ev.value);
	trace_add(l, "}, sigev_signo=");
	trace_signal_number(l, (u64)ev.signo);
	trace_add(l, ", sigev_notify=");
	trace_choice(l, (u64)ev.notify, &trace_sigev);
	trace_add(l, "}");
}

static void show_pollfds(struct trace_line *l, u64 v, u64 n, bool results)
{
	const char *separator = "";
	struct pollfd p;

	trace_add(l, "[");
	for (u64 i = 0; i < n && i < LIST_MAX; i++) {
		if (copy_from_user(&p, (const void __user *)(v + i * sizeof(p)), sizeof(p))) {
			trace_add(l, "%s...", separator);
			break;
		}
		if (results && !p.revents)
			continue;
		trace_add(l, "%s{fd=%d", separator, p.fd);
		if (results || p.fd >= 0) {
			trace_add(l, results ? ", revents=" : ", events=");
			trace_flags(l, (u16)(results ? p.revents : p.events), &trace_poll);
		}
		trace_add(l, "}");
		separator = ", ";
	}
	trace_add(l, n > LIST_MAX ? ", ...]" : "]");
}
DECODE(pollfds)
{
	if (v)
		show_pollfds(l, v, (u32)c->args[c->i + 1], false);
	else
		trace_address(l, v);
}

static void show_fdset(struct trace_line *l, u64 v, u64 n)
{
	const char *separator = "";
	u64 word = 0;

	trace_add(l, "[");
	for (u64 fd = 0; fd < n && fd < 1024; fd++) {
		if (fd % 64 == 0 && copy_from_user(&word, (const void __user *)(v + fd / 8), sizeof(word)))
			break;
		if (word >> fd % 64 & 1) {
			trace_add(l, "%s%lu", separator, fd);
			separator = " ";
		}
	}
	trace_add(l, "]");
}
DECODE(fdset)
{
	if (v)
		show_fdset(l, v, (u32)c->args[0]);
	else
		trace_address(l, v);
}

DECODE(pselect_mask)
{
	struct {
		u64 set, size;
	} arg;

	GET(arg, v);
	if (!arg.set && arg.size == sizeof(sigset_t)) { /* as the C library calls it without a mask */
		trace_add(l, "NULL");
		return;
	}
	trace_add(l, "{sigmask=");
	dec_sigset(l, arg.set, c);
	trace_add(l, ", sigsetsize=%lu}", arg.size);
}

static void show_sockaddr(struct trace_line *l, u64 v, u64 len)
{
	struct {
		u16 family;
		u8 path[108];
	} sa;

	memset(&sa, 0, sizeof(sa));
	if (!v || len < sizeof(sa.family) || copy_from_user(&sa, (const void __user *)v, MIN(len, (u64)sizeof(sa)))) {
		trace_address(l, v);
		return;
	}
	len = MIN(len, (u64)sizeof(sa)) - sizeof(sa.family);
	trace_add(l, "{sa_family=");
	trace_choice(l, sa.family, &trace_family);
	if (len) {
		bool unix_address = sa.family == 1, abstract = unix_address && !sa.path[0] && len > 1;
		const u8 *s = sa.path + abstract;
		size_t n = len - abstract;
		const u8 *end = unix_address && !abstract ? memchr(s, 0, n) : NULL;

		trace_add(l, !unix_address ? ", sa_data=\"" : abstract ? ", sun_path=@\"" : ", sun_path=\"");
		quote(l, s, end ? (size_t)(end - s) : n, false);
		trace_add(l, "\"");
	}
	trace_add(l, "}");
}
DECODE(sockaddr_in) { show_sockaddr(l, v, (u32)c->args[c->i + 1]); }
DECODE(sockaddr_out)
{
	u32 len;

	if (!v || copy_from_user(&len, (const void __user *)c->args[c->i + 1], sizeof(len)))
		trace_address(l, v);
	else
		show_sockaddr(l, v, len);
}

static void show_control(struct trace_line *l, u64 v, u64 len)
{
	struct {
		u64 len;
		s32 level, type;
	} h;
	s32 fd;

	if (!v || len < sizeof(h) || copy_from_user(&h, (const void __user *)v, sizeof(h))) {
		trace_address(l, v);
		return;
	}
	trace_add(l, "[{cmsg_len=%lu, cmsg_level=", h.len);
	trace_choice(l, (u32)h.level, &trace_sol);
	trace_add(l, ", cmsg_type=");
	if (h.type == 1) {
		trace_add(l, "SCM_RIGHTS, cmsg_data=[");
		for (u64 at = sizeof(h); at + 4 <= MIN(h.len, len) && at < sizeof(h) + 4 * LIST_MAX; at += 4)
			if (!copy_from_user(&fd, (const void __user *)(v + at), sizeof(fd)))
				trace_add(l, at > sizeof(h) ? ", %d" : "%d", fd);
		trace_add(l, "]");
	} else {
		trace_add(l, h.type == 2 ? "SCM_CREDENTIALS" : "%#x", (u32)h.type);
	}
	trace_add(l, h.len < len && ALIGN_UP(h.len, 8) < len ? "}, ...]" : "}]");
}

DECODE(msghdr)
{
	struct { /* struct msghdr of the ABI */
		u64 name;
		u32 namelen, pad0;
		u64 iov, iovlen, control, controllen;
		u32 flags, pad1;
	} m;

	GET(m, v);
	trace_add(l, "{msg_name=");
	show_sockaddr(l, m.name, m.namelen);
	trace_add(l, ", msg_namelen=%u, msg_iov=", m.namelen);
	show_iovec(l, m.iov, m.iovlen, c->leaving ? (u64)c->result : 0, c->leaving);
	trace_add(l, ", msg_iovlen=%lu", m.iovlen);
	if (m.controllen) {
		trace_add(l, ", msg_control=");
		show_control(l, m.control, m.controllen);
	}
	trace_add(l, ", msg_controllen=%lu, msg_flags=", m.controllen);
	trace_flags(l, m.flags, &trace_msg);
	trace_add(l, "}");
}

DECODE(clone_flags)
{
	if (v & ~0xffull)
		trace_flags(l, v & ~0xffull, &trace_clone);
	if (v & 0xff) {
		trace_add(l, v & ~0xffull ? "|" : "");
		trace_signal_number(l, v & 0xff);
	} else if (!v) {
		trace_add(l, "0");
	}
}

DECODE(clone_args)
{
	struct {
		u64 flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
	} a;

	GET(a, v);
	trace_add(l, "{flags=");
	trace_flags(l, a.flags, &trace_clone);
	trace_add(l, ", child_tid=%#lx, parent_tid=%#lx, exit_signal=", a.child_tid, a.parent_tid);
	trace_signal_number(l, a.exit_signal);
	trace_add(l, ", stack=%#lx, stack_size=%#lx, tls=%#lx}", a.stack, a.stack_size, a.tls);
}

DECODE(utsname)
{
	struct {
		char sysname[65], nodename[65];
	} u;

	GET(u, v);
	u.sysname[64] = u.nodename[64] = 0;
	trace_add(l, "{sysname=\"%s\", nodename=\"%s\", ...}", u.sysname, u.nodename);
}

DECODE(rusage)
{
	struct timeval64 tv[2];

	GET(tv, v);
	trace_add(l, "{ru_utime={tv_sec=%ld, tv_usec=%ld}, ru_stime={tv_sec=%ld, tv_usec=%ld}, ...}", (long)tv[0].tv_sec,
		  (long)tv[0].tv_usec, (long)tv[1].tv_sec, (long)tv[1].tv_usec);
}

DECODE(rlimit)
{
	struct rlimit64 r;

	GET(r, v);
	for (unsigned i = 0; i < 2; i++) {
		u64 x = i ? r.max : r.cur;

		trace_add(l, i ? ", rlim_max=" : "{rlim_cur=");
		if (x == RLIM_INFINITY)
			trace_add(l, c->args[0] <= RLIMIT_COUNT && l->nr == NR_prlimit64 ? "RLIM64_INFINITY" : "RLIM_INFINITY");
		else if (x > 1024 && x % 1024 == 0)
			trace_add(l, "%lu*1024", x / 1024);
		else
			trace_add(l, "%lu", x);
	}
	trace_add(l, "}");
}

DECODE(futex_op)
{
	trace_choice(l, v & 0x7f, &trace_futex);
	if (v & 0x80)
		trace_add(l, "_PRIVATE");
	if (v & 0x100)
		trace_add(l, "|FUTEX_CLOCK_REALTIME");
}

DECODE(futex_bits)
{
	if ((c->args[1] & 0x7f) != 4 && (u32)v == ~0u)
		trace_add(l, "FUTEX_BITSET_MATCH_ANY");
	else
		trace_add(l, v ? "%#lx" : "0", v);
}

static bool futex_waits(u64 op) { return (1u << (op & 0x1f)) & (1 << 0 | 1 << 6 | 1 << 9 | 1 << 11 | 1 << 13); }
DECODE(futex_timeout)
{
	if (futex_waits(c->args[1] & 0x7f))
		dec_timespec(l, v, c);
	else
		trace_add(l, "%u", (u32)v);
}

DECODE(fcntl_arg)
{
	struct {
		s16 type, whence;
		s64 start, len;
		s32 pid;
	} fl;

	switch ((u32)c->args[1]) {
	case 2: /* F_SETFD */
		trace_flags(l, v, &trace_fdflags);
		return;
	case 4: /* F_SETFL */
		show_open_flags(l, v);
		return;
	case 5: case 6: case 7: case 36: case 37: case 38:
		GET(fl, v);
		trace_add(l, "{l_type=");
		trace_choice(l, (u16)fl.type, &trace_lock_type);
		trace_add(l, ", l_whence=");
		trace_choice(l, (u16)fl.whence, &trace_whence);
		trace_add(l, ", l_start=%ld, l_len=%ld}", (long)fl.start, (long)fl.len);
		return;
	default:
		trace_add(l, "%ld", (long)(int)v);
	}
}

#define IOCTL_FIONREAD 0x541b
#define IOCTL_FIONBIO  0x5421
DECODE(ioctl_arg)
{
	if (((u32)c->args[1] == IOCTL_FIONREAD && c->result >= 0) || (u32)c->args[1] == IOCTL_FIONBIO)
		dec_int_at(l, v, c);
	else
		trace_add(l, "%#lx", v);
}

#define PR_SET_NAME 15
#define PR_GET_NAME 16
DECODE(prctl_arg)
{
	if (c->args[0] == PR_SET_NAME || (c->args[0] == PR_GET_NAME && c->result >= 0))
		show_string(l, v, 16);
	else
		trace_add(l, v ? "%#lx" : "0", v);
}

DECODE(dirents)
{
	u64 at = 0;
	unsigned n = 0;

	for (; at < (u64)c->result; n++) {
		u16 len; /* d_reclen: linux/dirent.h */

		if (copy_from_user(&len, (const void __user *)(v + at + 16), sizeof(len)) || !len)
			break;
		at += len;
	}
	trace_address(l, v);
	trace_add(l, " /* %u entries */", n);
}

static void show_epoll(struct trace_line *l, const struct epoll_event *ev)
{
	trace_add(l, "{events=");
	trace_flags(l, ev->events, &trace_epoll);
	trace_add(l, ", data={u32=%u, u64=%lu}}", (u32)ev->data, ev->data);
}
DECODE(epoll_event)
{
	struct epoll_event ev;

	GET(ev, v);
	show_epoll(l, &ev);
}
DECODE(epoll_events)
{
	struct epoll_event ev;

	trace_add(l, "[");
	for (u64 i = 0; i < (u64)c->result && i < LIST_MAX; i++) {
		if (copy_from_user(&ev, (const void __user *)(v + i * sizeof(ev)), sizeof(ev)))
			break;
		trace_add(l, i ? ", " : "");
		show_epoll(l, &ev);
	}
	trace_add(l, (u64)c->result > LIST_MAX ? ", ...]" : "]");
}

DECODE(hex_bytes)
{
	u8 s[TRACE_STR];
	size_t n = MIN((u64)c->result, (u64)TRACE_STR);

	if (!v || copy_from_user(s, (const void __user *)v, n)) {
		trace_address(l, v);
		return;
	}
	trace_add(l, "\"");
	for (size_t i = 0; i < n; i++)
		trace_add(l, "\\x%02x", s[i]);
	trace_add(l, c->result > (long)TRACE_STR ? "\"..." : "\"");
}

/* ---- the table: a byte for each argument ---- */

enum word { W_fd, W_dirfd, W_path, W_str, W_buf, W_outbuf, W_len, W_ptr, W_int, W_uint, W_hex, W_oct, W_flags, W_sig,
	W_sigset, W_timespec, W_iovec, WORD_MASK = 31, WIDE = 32 };
static trace_decode *const words[] = {dec_fd, dec_dirfd, dec_path, dec_str, dec_buf, dec_outbuf, dec_len, dec_ptr, dec_int,
	dec_uint, dec_hex, dec_oct, dec_flags, dec_sig, dec_sigset, dec_timespec, dec_iovec};

struct shape {
	u8 n; /* arguments, and 1: so that 0 is a call that is not there */
	u8 arg[6];
};
/* clang-format off */
#define A(d, t) (W_##d | (sizeof(t) == 8 ? WIDE : 0))
#define SYSCALL0(nr, name, kind) [nr] = {1, {0}},
#define SYSCALL1(nr, name, kind, d1, t1, a1) [nr] = {2, {A(d1, t1)}},
#define SYSCALL2(nr, name, kind, d1, t1, a1, d2, t2, a2) [nr] = {3, {A(d1, t1), A(d2, t2)}},
#define SYSCALL3(nr, name, kind, d1, t1, a1, d2, t2, a2, d3, t3, a3) [nr] = {4, {A(d1, t1), A(d2, t2), A(d3, t3)}},
#define SYSCALL4(nr, name, kind, d1, t1, a1, d2, t2, a2, d3, t3, a3, d4, t4, a4) \
	[nr] = {5, {A(d1, t1), A(d2, t2), A(d3, t3), A(d4, t4)}},
#define SYSCALL5(nr, name, kind, d1, t1, a1, d2, t2, a2, d3, t3, a3, d4, t4, a4, d5, t5, a5) \
	[nr] = {6, {A(d1, t1), A(d2, t2), A(d3, t3), A(d4, t4), A(d5, t5)}},
#define SYSCALL6(nr, name, kind, d1, t1, a1, d2, t2, a2, d3, t3, a3, d4, t4, a4, d5, t5, a5, d6, t6, a6) \
	[nr] = {7, {A(d1, t1), A(d2, t2), A(d3, t3), A(d4, t4), A(d5, t5), A(d6, t6)}},
static const struct shape shapes[SYSCALL_MAX] = {
#include "syscall/table.def"
};
/* clang-format on */

struct refinement {
	u16 nr;
	u8 arg;
	bool after;
	trace_decode *decode;
	const struct trace_names *names;
};
#define dec_AFTER(d) dec_##d, .after = true
#define REFINE(call, n, how, set) {.nr = NR_##call, .arg = (n)-1, .names = &trace_##set, .decode = dec_##how},
static const struct refinement refinements[] = {
#include "syscall/trace.def"
};

static const struct refinement *refinement_of(u32 nr, unsigned arg)
{
	for (size_t i = 0; i < ARRAY_SIZE(refinements); i++)
		if (refinements[i].nr == nr && refinements[i].arg == arg)
			return &refinements[i];
	return NULL;
}

/* How many arguments count: some calls have more or fewer by what the others say. */
static unsigned argument_count(const struct trace_line *l)
{
	const u64 *a = l->args;
	u64 op;

	switch (l->nr) {
	case NR_open:
		return a[1] & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY)) ? 3 : 2;
	case NR_openat:
		return a[2] & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY)) ? 4 : 3;
	case NR_mremap:
		return a[3] & 6 ? 5 : 4; /* MREMAP_FIXED, MREMAP_DONTUNMAP */
	case NR_fcntl:
		op = (u32)a[1];
		return op == 1 || op == 3 || op == 9 || op == 11 || op == 1025 || op == 1032 || op == 1034 ? 2 : 3;
	case NR_prctl:
		return a[0] == PR_SET_NAME || a[0] == PR_GET_NAME ? 2 : 5;
	case NR_futex:
		op = a[1] & 0x7f;
		return op == 1 ? 3 : op == 0 || op == 6 || op == 13 ? 4 : op == 7 || op == 8 ? 2 : op == 3 ? 5 : 6;
	default:
		return l->nr < SYSCALL_MAX && shapes[l->nr].n ? shapes[l->nr].n - 1u : 6;
	}
}

/* Whether an argument is the call's to fill in: it is shown when that has happened. */
static bool is_output(const struct trace_line *l, unsigned i, const struct refinement *r)
{
	if (r)
		return r->after || (l->nr == NR_ioctl && (u32)l->args[1] == IOCTL_FIONREAD) ||
		       (l->nr == NR_prctl && l->args[0] == PR_GET_NAME);
	return l->nr < SYSCALL_MAX && (shapes[l->nr].arg[i] & WORD_MASK) == W_outbuf;
}

static u64 narrowed(u8 shape, u64 v)
{
	if (shape & WIDE)
		return v;
	/* Numbers have a sign; what is a set of bits or a choice has none. */
	return (shape & WORD_MASK) == W_int ? (u64)(s64)(s32)v : (u32)v;
}

static void argument(struct trace_line *l, unsigned i, const struct refinement *r, bool leaving, long result)
{
	bool known = l->nr < SYSCALL_MAX && shapes[l->nr].n;
	u8 shape = known ? shapes[l->nr].arg[i] : W_hex | WIDE;
	struct trace_call c = {l->args, i, result, leaving, r ? r->names : NULL};
	u64 v = narrowed(shape, l->args[i]);

	if (leaving && result < 0 && is_output(l, i, r))
		trace_address(l, v);
	else if (r)
		r->decode(l, (shape & WORD_MASK) == W_int && !(shape & WIDE) ? (u32)v : v, &c);
	else
		words[shape & WORD_MASK](l, v, &c);
}

/* What accept(2) and its kin are given to write their addresses' lengths to has the room's size until then. */
static void remember_length(struct trace_line *l)
{
	for (unsigned i = l->next; i < 6; i++) {
		const struct refinement *r = refinement_of(l->nr, i);

		if (r && r->decode == dec_length_at && copy_from_user(&l->length, (const void __user *)l->args[i], 4))
			l->length = 0;
	}
}

/* FUTEX_WAIT_BITSET and FUTEX_WAKE_BITSET have no second futex. */
static bool is_left_out(const struct trace_line *l, unsigned i)
{
	u64 op = l->args[1] & 0x7f;

	return l->nr == NR_futex && ((i == 4 && (op == 9 || op == 10)) || (i == 3 && op == 10));
}

void trace_arguments(struct trace_line *l, bool leaving, long result)
{
	unsigned n = argument_count(l);

	while (l->next < n) {
		const struct refinement *r = refinement_of(l->nr, l->next);

		if (is_left_out(l, l->next)) {
			l->next++;
			continue;
		}
		if (!leaving && is_output(l, l->next, r)) {
			remember_length(l);
			l->separated = l->next != 0;
			if (l->separated)
				trace_add(l, ", ");
			return;
		}
		/* The separator before the first output stands there already. */
		if (l->next && !l->separated)
			trace_add(l, ", ");
		l->separated = false;
		argument(l, l->next, r, leaving, result);
		l->next++;
	}
}

/* ---- results ---- */

static void show_ready(struct trace_line *l, long result)
{
	const char *separator = "";

	if (l->nr == NR_poll || l->nr == NR_ppoll) {
		trace_add(l, " (");
		show_pollfds(l, l->args[0], (u32)l->args[1], true);
		trace_add(l, ")");
		return;
	}
	trace_add(l, " (");
	for (unsigned i = 1; i <= 3; i++) {
		static const char *const names[] = {"in ", "out ", "except "};

		if (!l->args[i])
			continue;
		trace_add(l, "%s%s", separator, names[i - 1]);
		show_fdset(l, l->args[i], (u32)l->args[0]);
		separator = ", ";
	}
	if (l->args[4]) {
		const struct trace_call c = {.args = l->args};

		trace_add(l, "%sleft ", separator);
		if (l->nr == NR_select)
			dec_timeval(l, l->args[4], &c);
		else
			dec_timespec(l, l->args[4], &c);
	}
	trace_add(l, ")");
}

void trace_result(struct trace_line *l, long result)
{
	trace_add(l, "= ");
	if (result < 0 && result >= -4095) {
		trace_errno(l, result);
		return;
	}
	switch (l->nr) {
	case NR_mmap: case NR_brk: case NR_mremap: case NR_shmat:
		trace_add(l, "%#lx", (u64)result);
		return;
	case NR_umask:
		trace_add(l, "%#03lo", (u64)result);
		return;
	case NR_poll: case NR_ppoll: case NR_select: case NR_pselect6:
		trace_add(l, result ? "%ld" : "%ld (Timeout)", result);
		if (result)
			show_ready(l, result);
		return;
	case NR_fcntl:
		if (l->args[1] == 1 && result) {
			trace_add(l, "%#lx (flags ", (u64)result);
			trace_flags(l, (u64)result, &trace_fdflags);
		} else if (l->args[1] == 3) {
			trace_add(l, "%#lx (flags ", (u64)result);
			show_open_flags(l, (u64)result);
		} else {
			break;
		}
		trace_add(l, ")");
		return;
	default:
		break;
	}
	trace_add(l, "%ld", result);
}
