/* Preloaded into user-mode-linux on processors whose extended state (AMX) is larger than the 2,696 bytes it knows:
 * PTRACE_SETREGSET of NT_X86_XSTATE takes the whole state or nothing (arch/x86/kernel/fpu/regset.c), so the rest is
 * filled up from the process's present state. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

#define XSTATE_BV 512        /* offset of the bitmap of components that are present */
#define TILES (3ull << 17)   /* AMX: configuration and data */

typedef long (*ptrace_call)(enum __ptrace_request, pid_t, void *, void *);

long ptrace(enum __ptrace_request request, ...) {
  static ptrace_call real;
  static char whole[65536];
  va_list arguments;
  va_start(arguments, request);
  pid_t pid = va_arg(arguments, pid_t);
  void *address = va_arg(arguments, void *);
  void *data = va_arg(arguments, void *);
  va_end(arguments);
  if (!real) real = (ptrace_call)dlsym(RTLD_NEXT, "ptrace");
  if (request != PTRACE_SETREGSET || (uintptr_t)address != NT_X86_XSTATE) return real(request, pid, address, data);
  struct iovec *given = data, full = {whole, sizeof whole};
  if (real(PTRACE_GETREGSET, pid, address, &full) < 0) return -1;
  memcpy(whole, given->iov_base, given->iov_len < full.iov_len ? given->iov_len : full.iov_len);
  *(uint64_t *)(whole + XSTATE_BV) &= ~TILES;
  return real(PTRACE_SETREGSET, pid, address, &full);
}
