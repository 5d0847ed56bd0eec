/* Writes what is made from the VM's table: "generate man" the page situ.yaml(5), "generate
 * completion" the completion for bash. A program of the build. */
#include <stdio.h>
#include <string.h>

#include "cli/schema_doc.h"
#include "vmm/config_table.h"

static const char man_head[] =
	".Dd November 20, 2026\n"
	".Dt SITU.YAML 5\n"
	".Os\n"
	".Sh NAME\n"
	".Nm situ.yaml\n"
	".Nd configuration of a VM\n"
	".Sh DESCRIPTION\n"
	"A VM is described by YAML or JSON files, by flags of\n"
	".Xr situ 1 ,\n"
	"or by both.\n"
	"Names are those of Cloud Hypervisor;\n"
	".Cm name , placement\n"
	"and\n"
	".Cm tune\n"
	"are situ's own.\n"
	".Pp\n"
	"Files are read from left to right, then the flags; what comes later overrides key by "
	"key,\n"
	"a list as a whole.\n"
	"The option\n"
	".Fl -print-config\n"
	"prints the result with all defaults filled in.\n"
	".Ss Values\n"
	"Truth values are\n"
	".Cm true , false , on , off , yes\n"
	"and\n"
	".Cm no .\n"
	"Sizes are bytes or end in\n"
	".Cm K , M , G\n"
	"or\n"
	".Cm T .\n"
	"Numbers are decimal, without leading zeros.\n"
	"CPUs are a number, a text such as \\(dq0-3,8\\(dq, or a list of these.\n"
	"Anchors, aliases, tags, repeated keys and second documents are errors.\n"
	".Ss Flags\n"
	"A flag takes the keys of its object as\n"
	".Ar key Ns = Ns Ar value , Ns ... ;\n"
	"lists stand in brackets, keys may be dotted, and double quotes keep commas:\n"
	".Bd -literal -offset indent\n"
	"--cpus boot=8,topology=2:4:1:1,affinity=[0@[4],1@[5-6]]\n"
	"--memory size=16G,hugepages=on,hugepage_size=1G\n"
	"--memory-zone id=a,size=8G,host_numa_node=0\n"
	"--numa guest_numa_id=0,cpus=[0-3],distances=[1@20],memory_zones=[a]\n"
	"--placement cpu=compact,nodes=[0],traffic.pattern=ring\n"
	".Ed\n"
	".Pp\n"
	"A flag of a list, such as\n"
	".Fl -numa ,\n"
	"may be repeated and adds an item each time.\n";

static const char man_tail[] = ".Sh EXAMPLES\n"
			       ".Bd -literal -offset indent\n"
			       "name: db\n"
			       "payload: {kernel: /boot/vmlinuz, initramfs: /boot/initrd.img}\n"
			       "cpus: 8\n"
			       "memory: {size: 16G, hugepages: true}\n"
			       "placement: {cpu: compact, nodes: [0], avoid: \\(dq0-1\\(dq}\n"
			       ".Ed\n"
			       ".Sh SEE ALSO\n"
			       ".Xr situ 1\n";

/* Commands and their options come from situ itself, so they are always those of the program. */
static const char completion_tail[] =
	"_situ_options()\n"
	"{\n"
	"\tsitu \"$@\" --help 2>/dev/null | sed -n 's/^  \\(-h, "
	"\\)\\{0,1\\}\\(--[a-z-]*\\).*/\\2/p'\n"
	"}\n"
	"_situ()\n"
	"{\n"
	"\tlocal line=${COMP_LINE:0:COMP_POINT} word flag rest last words\n"
	"\tword=${line##* }\n"
	"\trest=${line% *}\n"
	"\tflag=${rest##* }\n"
	"\tlast=${word##*,}\n"
	"\tCOMPREPLY=()\n"
	"\tif [ \"$COMP_CWORD\" = 1 ]; then\n"
	"\t\twords=$(situ --help 2>/dev/null | sed -n 's/^  \\([a-z][a-z]*\\) .*/\\1/p')\n"
	"\telif [ \"${word#-}\" != \"$word\" ]; then\n"
	"\t\twords=$(_situ_options \"${COMP_WORDS[1]}\")\n"
	"\telif [ \"${last%%=*}\" != \"$last\" ]; then\n"
	"\t\twords=$(_situ_values \"$flag.${last%%=*}\")\n"
	"\t\tlast=${last#*=}\n"
	"\telse\n"
	"\t\twords=\"$(_situ_values \"$flag\") $(_situ_keys \"$flag\")\"\n"
	"\tfi\n"
	"\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$last\")\n"
	"\t# What readline replaces begins after its own last word break, = or :.\n"
	"\tword=${word##*[=:]}\n"
	"\tword=${word%\"$last\"}\n"
	"\tCOMPREPLY=(\"${COMPREPLY[@]/#/$word}\")\n"
	"\tif [ ${#COMPREPLY[@]} = 1 ] && [ \"${COMPREPLY[0]%=}\" != \"${COMPREPLY[0]}\" ]; then\n"
	"\t\tcompopt -o nospace\n"
	"\tfi\n"
	"}\n"
	"complete -o default -F _situ situ\n";

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "man")) {
		fputs(man_head, stdout);
		schema_doc_man(stdout, &vm_config_table);
		fputs(man_tail, stdout);
	} else if (argc == 2 && !strcmp(argv[1], "completion")) {
		printf("# shellcheck shell=bash\n# Completion of situ(1) for bash.\n");
		schema_doc_completion(stdout, &vm_config_table);
		fputs(completion_tail, stdout);
	} else {
		fprintf(stderr, "usage: generate man|completion\n");
		return 2;
	}
	return ferror(stdout) || fflush(stdout) ? 1 : 0;
}
