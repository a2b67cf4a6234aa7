/* See cksum.h. A bit at a time: small, and fast enough for an example. */
#include <cksum.h>

#ifndef CKSUM_VERSION
#define CKSUM_VERSION "1.0"
#endif

static uint32_t step(uint32_t crc, unsigned char byte)
{
    crc ^= (uint32_t)byte << 24;
    for (int bit = 0; bit < 8; bit++)
        crc = crc & 0x80000000u ? crc << 1 ^ 0x04C11DB7u : crc << 1;
    return crc;
}

void cksum_update(struct cksum *sum, const void *bytes, size_t count)
{
    const unsigned char *at = bytes;
    for (size_t i = 0; i < count; i++)
        sum->crc = step(sum->crc, at[i]);
    sum->length += count;
}

uint32_t cksum_value(const struct cksum *sum)
{
    uint32_t crc = sum->crc;
    for (uint64_t length = sum->length; length != 0; length >>= 8)
        crc = step(crc, (unsigned char)length);
    return ~crc;
}

const char *cksum_version(void)
{
    return CKSUM_VERSION;
}
