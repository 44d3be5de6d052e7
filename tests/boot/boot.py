#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""boot.py IOVP FOLDER SCENARIO: boot a kernel with `iovp boot`, judge it.

IOVP is the command, FOLDER is for what is made: the guest's init and initramfs,
the disk, the device tree, the trace, and console.log.  Scenarios are below.
Exit status 77: not possible here, and the reason is said.
"""
import json
import os
import re
import signal
import subprocess
import sys
import time
import zlib

import initramfs

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.normpath(os.path.join(HERE, "../.."))
TREE = os.path.join(ROOT, "platforms/arm-qemu.dts")
CROSS = "aarch64-linux-gnu-gcc"
QEMU = "qemu-system-aarch64"
SECONDS = 150  # that a boot may take

# What the kernel makes of IDR0, IDR1 and IDR3 of the tree: bits of "features".
FEATURES = {
    "2_LVL_STRTAB": 0, "2_LVL_CDTAB": 1, "TT_LE": 2, "PRI": 4, "ATS": 5,
    "SEV": 6, "MSI": 7, "COHERENCY": 8, "TRANS_S1": 9, "TRANS_S2": 10,
    "STALLS": 11, "HYP": 12, "RANGE_INV": 15}
NO_FEATURES = {"TT_BE": 3, "STALL_FORCE": 13, "VAX": 14}

# Partitions of the disk: first block, blocks of 512 bytes.
DISK_BYTES = 96 << 20
PARTITIONS = [(2048, 16384), (32768, 163840)]
NVME_MIB = 64  # that the guest writes to the second one

SCENARIOS = {
    "strict": {
        "checks": ["cpus", "smmu", "nvme", "reprobe", "quiet", "pmu"],
        "append": "iommu.strict=1", "group": "DMA", "replay": True},
    "lazy": {
        "checks": ["cpus", "smmu", "regroup", "nvme", "quiet"],
        "append": "iommu.strict=0", "group": "DMA-FQ", "smp": 4},
    "passthrough": {
        "checks": ["cpus", "smmu", "nvme", "quiet"],
        "append": "iommu.passthrough=1", "group": "identity"},
    "nomsi": {
        "checks": ["smmu", "nvme", "reprobe", "quiet"],
        "append": "pci=nomsi iommu.forcedac=1", "group": "DMA"},
    "wild": {
        "checks": ["regroup", "wild", "nvme", "quiet"], "user": True,
        "append": "iovp.events=4", "group": "DMA", "replay": True,
        "faults": {"accelerator@0,0": 2, "accelerator@2,0": 2}},
    "vfio": {
        "checks": ["regroup", "vfio", "nvme", "quiet"], "user": True,
        "append": "iovp.events=1", "group": "DMA", "smp": 2,
        "faults": {"accelerator@0,0": 1}},
    # The first kernel crashes, the second one's checks count.
    "kexec": {
        "checks": ["nvme", "kexec"], "group": "DMA",
        "second": ["cpus", "smmu", "nvme", "reprobe", "quiet"],
        "append": "crashkernel=192M"},
    # Not in CTest: makes the trace in traces/samples, of the platform as it is.
    "sample": {
        "checks": ["regroup", "wild", "vfio", "nvme", "quiet"], "user": True,
        "append": "iovp.events=5 iovp.disk=nvme0n1 iovp.mib=8", "smp": 2,
        "group": "DMA", "replay": True, "disk": False, "mib": 8},
    "speed": {"checks": []},
    "firmware": {},
}


class Judge:
    """Counts, and says it as tests/tools/count.py reads it."""

    def __init__(self, scenario):
        self.scenario = scenario
        self.count = {"ok": 0, "fail": 0, "skip": 0}

    def say(self, verdict, name, text=""):
        self.count[verdict] += 1
        if verdict == "skip":
            print(f"boot/{self.scenario}:0: skipped: {name}: {text}")
        else:
            print(f"{verdict} {name} {text}")

    def check(self, name, good, text=""):
        self.say("ok" if good else "fail", name, text)

    def end(self, lines=()):
        n = self.count
        for line in lines if n["fail"] else ():
            print("   ", line)
        print(f"shim: passed={n['ok']} failed={n['fail']} skipped={n['skip']}")
        return 1 if n["fail"] or not n["ok"] else 0


def skip(reason):
    print(f"boot:0: skipped: {reason}")
    sys.exit(77)


def run(*command, **more):
    return subprocess.run(command, check=True, **more)


# ---- what the guest gets ---------------------------------------------------

def have(program, package):
    if not any(os.access(os.path.join(folder, program), os.X_OK)
               for folder in os.environ["PATH"].split(os.pathsep)):
        skip(f"{program} (package {package}) is missing")


def fetch_kernel():
    """The folder with vmlinuz and modules/."""
    done = subprocess.run([os.path.join(HERE, "fetch_kernel.sh")], text=True,
                          capture_output=True)
    if done.returncode == 77:
        skip(done.stderr.strip().splitlines()[-1])
    if done.returncode:
        sys.exit(f"fetch_kernel.sh: {done.stderr}")
    return done.stdout.strip()


def sources(folder, suffixes):
    return sorted(os.path.join(folder, name) for name in os.listdir(folder)
                  if name.endswith(suffixes))


def build_initramfs(folder, kernel, second):
    init = os.path.join(folder, "init")
    run(CROSS, "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-static",
        "-march=armv8-a+crc", "-o", init, *sources(HERE, ".c"))
    files = {"init": read(init)}
    modules = os.path.join(kernel, "modules")
    for name in os.listdir(modules):
        files[f"modules/{name}"] = read(os.path.join(modules, name))
    if second:
        files["second/initramfs"] = initramfs.build(files)
        files["second/vmlinuz"] = read(os.path.join(kernel, "vmlinuz"))
    path = os.path.join(folder, "initramfs")
    with open(path, "wb") as file:
        file.write(initramfs.build(files))
    return path


def read(path):
    with open(path, "rb") as file:
        return file.read()


def build_disk(path):
    """Zeros, and a partition table as a PC has it."""
    table = b"".join(
        b"\0\xff\xff\xff\x83\xff\xff\xff" + first.to_bytes(4, "little") +
        blocks.to_bytes(4, "little") for first, blocks in PARTITIONS)
    with open(path, "wb") as file:
        file.truncate(DISK_BYTES)
        file.write((b"\0" * 446 + table).ljust(510, b"\0") + b"\x55\xaa")


def build_tree(folder, disk):
    """The platform, with the disk behind its NVMe controller."""
    text, found = re.subn(r"iovp,size-bytes = <[^>]*>;",
                          f'iovp,backing-file = "{disk}";',
                          read(TREE).decode())
    if found != 1:
        sys.exit(f"{TREE}: {found} NVMe controllers with iovp,size-bytes")
    path = os.path.join(folder, "platform.dts")
    with open(path, "w") as file:
        file.write(text)
    return path


def arguments(scenario):
    words = ["console=ttyAMA0", "panic=-1", "printk.devkmsg=on",
             "iovp.test=" + ",".join(scenario["checks"]),
             scenario.get("append", "")]
    if "second" in scenario:
        words.append("iovp.second=" + ",".join(scenario["second"]))
    return " ".join(words)


# ---- running ----------------------------------------------------------------

class Run:
    """A command's output, and when it said that init runs."""

    def __init__(self, folder, name, command):
        self.lines, self.init_seconds = [], None
        begin = time.monotonic()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT)
        # Ends cleanly, so that what was said is there; at last by force.
        signal.signal(signal.SIGALRM, lambda *_: self.stop(process))
        signal.alarm(SECONDS)
        with open(os.path.join(folder, f"{name}.log"), "wb") as log:
            for line in process.stdout:
                log.write(line)
                self.lines.append(line.decode(errors="replace").rstrip())
                if self.init_seconds is None and \
                        self.lines[-1].endswith("IOVP-BOOT: init"):
                    self.init_seconds = time.monotonic() - begin
        self.status = process.wait()
        signal.alarm(0)

    def stop(self, process):
        self.lines.append(f"stopped after {SECONDS} s")
        process.send_signal(signal.SIGINT)
        signal.signal(signal.SIGALRM, lambda *_: process.kill())
        signal.alarm(20)

    def said(self):
        """[(word, rest)] of the lines of init."""
        found = (re.search(r"IOVP-BOOT: (\w+) ?(.*)$", line)
                 for line in self.lines)
        return [(match[1], match[2]) for match in found if match]

    def console(self):
        """All lines but those of the result."""
        return self.lines[:self.lines.index("{")] if "{" in self.lines else \
            self.lines

    def table(self):
        """{(device, StreamID): row} of the result in JSON behind the console."""
        text = "\n".join(self.lines[len(self.console()):])
        return streams(json.JSONDecoder().raw_decode(text)[0]) if text else {}


