/* What a process in a container finds and may do: one "kind<tab>name<tab>value" a line. Changes nothing that stays.
 *
 * gcc -static -O1 -o probe isolation_probe.c; it needs no file of the container's.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define HIGHEST 470
#define X32 0x40000000

extern char **environ;

static void lines_of(const char *kind, const char *path)
{
	char line[8192];
	FILE *file = fopen(path, "r");
	int number = 0;
	while (file && fgets(line, sizeof line, file)) {
		line[strcspn(line, "\n")] = 0;
		printf("%s\t%d\t%s\n", kind, number++, line);
	}
	if (file)
		fclose(file);
}

/* Run one attempt in a child of its own and print errno, 0, or how it ended. */
static void attempt(const char *kind, const char *name, long (*work)(long), long argument)
{
	int ends[2];
	long result[2] = {0, 0};
	fflush(stdout);
	if (pipe(ends))
		return;
	pid_t pid = fork();
	if (pid == 0) {
		struct itimerval limit = {{0, 0}, {0, 200000}};
		pid_t self = getpid();
		setitimer(ITIMER_REAL, &limit, 0);
		close(0);
		errno = 0;
		result[0] = work(argument);
		result[1] = errno;
		if (syscall(SYS_getpid) == self)
			(void)!write(ends[1], result, sizeof result);
		_exit(0);
	}
	close(ends[1]);
	int status = 0;
	if (read(ends[0], result, sizeof result) == sizeof result)
		printf("%s\t%s\t%ld\n", kind, name, result[0] < 0 ? result[1] : 0);
	else
		printf("%s\t%s\tended\n", kind, name);
	close(ends[0]);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
}

static long call(long number) { return syscall(number, -1L, -1L, -1L, -1L, -1L, -1L); }

#ifdef __x86_64__
static long call_i386(long number)
{
	long result;
	/* The old gate for 32-bit programs, which another part of the filter decides about. */
	__asm__ volatile("push %%rbx; mov $-1, %%rbx; int $0x80; pop %%rbx"
			 : "=a"(result)
			 : "a"(number), "c"(-1L), "d"(-1L), "S"(-1L), "D"(-1L)
			 : "memory", "r8", "r9", "r10", "r11");
	if ((int)result < 0 && (int)result > -4096) {
		errno = -(int)result;
		return -1;
	}
	return 0;
}
#endif

static long family(long number) { return socket((int)number, SOCK_RAW, 0) >= 0 ? 0 : (errno == EPERM || errno == EACCES ? -1 : socket((int)number, SOCK_STREAM, 0)); }
static long apart(long flag) { return unshare((int)flag); }
static long cloned(long flag) { return syscall(SYS_clone, flag | SIGCHLD, 0, 0, 0, 0); }
static long person(long value) { return syscall(SYS_personality, value); }
static long tmpfs(long unused) { (void)unused; return mount("none", "/tmp", "tmpfs", 0, ""); }
static long rebind(long unused) { (void)unused; return mount("/", "/", 0, MS_REMOUNT | MS_BIND, 0); }
static long join(long file) { return syscall(SYS_setns, file, 0); }
static long nicer(long value) { return setpriority(PRIO_PROCESS, 0, (int)value); }
static long more(long what) {
	struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};
	return setrlimit((int)what, &limit);
}
static long node(long number)
{
	unlink("/.probe-node");
	if (mknod("/.probe-node", (number & 1 ? S_IFBLK : S_IFCHR) | 0600, (dev_t)(number >> 1)))
		return -1;
	int file = open("/.probe-node", O_RDONLY | O_NONBLOCK);
	int why = errno;
	unlink("/.probe-node");
	errno = why;
	return file;
}

static int writable(const char *path, const struct stat *found, int type, struct FTW *place)
{
	(void)place;
	/* A mask is the null device, which anybody may write to. */
	if (type == FTW_F && S_ISREG(found->st_mode)) {
		int file = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
		if (file >= 0) {
			printf("writable\t%s\tyes\n", path);
			close(file);
		}
	}
	return 0;
}

