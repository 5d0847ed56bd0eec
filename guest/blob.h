#ifndef SITU_GUEST_BLOB_H
#define SITU_GUEST_BLOB_H

#include <stdint.h>

/* The built-in guest as a flat image, to be put at GUEST_LOAD_ADDRESS (guest/abi.h); it begins with
 * a struct guest_header. Constant; any thread. */
extern const unsigned char guest_payload[];
extern const uint64_t guest_payload_len; /* bytes */

#endif
