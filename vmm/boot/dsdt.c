#include "vmm/boot/dsdt.h"

const uint8_t dsdt_aml[] = {
#include "vmm/boot/dsdt.inc" /* made from dsdt.asl by the Makefile */
};
const size_t dsdt_aml_len = sizeof(dsdt_aml);
