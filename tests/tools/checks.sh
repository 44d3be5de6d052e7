# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# The parts of ./check.  Every test case and every check counts once.

passed=0
failed=0
skipped=0

# run_check NAME COMMAND...: status 77 means skipped; its output says why.
run_check() {
    local name=$1 status=0
    shift
    "$@" >build/log/check.log 2>&1 || status=$?
    case $status in
    0)
        printf 'ok      %s\n' "$name"
        passed=$((passed + 1))
        ;;
    77)
        printf 'skipped %s: %s\n' "$name" "$(tail -n 1 build/log/check.log)"
        skipped=$((skipped + 1))
        ;;
    *)
        printf 'FAILED  %s\n' "$name"
        head -n 60 build/log/check.log | sed 's/^/    /'
        failed=$((failed + 1))
        ;;
    esac
}

# run_tests PRESET CTEST-ARGUMENT...: build, run and count its test cases.
run_tests() {
    local preset=$1 log=build/log/test-$1.log counts p f s
    shift
    if ! build "$preset"; then
        printf 'FAILED  build of %s\n' "$preset"
        failed=$((failed + 1))
        return
    fi
    say "testing $preset (log: $log)"
    ctest --preset "$preset" -V -j "$(nproc)" "$@" >"$log" 2>&1 || true
    counts=$(tests/tools/count.py "$log" "$preset")
    sed '$d' <<<"$counts"
    read -r p f s < <(tail -n 1 <<<"$counts")
    printf 'ran     %s: %s passed, %s failed, %s skipped\n' \
        "$preset" "$p" "$f" "$s"
    passed=$((passed + p))
    failed=$((failed + f))
    skipped=$((skipped + s))
}

check_sources() {
    local rule

    say "checking the sources"
    run_check "the rules detect violations" tests/tools/layering.py --self-test
    for rule in $(tests/tools/layering.py --list); do
        run_check "rule: $rule" tests/tools/layering.py "$rule"
    done
    run_check "the rules of public headers detect violations" \
        tests/tools/header.py --self-test
    run_check "public headers" tests/tools/header.py capi/iovp.h \
        models/common/iovp_attrs.h capi/iovp_unstable.h
    run_check "the comparison of symbols detects differences" \
        tests/tools/symbols.py --self-test
    run_check "clang-format" check_format
    run_check "Python binding and iovp_dl.h are what gen.py makes" \
        capi/python/gen.py --check
}

# Formatting differs between versions; the sources follow this one.
check_format() {
    local want=14 have

    have=$(clang-format --version | sed 's/.*version \([0-9]*\).*/\1/')
    if [ "$have" != "$want" ]; then
        echo "clang-format $have is installed, the sources follow $want"
        return 77
    fi
    find capi models platforms tests traces -name '*.[ch]' -o -name '*.cpp' |
        sort | xargs clang-format --dry-run 2>&1 |
        sed -n 's/^\([^ ]*\):[0-9]*:[0-9]*: warning.*/clang-format -i \1/p' |
        uniq >build/log/format
    cat build/log/format
    [ ! -s build/log/format ]
}

check_artifacts() {
    local root=$PWD/build/install

    say "checking what is installed"
    rm -rf "$root"
    run_check "install" cmake --install build --prefix "$root"
    run_check "exported symbols are those of the headers and of the list" \
        tests/tools/symbols.py build/libiovp.so capi/symbols capi/iovp.h \
        capi/iovp_unstable.h
    run_check "ABI is that of the baseline" \
        tests/tools/abi.sh build/libiovp.so
    run_check "Python binding has the compiler's layout" check_python_layout
    run_check "Python binding, installed" check_python_installed "$root"
    for standard in c99 c11 c++11 c++17 c++20; do
        for compiler in gcc clang; do
            run_check "public headers and initialisers, $compiler, $standard" \
                check_public "$compiler" "$standard"
        done
    done
    run_check "iovp_unstable.h wants to be asked for" check_unstable
    run_check "headers of the cores alone, C11" \
        check_headers c c11 -path '*/models/*' -not -path '*/tlm/*'
    run_check "SystemC headers alone, C++17" \
        check_headers c++ c++17 -path '*/tlm/*'
    run_check "C program by pkg-config" \
        check_pkg_config "$root" cc -std=c99 tests/consumer/consumer.c
    run_check "C++ program by pkg-config" \
        check_pkg_config "$root" c++ -std=c++11 -x c++ tests/consumer/consumer.c
    run_check "program that loads the library at run time" check_dl "$root"
    sed -n '/^```c$/,/^```$/p' README.md | sed '/^```/d' >build/log/readme.c
    run_check "the program in README.md" \
        check_pkg_config "$root" cc -std=c99 build/log/readme.c
    run_check "C and C++ program by find_package" \
        check_find_package "$root" OFF
    run_check "SystemC program by find_package" check_find_package "$root" ON
}

