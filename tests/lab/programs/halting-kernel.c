/* Prints the path of a new PVH kernel that halts for ever: a guest that costs no time. */
#include <stdio.h>

#include "tests/kvm/tiny_kernel.h"

int main(void)
{
	static const uint8_t halt[] = { 0xfa, 0xf4, 0xeb, 0xfd }; /* cli; hlt; for ever */
	char path[TINY_KERNEL_PATH];

	tiny_kernel_write(path, halt, sizeof(halt));
	puts(path);
	return 0;
}
