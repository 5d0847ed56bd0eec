#ifndef SITU_TESTS_KVM_TINY_KERNEL_H
#define SITU_TESTS_KVM_TINY_KERNEL_H

#include <stddef.h>
#include <stdint.h>

/* A PVH kernel of a few bytes of 32-bit code at 1 MiB, in a new file whose name it writes. */
#define TINY_KERNEL_PATH 32
void tiny_kernel_write(char path[TINY_KERNEL_PATH], const uint8_t *code, size_t len);

/* mov $port, %edx; mov $value, %al; out %al, (%dx) */
#define OUT(port, value) 0xba, (port)&0xff, (port) >> 8, 0, 0, 0xb0, (value), 0xee
#define STOP		 0xeb, 0xfe
#define POWER_OFF	 OUT(PORT_SLEEP_CTL, 0x20 | SLEEP_TYPE_S5 << 2)
/* mov $EVENT, %edx; 1: in (%dx), %al; test $1, %al; jz 1b: waits for the power button */
#define AWAIT_BUTTON \
	0xba, PORT_EVENT & 0xff, PORT_EVENT >> 8, 0, 0, 0xec, 0xa8, EVENT_POWER_BUTTON, 0x74, 0xfb

#endif