# check_header LANGUAGE STANDARD HEADER [COMPILER [OPTION]]: twice, and alone.
check_header() {
    # ISO C wants a declaration; a header of layouts has none.
    printf '#include <%s>\n#include <%s>\nextern int check;\n' "$3" "$3" |
        "${4:-cc}" -x "$1" "-std=$2" -Wall -Wextra -Wpedantic -Werror \
            ${5:+"$5"} -Ibuild/install/include -fsyntax-only -
}

# check_public COMPILER STANDARD: what programs include, as they do it.
check_public() {
    local language=c

    case $2 in c++*) language=c++ ;; esac
    {
        echo '#include <iovp/iovp_dl.h>'
        tests/tools/header.py --use capi/iovp.h models/common/iovp_attrs.h \
            capi/iovp_unstable.h
    } | "$1" -x "$language" "-std=$2" -Wall -Wextra -Wpedantic -Werror \
        -Ibuild/install/include -fsyntax-only - &&
        check_header "$language" "$2" iovp/iovp.h "$1" &&
        check_header "$language" "$2" iovp/iovp_dl.h "$1"
}

check_unstable() {
    ! check_header c c99 iovp/iovp_unstable.h 2>build/log/unstable &&
        grep -q 'define IOVP_USE_UNSTABLE' build/log/unstable &&
        check_header c c99 iovp/iovp_unstable.h cc -DIOVP_USE_UNSTABLE
}

# check_headers LANGUAGE STANDARD FIND-TEST...: installed headers, one by one.
check_headers() {
    local language=$1 standard=$2 header status=0

    shift 2
    while read -r header; do
        check_header "$language" "$standard" "$header" || status=1
    done < <(cd build/install/include && find iovp -name '*.h' "$@" | sort)
    return $status
}

# Values, sizes, offsets: what the compiler says, and what ctypes says.
check_python_layout() {
    local log=build/log/layout

    capi/python/gen.py --listing >"$log.c" &&
        cc -std=c11 -Wall -Wextra -Werror -Ibuild/install/include/iovp \
            "$log.c" -o "$log" &&
        "$log" >"$log.compiler" &&
        capi/python/gen.py --layout >"$log.python" &&
        [ -s "$log.python" ] && diff "$log.compiler" "$log.python"
}

check_python_installed() {
    local library

    library=$(find "$1" -name 'libiovp.so.?.?')
    PYTHONPATH=$1/share/iovp/python IOVP_LIBRARY=$library \
        PYTHONDONTWRITEBYTECODE=1 python3 \
        "$1/share/iovp/python/examples/explain.py"
}

# check_pkg_config ROOT COMPILER OPTION... SOURCE
check_pkg_config() {
    local libdir program=build/log/consumer

    libdir=$(dirname "$(find "$1" -name iovp.pc)")
    shift
    export PKG_CONFIG_PATH=$libdir
    # shellcheck disable=SC2046 # words are wanted
    "$1" -Wall -Wextra -Werror "${@:2}" -x none -o "$program" \
        $(pkg-config --cflags --libs iovp) &&
        LD_LIBRARY_PATH=$(dirname "$libdir") "$program"
}

check_dl() {
    local libdir

    libdir=$(dirname "$(find "$1" -name 'libiovp.so.?.?')")
    cc -std=c99 -Wall -Wextra -Werror -I"$1/include" tests/consumer/load.c \
        -o build/log/load -ldl &&
        LD_LIBRARY_PATH=$libdir build/log/load
}

# check_find_package ROOT TLM: TLM is ON or OFF.
check_find_package() {
    local dir=build/consumer-$2

    rm -rf "$dir"
    cmake -S tests/consumer -B "$dir" -G Ninja "-DCMAKE_PREFIX_PATH=$1" \
        "-DCONSUMER_TLM=$2" &&
        cmake --build "$dir" && "$dir/consumer" && "$dir/consumer_cpp" &&
        { [ "$2" = OFF ] || "$dir/consumer_tlm"; }
}

# An example that promises what it prints, or any other.
check_example() {
    local source=capi/examples/${1##*/example_}.c

    if grep -q 'Prints:' "$source" 2>/dev/null; then
        tests/tools/example_output.py "$source" "$1"
    else
        "$1"
    fi
}

# Neither the run, nor optimisation, nor the protocol checker changes a byte.
check_same_trace() {
    local dir=build/log/trace program n=0

    rm -rf "$dir" && mkdir -p "$dir"
    for program in build build build/asan; do
        n=$((n + 1))
        "$program/iovp" run platforms/arm-soc.dts --quiet --transfers 2k \
            --trace "$dir/$n.iovt" || return 1
    done
    cmp "$dir/1.iovt" "$dir/2.iovt" && cmp "$dir/1.iovt" "$dir/3.iovt"
}

total() {
    local text="$passed passed, $failed failed"

    [ "$skipped" -eq 0 ] || text+=", $skipped skipped"
    printf '%s\n' "$text"
    [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}
