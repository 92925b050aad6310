/* The stand-in's bin/obproxy: an ELF of that name, so that ps, /proc/PID/exe and comm
 * look as they do for the real one. It runs the Python code of ../lib/standin in this very
 * process, with the host's libpython: no other program is executed. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#if defined(__x86_64__) && defined(__GLIBC__)
/* Built on a new host, run on EL7 and EL8: bound to the oldest symbols of glibc, which need
 * the start-up code below in place of the compiler's own (-nostartfiles). */
__asm__(".symver dlopen, dlopen@GLIBC_2.2.5");
__asm__(".symver dlsym, dlsym@GLIBC_2.2.5");
__asm__(".symver __libc_start_main, __libc_start_main@GLIBC_2.2.5");
__asm__(".globl _start\n"
        "_start:\n"
        "    xor %ebp, %ebp\n"
        "    mov %rdx, %r9\n"
        "    pop %rsi\n"
        "    mov %rsp, %rdx\n"
        "    and $-16, %rsp\n"
        "    push %rax\n"
        "    push %rsp\n"
        "    xor %r8d, %r8d\n"
        "    xor %ecx, %ecx\n"
        "    lea main(%rip), %rdi\n"
        "    call *__libc_start_main@GOTPCREL(%rip)\n"
        "    hlt\n");
#endif

static const char *const LIBRARIES[] = {
    "libpython3.11.so.1.0", "libpython3.12.so.1.0", "libpython3.13.so.1.0", "libpython3.10.so.1.0",
    "libpython3.9.so.1.0", "libpython3.8.so.1.0", "libpython3.7m.so.1.0", "libpython3.6m.so.1.0",
    "libpython3.14.so.1.0", NULL,
};

static const char BOOTSTRAP[] =
    "import sys; sys.path.insert(0, sys.argv.pop(1)); del sys.argv[0]; "
    "from standin.main import main; main(sys.argv)";

typedef int bytes_main(int, char **);
typedef int wide_main(int, wchar_t **);
typedef wchar_t *decode(const char *, size_t *);

/* PACKAGE/bin/obproxy -> PACKAGE/lib, through any link that led here */
static int library_folder(char *folder, size_t size)
{
    ssize_t length = readlink("/proc/self/exe", folder, size - 8);
    int parts = 2;

    if (length <= 0)
        return -1;
    folder[length] = '\0';
    while (parts-- > 0) {
        char *slash = strrchr(folder, '/');
        if (slash == NULL)
            return -1;
        *slash = '\0';
    }
    strcat(folder, "/lib");
    return 0;
}

static void *open_python(void)
{
    const char *wanted = getenv("OBPROXY_STANDIN_LIBPYTHON");
    void *library = NULL;
    int i;

    if (wanted != NULL && *wanted != '\0')
        return dlopen(wanted, RTLD_NOW | RTLD_GLOBAL);
    for (i = 0; library == NULL && LIBRARIES[i] != NULL; i++)
        library = dlopen(LIBRARIES[i], RTLD_NOW | RTLD_GLOBAL);
    return library;
}

static int run(void *library, int count, char **args)
{
    bytes_main *run_bytes = (bytes_main *)dlsym(library, "Py_BytesMain");
    wide_main *run_wide;
    decode *to_wide;
    wchar_t **wide;
    int i;

    if (run_bytes != NULL)
        return run_bytes(count, args);
    /* Python 3.6 and 3.7 */
    run_wide = (wide_main *)dlsym(library, "Py_Main");
    to_wide = (decode *)dlsym(library, "Py_DecodeLocale");
    wide = calloc((size_t)count + 1, sizeof *wide);
    if (run_wide == NULL || to_wide == NULL || wide == NULL)
        return 1;
    for (i = 0; i < count; i++)
        wide[i] = to_wide(args[i], NULL);
    return run_wide(count, wide);
}

int main(int argc, char **argv)
{
    char *const before[] = {argv[0], "-I", "-S", "-B", "-c", (char *)BOOTSTRAP, NULL};
    const int fixed = 6;
    char folder[PATH_MAX + 8];
    void *library = open_python();
    char **args = calloc((size_t)argc + fixed + 2, sizeof *args);
    int i;

    if (library == NULL || args == NULL || library_folder(folder, sizeof folder) != 0) {
        fprintf(stderr, "obproxy (stand-in): no libpython3 on this host (Debian: libpython3.11, "
                        "EL: python3-libs)\n");
        return 1;
    }
    for (i = 0; i < fixed; i++)
        args[i] = before[i];
    args[fixed] = folder;
    for (i = 0; i < argc; i++)
        args[fixed + 1 + i] = argv[i];
    return run(library, argc + fixed + 1, args);
}
