/* Flags: the first byte picks one of the VM's, the rest is its text, line by line a flag more. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/config.h"
#include "vmm/config_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void take(struct schema_node *root, const char *line, struct schema_report *report)
{
	size_t nr;
	struct schema_flag *flags = schema_flags(&vm_config_table, &nr);

	if (*line)
		schema_take_flag(root, &flags[(unsigned char)*line % nr], line + 1, report);
	free(flags);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = strndup((const char *)data, len), *rest = NULL, *line;
	struct schema_node *root = schema_node_new();
	struct schema_report report = { 0 };
	struct vm_config config;

	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		take(root, line, &report);
	schema_defaults(&vm_config_table, &config);
	schema_apply(&vm_config_table, root, &config, &report);
	if (!report.nr) {
		vm_config_resolve(&config);
		vm_config_check(&config, &report);
		free(vm_config_print(&config));
	}
	vm_config_fini(&config);
	schema_node_free(root);
	schema_report_fini(&report);
	free(text);
	return 0;
}
