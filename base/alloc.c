#include "base/alloc.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void *or_die(void *ptr)
{
	static const char message[] = "situ: out of memory; free memory and try again\n";

	if (!ptr) {
		fputs(message, stderr);
		abort();
	}
	return ptr;
}

void *alloc_zeroed(size_t nr, size_t size)
{
	return or_die(calloc(nr ? nr : 1, size ? size : 1));
}

void *alloc_resize(void *old, size_t nr, size_t size)
{
	return or_die(reallocarray(old, nr ? nr : 1, size ? size : 1));
}

char *alloc_string(const char *text)
{
	return or_die(strdup(text));
}

char *alloc_printf(const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	return or_die(text);
}
