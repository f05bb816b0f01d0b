/* SPDX-License-Identifier: MIT */
/*
 * The parts of /proc: procfs.c has the table of its files, the links and what is about the whole system,
 * procfs_process.c what is about the process and its threads, procfs_maps.c its memory's areas, procfs_system.c the rest.  Show functions may sleep; they take process.lock
 * and space.lock (spin) for what they copy, never both.
 */
#ifndef FS_PROCFS_H
#define FS_PROCFS_H

#include "fs/pseudo.h"
#include "lib/types.h"
#include "proc/thread.h"

#define PROCFS_HZ 100 /* what times in /proc are counted in */

static inline struct process *procfs_process(void) { return init_process; }
/* The process whose directory in /proc f is; NULL: it is none. */
struct process *procfs_process_of(struct file *f);
static inline u64 procfs_ticks(nsec_t ns) { return ns / (NSEC_PER_SEC / PROCFS_HZ); }

/* See pseudo_row.show and store.  n[0] is the process; n[1], below task/, the thread. */
void procfs_show_maps(struct text *t, const long *n);
void procfs_show_statm(struct text *t, const long *n);
void procfs_show_cmdline(struct text *t, const long *n);
void procfs_show_environ(struct text *t, const long *n);
void procfs_show_auxv(struct text *t, const long *n);
void procfs_show_status(struct text *t, const long *n);
void procfs_show_stat(struct text *t, const long *n);
void procfs_show_comm(struct text *t, const long *n);
void procfs_show_task_status(struct text *t, const long *n);
void procfs_show_task_stat(struct text *t, const long *n);
void procfs_show_task_comm(struct text *t, const long *n);
int procfs_store_comm(const long *n, const char *s, size_t len);
int procfs_store_task_comm(const long *n, const char *s, size_t len);
void procfs_show_limits(struct text *t, const long *n);

/* procfs_system.c */
void procfs_show_mountinfo(struct text *t, const long *n);
void procfs_show_cgroup(struct text *t, const long *n);
void procfs_show_id_map(struct text *t, const long *n);
void procfs_show_io(struct text *t, const long *n);
void procfs_show_smaps_rollup(struct text *t, const long *n);
void procfs_show_file_nr(struct text *t, const long *n);
void procfs_show_vmstat(struct text *t, const long *n);
void procfs_show_core_pattern(struct text *t, const long *n);
void procfs_show_50(struct text *t, const long *n);
void procfs_show_2(struct text *t, const long *n);
void procfs_show_personality(struct text *t, const long *n);
void procfs_show_coredump_filter(struct text *t, const long *n);

void procfs_show_smaps(struct text *t, const long *n);
void procfs_show_interrupts(struct text *t, const long *n);
void procfs_show_cgroups(struct text *t, const long *n);
void procfs_show_partitions(struct text *t, const long *n);
void procfs_show_watches_max(struct text *t, const long *n);
void procfs_show_instances_max(struct text *t, const long *n);
void procfs_show_queued_max(struct text *t, const long *n);
void procfs_show_pty_max(struct text *t, const long *n);
void procfs_show_pty_nr(struct text *t, const long *n);
void procfs_show_rr_slice(struct text *t, const long *n);
void procfs_show_port_range(struct text *t, const long *n);
void procfs_show_net_dev(struct text *t, const long *n);
void procfs_show_net_inet(struct text *t, const long *n);
void procfs_show_net_route(struct text *t, const long *n);
void procfs_show_net_packet(struct text *t, const long *n);
void procfs_show_net_netlink(struct text *t, const long *n);
void procfs_show_net_unix(struct text *t, const long *n);
int procfs_link_ns_cgroup(const long *n, char *buf, size_t size);
int procfs_link_ns_ipc(const long *n, char *buf, size_t size);
int procfs_link_ns_mnt(const long *n, char *buf, size_t size);
int procfs_link_ns_net(const long *n, char *buf, size_t size);
int procfs_link_ns_pid(const long *n, char *buf, size_t size);
int procfs_link_ns_time(const long *n, char *buf, size_t size);
int procfs_link_ns_user(const long *n, char *buf, size_t size);
int procfs_link_ns_uts(const long *n, char *buf, size_t size);

#endif