def streams(result):
    return {(row["device"], row["stream_id"]): row for row in result["streams"]}


# ---- judging ----------------------------------------------------------------

def values(text):
    return dict(re.findall(r"(\w+)=(\S+)", text))


def judge_cpus(scenario, v, _disk):
    return int(v["online"]) == scenario.get("smp", 1)


def judge_smmu(scenario, v, _disk):
    bits = int(v["features"], 0)
    left_on = 1 if "second" in scenario else 0
    return all(bits >> bit & 1 for bit in FEATURES.values()) and \
        not any(bits >> bit & 1 for bit in NO_FEATURES.values()) and \
        (v["ias"], v["oas"]) == ("48", "48") and int(v["left_on"]) == left_on


def judge_nvme(scenario, v, disk):
    if not scenario.get("disk", True):
        return int(v["bytes"]) == scenario["mib"] << 20
    with open(disk, "rb") as file:
        file.seek(PARTITIONS[1][0] * 512)
        data = file.read(NVME_MIB << 20)
    return (int(v["p1"]), int(v["p2"])) == \
        (PARTITIONS[0][1], PARTITIONS[1][1]) and \
        int(v["queues"]) == scenario.get("smp", 1) and \
        int(v["bytes"]) == NVME_MIB << 20 and any(data) and \
        zlib.crc32(data) == int(v["crc32"], 16)


