/* The parts of the library that the module calls, with types that Rust can declare.
 * It is compiled with the library's own headers, so it does not matter if another
 * version of the library has other structures. */
#include <cksum.h>
#include <stdlib.h>

struct cksum *mod_cksum_new(void)
{
    return calloc(1, sizeof(struct cksum));
}

void mod_cksum_update(struct cksum *sum, const unsigned char *bytes, size_t count)
{
    cksum_update(sum, bytes, count);
}

uint32_t mod_cksum_value(const struct cksum *sum)
{
    return cksum_value(sum);
}

void mod_cksum_free(struct cksum *sum)
{
    free(sum);
}

const char *mod_cksum_version(void)
{
    return cksum_version();
}
