/* The checksum of cksum(1), as POSIX defines it. A small C library, as a stand-in
 * for any that a module may need. */
#ifndef CKSUM_H
#define CKSUM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The state of one sum; begins as all zeros. */
struct cksum {
    uint32_t crc;
    uint64_t length;
};

/* Takes in the bytes that follow. */
void cksum_update(struct cksum *sum, const void *bytes, size_t count);

/* The sum of all bytes so far. */
uint32_t cksum_value(const struct cksum *sum);

/* The library's version, for as long as the library is there. */
const char *cksum_version(void);

#ifdef __cplusplus
}
#endif

#endif