JUDGES = {"cpus": judge_cpus, "smmu": judge_smmu, "nvme": judge_nvme}


def judge_checks(judge, scenario, said, disk):
    """Each check of init once, in its order, and what it found is right."""
    wanted = scenario["checks"] + scenario.get("second", [])
    results = [(word, *rest.split(" ", 1)) for word, rest in said
               if word in judge.count]
    for n, (name, (word, done, *text)) in enumerate(zip(wanted, results)):
        text = text[0] if text else ""
        # The disk is as the last one left it.
        judge_one = JUDGES.get(name) if name not in wanted[n + 1:] else None
        if word == "ok" and judge_one and done == name and \
                not judge_one(scenario, values(text), disk):
            judge.say("fail", name, "is not as expected: " + text)
        else:
            judge.say(word if done == name else "fail", name, text)
    judge.check("end", ("end", "") in said and len(wanted) == len(results),
                f"{len(results)} of {len(wanted)} checks")


def judge_groups(judge, scenario, said):
    types = {rest.split()[3] for word, rest in said
             if word == "info" and rest.startswith("group ")
             and int(rest.split()[2]) >= 0}
    if types:
        judge.check("groups", types == {scenario["group"]}, str(types))


def judge_events(judge, said):
    """What the kernel said of wild DMA is what init looked for; here that the
    StreamIDs are those of iommu-map: 0x1000 and the requester ID."""
    wild = [values(rest) for word, rest in said
            if word == "info" and rest.startswith("wild ")]
    if wild:
        judge.check("StreamIDs", {v["sid"] for v in wild} ==
                    {"0x1010", "0x1200"}, str([v["sid"] for v in wild]))


def judge_table(judge, scenario, table):
    rows = {name: row for (name, _), row in table.items()}
    disk = rows.get("nvme@0,0", {"bytes": 0, "faults": 0})
    moved = 2 * scenario.get("mib", NVME_MIB) << 20
    judge.check("table", disk["bytes"] >= moved and
                not disk["faults"], f"nvme: {disk['bytes']} bytes")
    for name, faults in scenario.get("faults", {}).items():
        row = rows.get(name, {"faults": 0})
        judge.check(f"table {name}", row["faults"] == faults,
                    f"faults: {row['faults']}")


