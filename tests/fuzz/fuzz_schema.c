/* Configuration files: no input crashes or hangs, and what is accepted prints to a text that reads
 * back to the same text. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/config.h"
#include "vmm/config_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static char *reprint(const char *text, size_t len, struct schema_report *report)
{
	struct schema_node *node = schema_parse("/f", text, len, report);
	struct vm_config config;
	char *printed = NULL;

	schema_defaults(&vm_config_table, &config);
	if (node)
		schema_apply(&vm_config_table, node, &config, report);
	assert(node || report->nr);
	if (!report->nr) {
		vm_config_resolve(&config);
		vm_config_check(&config, report);
		printed = vm_config_print(&config);
	}
	schema_node_free(node);
	vm_config_fini(&config);
	return printed;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct schema_report report = { 0 }, second = { 0 };
	char *printed = reprint((const char *)data, len, &report), *again = NULL;

	if (printed) {
		again = reprint(printed, strlen(printed), &second);
		assert(again && !strcmp(printed, again));
	}
	free(printed);
	free(again);
	schema_report_fini(&report);
	schema_report_fini(&second);
	return 0;
}
