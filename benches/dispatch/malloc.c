/* Counts the calls of malloc and similar functions in a program's first thread,
 * including those from shared objects, and prints the sum when the program ends.
 * A counting allocator in Rust would only see the executable's calls. LD_PRELOAD
 * puts this before the C library, which must be glibc. `measure counts` compiles it. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static __thread unsigned long calls;

void *malloc(size_t size)
{
    calls++;
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    calls++;
    return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    calls++;
    return __libc_realloc(old, size);
}

void *memalign(size_t align, size_t size)
{
    calls++;
    return __libc_memalign(align, size);
}

void *aligned_alloc(size_t align, size_t size)
{
    return memalign(align, size);
}

int posix_memalign(void **out, size_t align, size_t size)
{
    void *made = memalign(align, size);
    if (!made)
        return ENOMEM;
    *out = made;
    return 0;
}

/* Runs on the thread that calls exit. */
__attribute__((destructor)) static void tell(void)
{
    fprintf(stderr, "malloc: %lu\n", calls);
}
