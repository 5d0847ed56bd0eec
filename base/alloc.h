#ifndef SITU_BASE_ALLOC_H
#define SITU_BASE_ALLOC_H

#include <stddef.h>
#include <stdlib.h>

/*
 * Small allocations of the control path. Any thread.
 *
 * None of these returns NULL: a process that cannot get a few kilobytes cannot report that either,
 * so it ends with a message. Sizes never come from the guest, and sizes that come from a file are
 * bounded by its reader first. Guest memory is never taken here (numa/memory.h).
 */
void *alloc_zeroed(size_t nr, size_t size); /* nr * size, overflow checked */
void *alloc_resize(void *old, size_t nr, size_t size); /* new bytes are not cleared */
char *alloc_string(const char *text); /* a copy */
char *alloc_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* For locals: char *text __attribute__((cleanup(free_ptr))) or the short form below. */
static inline void free_ptr(void *ptr)
{
	free(*(void **)ptr);
}
#define AUTO_FREE __attribute__((cleanup(free_ptr)))

#endif
