#include "vmm/ctl/request.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

const char *const ctl_op_names[NR_CTL_OPS] = {
	[CTL_SHOW] = "show",   [CTL_RESTORE] = "restore", [CTL_POWER_BUTTON] = "power-button",
	[CTL_PAUSE] = "pause", [CTL_RESUME] = "resume",
};

static int read_op(struct ctl_request *request, const json_t *document, struct err *err)
{
	const char *name = json_string_value(json_object_get(document, "op"));

	if (!name || json_object_size(document) != 1)
		return err_set(err, EXIT_INPUT, EINVAL,
			       "the request is not an object with the one key \"op\"");
	for (unsigned int op = 0; op < NR_CTL_OPS; op++)
		if (!strcmp(name, ctl_op_names[op])) {
			request->op = (enum ctl_op)op;
			return 0;
		}
	return err_set(err, EXIT_INPUT, EINVAL, "\"%.40s\" is nothing that a VM can be asked for",
		       name);
}

int ctl_request_parse(struct ctl_request *request, const char *bytes, size_t len, struct err *err)
{
	json_error_t error;
	json_t *document;
	int ret;

	if (len > CTL_REQUEST_MAX)
		return err_set(err, EXIT_INPUT, EINVAL, "the request is longer than %u bytes",
			       CTL_REQUEST_MAX);
	document = json_loadb(bytes, len, JSON_DISABLE_EOF_CHECK | JSON_REJECT_DUPLICATES, &error);
	if (!document && json_error_code(&error) == json_error_premature_end_of_input &&
	    len < CTL_REQUEST_MAX)
		return 0;
	ret = document ? read_op(request, document, err)
		       : err_set(err, EXIT_INPUT, EINVAL, "the request is no JSON: %.80s",
				 error.text);
	json_decref(document);
	return ret ? ret : error.position;
}