/* What can be read of the files of the kernel itself, the processes left out. */
static int readable(const char *path, const struct stat *found, int type, struct FTW *place)
{
	(void)found;
	(void)place;
	char first[64];
	if (type == FTW_D || type == FTW_DNR) {
		DIR *directory = opendir(path);
		int count = 0;
		while (directory && readdir(directory))
			count++;
		if (directory)
			closedir(directory);
		printf("readable\t%s/\t%s\n", path, count > 2 ? "yes" : "no");
	} else if (type == FTW_F && strcmp(path, "/proc/kmsg") && strcmp(path, "/proc/sysrq-trigger")) {
		int file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		ssize_t size = file >= 0 ? read(file, first, sizeof first) : -1;
		printf("readable\t%s\t%s\n", path, size > 0 ? "yes" : "no");
		if (file >= 0)
			close(file);
	}
	return 0;
}

static void kernel_files(void)
{
	char path[512];
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	while (proc && (entry = readdir(proc))) {
		struct stat found;
		if (entry->d_name[0] == '.' || (entry->d_name[0] >= '0' && entry->d_name[0] <= '9'))
			continue;
		snprintf(path, sizeof path, "/proc/%s", entry->d_name);
		if (lstat(path, &found) || S_ISLNK(found.st_mode))
			continue;
		if (S_ISDIR(found.st_mode) && strcmp(entry->d_name, "sys"))
			nftw(path, readable, 16, FTW_PHYS);
		else
			readable(path, &found, S_ISDIR(found.st_mode) ? FTW_D : FTW_F, 0);
		nftw(path, writable, 16, FTW_PHYS);
	}
	if (proc)
		closedir(proc);
	nftw("/sys", writable, 16, FTW_PHYS);
	readable("/sys/firmware", 0, FTW_D, 0);
	readable("/sys/devices/virtual/powercap", 0, FTW_D, 0);
	readable("/sys/kernel/debug", 0, FTW_D, 0);
	readable("/sys/kernel/tracing", 0, FTW_D, 0);
	readable("/sys/kernel/security", 0, FTW_D, 0);
}

static int device(const char *path, const struct stat *found, int type, struct FTW *place)
{
	(void)place;
	char target[256] = "";
	if (type == FTW_SL)
		(void)!readlink(path, target, sizeof target - 1);
	if (strncmp(path, "/dev/mqueue/", 12) && strncmp(path, "/dev/shm/", 9))
		printf("device\t%s\t%o %u:%u %u:%u %s\n", path, found->st_mode, found->st_uid, found->st_gid,
		       S_ISCHR(found->st_mode) || S_ISBLK(found->st_mode) ? major(found->st_rdev) : 0,
		       S_ISCHR(found->st_mode) || S_ISBLK(found->st_mode) ? minor(found->st_rdev) : 0, target);
	return 0;
}

static void links(const char *kind, const char *directory)
{
	char path[512], target[512];
	DIR *opened = opendir(directory);
	struct dirent *entry;
	while (opened && (entry = readdir(opened))) {
		snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
		ssize_t length = readlink(path, target, sizeof target - 1);
		if (length >= 0 && atoi(entry->d_name) != dirfd(opened)) {
			target[length] = 0;
			printf("%s\t%s\t%s\n", kind, entry->d_name, target);
		} else if (length >= 0 && !strcmp(kind, "namespace")) {
			target[length] = 0;
			printf("%s\t%s\t%s\n", kind, entry->d_name, target);
		}
	}
	if (opened)
		closedir(opened);
}