def judge_replay(judge, iovp, folder, tree, trace, table):
    done = subprocess.run([iovp, "replay", tree, trace, "--json", "--mode",
                           "functional", "--quiet"], capture_output=True,
                          text=True)
    again = streams(json.loads(done.stdout)) if not done.returncode else {}
    keys = ("transfers", "bytes", "faults")
    short = [{at: [row[key] for key in keys] for at, row in rows.items()}
             for rows in (table, again)]
    judge.check("replay", short[0] == short[1],
                f"{short[0]} {short[1]} {done.stderr}")


def boot(judge, iovp, folder, scenario):
    kernel = fetch_kernel()
    disk = os.path.join(folder, "disk")
    trace = os.path.join(folder, "boot.iovt")
    build_disk(disk)
    tree = build_tree(folder, disk) if scenario.get("disk", True) else TREE
    command = [iovp, "boot", tree, "--json",
               "--kernel", os.path.join(kernel, "vmlinuz"),
               "--initrd", build_initramfs(folder, kernel,
                                           "second" in scenario),
               "--smp", str(scenario.get("smp", 1)),
               "--append", arguments(scenario)]
    command += ["--user"] if "user" in scenario else []
    command += ["--trace", trace] if "replay" in scenario else []
    done = Run(folder, "console", command)
    said, table = done.said(), done.table()
    judge_checks(judge, scenario, said, disk)
    judge_groups(judge, scenario, said)
    judge_events(judge, said)
    judge_table(judge, scenario, table)
    judge.check("status", done.status == 0, str(done.status))
    if "replay" in scenario:
        judge_replay(judge, iovp, folder, tree, trace, table)
    os.remove(disk)
    return done.console()


def speed(judge, iovp, folder, scenario):
    """Seconds to init, with iovp and with QEMU alone.  No limit: they depend
    on the machine, and on what else it does."""
    kernel = fetch_kernel()
    image = os.path.join(kernel, "vmlinuz")
    initrd = build_initramfs(folder, kernel, False)
    plain = Run(folder, "plain", [
        QEMU, "-M", "virt,gic-version=2", "-cpu", "cortex-a72", "-m", "1024M",
        "-nodefaults", "-display", "none", "-no-reboot", "-serial", "stdio",
        "-kernel", image, "-initrd", initrd, "-append", arguments(scenario)])
    ours = Run(folder, "console", [
        iovp, "boot", TREE, "--kernel", image, "--initrd", initrd,
        "--append", arguments(scenario)])
    both = plain.init_seconds and ours.init_seconds
    judge.check("speed", both, both and
                f"init after {ours.init_seconds:.2f} s, QEMU alone "
                f"{plain.init_seconds:.2f} s: "
                f"{ours.init_seconds / plain.init_seconds:.2f} times")
    return ours.console()


def firmware(judge, iovp, folder, _scenario):
    here = os.path.join(ROOT, "tests/firmware")
    image = os.path.join(folder, "firmware.elf")
    run(CROSS, "-std=c11", "-O2", "-Wall", "-Wextra", "-Werror",
        "-ffreestanding", "-fno-pic", "-mgeneral-regs-only", "-mstrict-align",
        "-nostdlib", "-static", "-no-pie",
        "-Wl,--build-id=none,--no-warn-rwx-segments",
        "-T", os.path.join(here, "firmware.ld"), "-o", image,
        *sources(here, (".S", ".c")))
    done = Run(folder, "console", [iovp, "boot", TREE, "--firmware", image])
    for line in done.lines:
        if match := re.match(r"(ok|FAIL) (.*)$", line):
            judge.check("firmware:", match[1] == "ok", match[2])
    judge.check("firmware", "firmware: passed" in done.lines)
    judge.check("status", done.status == 0, str(done.status))
    return done.console()


def main():
    if len(sys.argv) != 4 or sys.argv[3] not in SCENARIOS:
        sys.exit(f"{__doc__}Scenarios: {' '.join(SCENARIOS)}")
    iovp, folder, name = sys.argv[1:]
    judge, scenario = Judge(name), SCENARIOS[name]
    have(QEMU, "qemu-system-arm")
    have(CROSS, "gcc-aarch64-linux-gnu")
    os.makedirs(folder, exist_ok=True)
    lines = {"speed": speed, "firmware": firmware}.get(name, boot)(
        judge, os.path.abspath(iovp), os.path.abspath(folder), scenario)
    sys.exit(judge.end(lines[-40:]))


if __name__ == "__main__":
    main()
