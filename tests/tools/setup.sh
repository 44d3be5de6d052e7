# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What ./demo and ./check share: packages and builds.

BUILD_PACKAGES=(libsystemc-dev libfdt-dev device-tree-compiler libgtest-dev
    zlib1g-dev cmake ninja-build g++ gcc pkg-config)
CHECK_PACKAGES=(python3 binutils clang clang-format qemu-system-arm ipxe-qemu
    abigail-tools pciutils xz-utils)
# What runs in the guest of the boot tests is compiled by it.
[ "$(uname -m)" = aarch64 ] ||
    CHECK_PACKAGES+=(gcc-aarch64-linux-gnu libc6-dev-arm64-cross)

# say TEXT...: a line about what happens now.
say() {
    printf '== %s\n' "$*"
}

# quiet LOG COMMAND...: run it, show the end of its output only if it fails.
quiet() {
    local log=$1
    shift
    mkdir -p "$(dirname "$log")"
    if ! "$@" >"$log" 2>&1; then
        # Without ninja's lines about what went well.
        grep -v '^\[[0-9/]*\] ' "$log" | tail -n 60
        printf 'failed: %s (whole output: %s)\n' "$*" "$log"
        return 1
    fi
}

installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = \
        installed ]
}

# install_packages PACKAGE...: those that are missing, without a question.
install_packages() {
    local missing=() as_root=() package

    if ! command -v dpkg-query >/dev/null; then
        say "not a Debian system: taking what is installed"
        return
    fi
    for package in "$@"; do
        installed "$package" || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "$(id -u)" -ne 0 ]; then
        if ! sudo -n true 2>/dev/null; then
            echo "Packages are missing. As root, run this, then try again:"
            echo "apt-get update && apt-get install -y" \
                "--no-install-recommends ${missing[*]}"
            return 1
        fi
        as_root=(sudo -n)
    fi
    say "installing ${missing[*]}"
    quiet build/apt-update.log "${as_root[@]}" apt-get update &&
        quiet build/apt-install.log "${as_root[@]}" \
            env DEBIAN_FRONTEND=noninteractive \
            apt-get install -y --no-install-recommends "${missing[@]}"
}

# build PRESET [TARGET]: configure and build a preset of CMakePresets.json.
build() {
    local preset=$1 werror=${IOVP_WERROR:-OFF}

    [ "$preset" != clang ] || werror=ON
    say "building $preset (log: build/log/build-$preset.log)"
    quiet "build/log/configure-$preset.log" cmake --preset "$preset" \
        "-DIOVP_WERROR=$werror" &&
        quiet "build/log/build-$preset.log" cmake --build --preset "$preset" \
            --parallel "$(nproc)" ${2:+--target "$2"}
}
