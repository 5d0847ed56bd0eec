#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void fill(struct err *err, enum exit_status status, int errnum, const char *fmt, va_list ap)
{
	err->status = status;
	err->errnum = errnum;
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
}

int err_set(struct err *err, enum exit_status status, int errnum, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fill(err, status, errnum, fmt, ap);
	va_end(ap);
	return -errnum;
}

int err_sys(struct err *err, enum exit_status status, int errnum, const char *fmt, ...)
{
	char reason[128];
	size_t used;
	va_list ap;

	va_start(ap, fmt);
	fill(err, status, errnum, fmt, ap);
	va_end(ap);
	used = strlen(err->text);
	snprintf(err->text + used, sizeof(err->text) - used, ": %s",
		 strerror_r(errnum, reason, sizeof(reason)));
	return -errnum;
}

void err_context(struct err *err, const char *fmt, ...)
{
	char sentence[sizeof(err->text)];
	size_t used;
	va_list ap;

	memcpy(sentence, err->text, sizeof(sentence));
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	used = strlen(err->text);
	if (used + 3 > sizeof(err->text))
		return;
	memcpy(err->text + used, ": ", 2);
	used += 2;
	memccpy(err->text + used, sentence, '\0', sizeof(err->text) - used - 1);
	err->text[sizeof(err->text) - 1] = '\0';
}