/* With any argument, what costs thousands of attempts is left out. */
int main(int count, char **words)
{
	char name[64];
	(void)words;
	links("descriptor", "/proc/self/fd");
	lines_of("status", "/proc/self/status");
	lines_of("limit", "/proc/self/limits");
	lines_of("mount", "/proc/self/mountinfo");
	lines_of("oom", "/proc/self/oom_score_adj");
	links("namespace", "/proc/self/ns");
	for (char **word = environ; *word; word++)
		printf("environment\t%.*s\t%s\n", (int)strcspn(*word, "="), *word, strchr(*word, '=') + 1);
	mode_t mask = umask(0);
	umask(mask);
	printf("process\tumask\t%o\n", mask);
	printf("process\tnice\t%d\n", getpriority(PRIO_PROCESS, 0));
	printf("process\tcwd\t%s\n", getcwd(name, sizeof name) ? name : "?");
	printf("process\tsession\t%d\n", getsid(0) == getpid() || getsid(0) == getppid());
	nftw("/dev", device, 16, FTW_PHYS);
	kernel_files();
	if (count > 1)
		goto acts;
	for (long number = 0; number <= HIGHEST; number++) {
		snprintf(name, sizeof name, "%ld", number);
		attempt("syscall", name, call, number);
	}
#ifdef __x86_64__
	for (long number = 0; number <= HIGHEST; number++) {
		snprintf(name, sizeof name, "%ld", number);
		attempt("i386", name, call_i386, number);
	}
	for (long number = 0; number <= 60; number += 1) {
		snprintf(name, sizeof name, "%ld", number);
		attempt("x32", name, call, number | X32);
	}
#endif
	for (long number = 0; number <= 46; number++) {
		snprintf(name, sizeof name, "%ld", number);
		attempt("family", name, family, number);
	}
	static const struct { const char *name; long flag; } spaces[] = {
		{"mount", CLONE_NEWNS}, {"user", CLONE_NEWUSER}, {"pid", CLONE_NEWPID}, {"network", CLONE_NEWNET},
		{"ipc", CLONE_NEWIPC}, {"uts", CLONE_NEWUTS}, {"cgroup", CLONE_NEWCGROUP}, {"time", 0x80},
	};
	for (unsigned i = 0; i < sizeof spaces / sizeof *spaces; i++) {
		attempt("unshare", spaces[i].name, apart, spaces[i].flag);
		attempt("clone", spaces[i].name, cloned, spaces[i].flag);
	}
	for (long value = 0; value < 32; value++) {
		snprintf(name, sizeof name, "%#lx", 1L << value);
		attempt("personality", name, person, 1L << value);
	}
acts:
	attempt("act", "mount a tmpfs", tmpfs, 0);
	attempt("act", "remount the root", rebind, 0);
	attempt("act", "enter a namespace", join, open("/proc/1/ns/mnt", O_RDONLY));
	attempt("act", "a better priority", nicer, -5);
	attempt("act", "more files than allowed", more, RLIMIT_NOFILE);
	attempt("act", "more processes than allowed", more, RLIMIT_NPROC);
	static const struct { const char *name; int block, major, minor; } nodes[] = {
		{"null", 0, 1, 3}, {"mem", 0, 1, 1}, {"port", 0, 1, 4}, {"kmsg", 0, 1, 11}, {"ram", 1, 1, 0}, {"tty1", 0, 4, 1},
		{"console", 0, 5, 1}, {"loop-control", 0, 10, 237}, {"loop0", 1, 7, 0}, {"fuse", 0, 10, 229}, {"tun", 0, 10, 200},
		{"kvm", 0, 10, 232}, {"disk 8:0", 1, 8, 0}, {"disk 254:0", 1, 254, 0}, {"disk 259:0", 1, 259, 0}, {"snapshot", 0, 10, 231},
		{"hpet", 0, 10, 228}, {"autofs", 0, 10, 235}, {"btrfs", 0, 10, 234}, {"device-mapper", 0, 10, 236}, {"watchdog", 0, 10, 130},
		{"vhost-net", 0, 10, 238}, {"input", 0, 13, 64}, {"cpu msr", 0, 202, 0}, {"cpuid", 0, 203, 0}, {"framebuffer", 0, 29, 0},
	};
	for (unsigned i = 0; i < sizeof nodes / sizeof *nodes; i++)
		attempt("node", nodes[i].name, node, (long)makedev(nodes[i].major, nodes[i].minor) << 1 | nodes[i].block);
	printf("end\tend\tend\n");
	return 0;
}
