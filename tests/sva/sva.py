#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""sva.py IOVP FOLDER: processes share their page tables with the DMA engine.

IOVP is the command, FOLDER is for what is made.  The kernel comes from
build_kernel.sh.  Exit status 77: not possible here, and the reason is said.
"""
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
BOOT = os.path.normpath(os.path.join(HERE, "../boot"))
sys.path.insert(0, BOOT)
import boot  # noqa: E402
import initramfs  # noqa: E402

CHECKS = ["fault", "copy", "zero", "file", "drop", "readonly", "unmapped",
          "isolated", "unbound", "ended", "killed", "recycled", "quiet"]
FAULTS = 5  # operations that fail: readonly, unmapped, unbound, ended, killed


def build_kernel():
    done = subprocess.run([os.path.join(HERE, "build_kernel.sh")], text=True,
                          capture_output=True)
    if done.returncode == 77:
        boot.skip(done.stderr.strip().splitlines()[-1])
    if done.returncode:
        sys.exit(f"build_kernel.sh: {done.stderr}")
    return done.stdout.strip()


def build_guest(folder, kernel):
    init = os.path.join(folder, "init")
    boot.run(boot.CROSS, "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror",
             "-static", "-o", init, *boot.sources(HERE, ".c"),
             *(os.path.join(BOOT, f"init_{name}.c")
               for name in ("files", "log")))
    path = os.path.join(folder, "initramfs")
    with open(path, "wb") as file:
        file.write(initramfs.build({
            "init": boot.read(init),
            "iovp_sva.ko": boot.read(os.path.join(kernel, "iovp_sva.ko"))}))
    return path


def judge_checks(judge, said):
    results = [(word, *rest.split(" ", 1)) for word, rest in said
               if word in judge.count]
    for name, (word, done, *text) in zip(CHECKS, results):
        judge.say(word if done == name else "fail", name,
                  text[0] if text else "")
    judge.check("end", ("end", "") in said and len(results) == len(CHECKS),
                f"{len(results)} of {len(CHECKS)} checks")


def engine_rows(text):
    """{PASID: counts} of the engine's rows in a result in JSON."""
    streams = json.loads(text or "{}").get("streams", ())
    return {row["pasid"]: [row[key] for key in ("transfers", "bytes", "faults")]
            for row in streams if row["device"].startswith("engine@")}


def judge_table(judge, rows):
    faults = sum(row[-1] for row in rows.values())
    judge.check("table", faults == FAULTS,
                f"pasids={len(rows)} faults={faults}")


def judge_replay(judge, iovp, trace, rows):
    done = subprocess.run([iovp, "replay", boot.TREE, trace, "--json", "--mode",
                           "functional", "--quiet"], capture_output=True,
                          text=True)
    again = engine_rows(done.stdout)
    judge.check("replay", again == rows, f"pasids={len(again)}" if again == rows
                else f"{rows} {again} {done.stderr}")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    iovp, folder = map(os.path.abspath, sys.argv[1:])
    judge = boot.Judge("sva")
    boot.have(boot.QEMU, "qemu-system-arm")
    boot.have(boot.CROSS, "gcc-aarch64-linux-gnu")
    os.makedirs(folder, exist_ok=True)
    kernel = build_kernel()
    trace = os.path.join(folder, "sva.iovt")
    done = boot.Run(folder, "console", [
        iovp, "boot", boot.TREE, "--json", "--trace", trace,
        "--kernel", os.path.join(kernel, "Image"),
        "--initrd", build_guest(folder, kernel), "--smp", "4",
        "--append", "console=ttyAMA0 panic=-1 printk.devkmsg=on"])
    judge_checks(judge, done.said())
    rows = engine_rows("\n".join(done.lines[len(done.console()):]))
    judge_table(judge, rows)
    judge.check("status", done.status == 0, str(done.status))
    judge_replay(judge, iovp, trace, rows)
    sys.exit(judge.end(done.console()[-40:]))


if __name__ == "__main__":
    main()
