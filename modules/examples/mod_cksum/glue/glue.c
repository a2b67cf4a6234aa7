/* What of the library the module calls, in types that Rust knows by themselves:
 * compiled with the library's own headers, so that a library whose structures are
 * others than they were is no harm. */
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
