# For benches/run and benches/peers/run: what a run says of its machine.

processor() {
    sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1
}

machine() {
    echo "commit: $(git rev-parse HEAD 2>/dev/null || echo unknown)$(git diff --quiet HEAD 2>/dev/null || echo ', with changes')"
    echo "processor: $(processor), $(nproc) of them$(grep -q hypervisor /proc/cpuinfo && echo ', a virtual machine')"
    echo "memory: $(sed -n 's/^MemTotal: *//p' /proc/meminfo)"
    echo "system: $(sed -n 's/^PRETTY_NAME="\(.*\)"/\1/p' /etc/os-release), Linux $(uname -r), $(getconf GNU_LIBC_VERSION)"
    echo "user: $(id -un)"
    echo "compiler: $(rustc --version), $(cc --version | head -1)"
    echo "compiler's environment: $(env | grep -E '^(RUSTFLAGS|CARGO_(BUILD|PROFILE|ENCODED)_.*)=' | tr '\n' ' ')"
}

# begun COMMAND: records the time, and other work on the machine.
begun() {
    echo "$1: $(date -u +%Y-%m-%dT%H:%MZ), load $(cut -d' ' -f1-3 /proc/loadavg)"
}

# A run's name: its day, the processor and how many there are, or BENCH_MACHINE.
run_name() {
    echo "$(date -u +%Y-%m-%d)-${BENCH_MACHINE-$(processor | sed 's/([^)]*)//g' | tr -cs '[:alnum:]\n' - | tr '[:upper:]' '[:lower:]')-$(nproc)}"
}
