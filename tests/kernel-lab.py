"""Measures what the kernel's source NAT does with traces of connections, and judges the simulator by it.

`kernel-lab.py measure FOLDER` runs as the first process of network, mount and process namespaces of its own; `kernel-lab.py
judge FOLDER COMMAND..` runs the simulator over the same traces. A status of 77 says that something cannot be done here.

Where chance plays no part, both counts must be equal, by node and by destination too. For that, every close and every port
that comes free lies a `margin` apart from every attempt. Where a machine was later than that, or lost packets by itself, the
case is measured once more, and then not judged. Two things are chance: where the search of a range above 128 ports begins,
and whether a closing port may be taken over (Linux 6.5 and later), which compares sequence numbers. Where they matter, the
kernel's count is one more draw of the simulator's distribution, and must lie within four standard deviations of its mean.
"""

import ctypes
import heapq
import itertools
import json
import math
import os
import platform
import random
import re
import resource
import select
import signal
import socket
import struct
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

SKIPPED = 77
PUBLIC_IP = "10.99.0.1"
SERVERS = ["10.99.0.101", "10.99.0.102"]
DESTINATIONS = [(SERVERS[0], 7000), (SERVERS[1], 7000), (SERVERS[0], 7001)]
FIRST_PORT = 1024
# Before a client would send its SYN again, so that an attempt is one SYN.
CONNECT_TIMEOUT = 0.9
# Datagrams, told apart by their length.
FIRST, FURTHER = b"1", b"22"
REPLICATIONS = 200
DEVIATIONS = 4


@dataclass
class Attempt:
    opens: float
    closes: float
    node: int = 1
    destination: int = 0
    protocol: str = "tcp"
    end: str = "fin"
    every: float = 0.0

    def name(self):
        address, port = DESTINATIONS[self.destination]
        return f"{self.protocol} {address}:{port}"

    def line(self, number):
        address, port = DESTINATIONS[self.destination]
        return (
            f"{number},{self.opens:.6f},{self.closes:.6f},{self.protocol},{address}:{port},n{self.node},{self.end},{self.every:g}"
        )


@dataclass
class Case:
    name: str
    what: str
    trace: list
    ports: int
    # Seconds that no attempt may be late.
    margin: float
    # A range of so many ports for each node, or one for all.
    split: bool = False
    # Whether the clients choose falling sequence numbers, so that no closing port can be taken over.
    falling: bool = True
    exact: bool = True
    time_wait: int = 120
    after_rst: int = 10
    udp: int = 30
    udp_stream: int = 120

    def nodes(self):
        return max(attempt.node for attempt in self.trace)

    def ranges(self):
        """(first node, last node, first port, last port) of each range."""
        if not self.split:
            return [(1, self.nodes(), FIRST_PORT, FIRST_PORT + self.ports - 1)]
        firsts = [(node, FIRST_PORT + (node - 1) * self.ports) for node in range(1, self.nodes() + 1)]
        return [(node, node, first, first + self.ports - 1) for node, first in firsts]


def together(at, count, closes, spacing=0.001, **how):
    """Attempts one after the other, all closed at one instant."""
    return [Attempt(round(at + number * spacing, 6), closes, **how) for number in range(count)]


def unbalanced_burst():
    """98 connections of one node, 10 of each of three others, as mixed as they come: as many as there are ports."""
    nodes = [1] * 98 + [2] * 10 + [3] * 10 + [4] * 10
    random.Random(1).shuffle(nodes)
    return [Attempt(round(number * 0.001, 6), 2.0, node=node) for number, node in enumerate(nodes)]


def load():
    """Random traffic of a hot node and three quiet ones: opens at multiples of 0.2 s, closes half-way between them."""
    draw = random.Random(2)
    attempts = []
    for tick in range(50):
        for number in range(sum(draw.random() < 0.1 for _ in range(60))):
            opens = round(tick * 0.2 + number * 0.001, 6)
            lifetime = 0.1 + 0.2 * min(int(draw.expovariate(1 / 2.5)), 12)
            node = draw.choices([1, 2, 3, 4], [70, 10, 10, 10])[0]
            attempts.append(Attempt(opens, round(opens + lifetime, 6), node=node, end="rst" if draw.random() < 0.3 else "fin"))
    return attempts


def rest():
    """All ports taken towards two destinations and closed at 0.5 s, here by FIN, there by RST; then some asked for."""
    attempts = together(0, 16, 0.5) + together(0.02, 16, 0.5, destination=1, end="rst")
    for at in [1, 2, 3]:
        attempts += together(at, 4, 4) + together(at + 0.03, 4, 4, destination=1)
    return attempts


def one_at_a_time():
    """4 nodes towards 3 destinations, every 0.2 s: by the third attempt all ports are at rest."""
    attempts = []
    for turn in range(30):
        for number, (node, destination) in enumerate(itertools.product([1, 2, 3, 4], [0, 1, 2])):
            opens = round(turn * 0.2 + number * 0.001, 6)
            end = "rst" if destination == 0 else "fin"
            attempts.append(Attempt(opens, round(opens + 0.1, 6), node=node, destination=destination, end=end))
    return attempts


def talkers():
    """8 flows that talk for 1 s, 8 that talk for 3 s, which earns them the longer timeout; then single datagrams."""
    attempts = together(0, 8, 1.2, protocol="udp", every=0.5) + together(0.02, 8, 3.2, protocol="udp", every=0.5)
    for at in [2, 3.5, 5.25, 6.5]:
        attempts += together(at, 12, at + 0.02, protocol="udp")
    return attempts


def one_port_many_destinations():
    """100 flows each to three destinations by TCP and to one of them by UDP, in turns."""
    ways = [("tcp", 0), ("tcp", 1), ("tcp", 2), ("udp", 0)]
    turns = [ways[number % 4] for number in range(400)]
    return [Attempt(round(number * 0.001, 6), 2.0, protocol=way, destination=to) for number, (way, to) in enumerate(turns)]


def filling():
    """As many connections to each of three destinations as there are ports."""
    return [Attempt(round(number * 0.0007, 6), 4.0, destination=number % 3) for number in range(3 * 1024)]


def datagrams():
    """More single datagrams than ports, and a few each before and after the first ports come free."""
    bursts = [(0, 30), (1, 6), (2.5, 6), (3.5, 6)]
    return [attempt for at, count in bursts for attempt in together(at, count, at + 0.04, protocol="udp")]


def release():
    return tuple(map(int, re.match(r"(\d+)\.(\d+)", platform.release()).groups()))


def takes_over():
    return release() >= (6, 5)


def cases():
    burst, busy = unbalanced_burst(), load()
    ends = {"time_wait": 2, "after_rst": 1}
    return [
        Case("burst", "300 connections of one node, 128 ports", together(0, 300, 2), 128, 0.3),
        Case("burst-split", "a hot node and three quiet ones, 32 ports each", burst, 32, 0.3, split=True),
        Case("burst-shared", "the same trace, the 128 ports shared", burst, 128, 0.3),
        Case("rest", "16 ports at rest after FIN 2 s, after RST 1 s", rest(), 16, 0.3, **ends),
        Case("load-split", "10 s of a hot node and quiet ones, 16 ports each", busy, 16, 0.05, split=True, **ends),
        Case("load-shared", "the same trace, the 64 ports shared", busy, 64, 0.05, **ends),
        Case(
            "take-over",
            "2 ports a node, closed before the next attempt",
            one_at_a_time(),
            2,
            0.05,
            split=True,
            falling=False,
            exact=not takes_over(),
            after_rst=120,
        ),
        Case("udp", "single datagrams, 16 ports, timeout 2 s", datagrams(), 16, 0.2, udp=2, udp_stream=3),
        Case("udp-stream", "flows that talk for longer, then timeout 3 s", talkers(), 16, 0.15, udp=2, udp_stream=3),
        Case("sharing", "64 ports towards four destinations at once", one_port_many_destinations(), 64, 0.3),
        Case("search", "1024 connections to each of 3 destinations, 1024 ports", filling(), 1024, 0.3, exact=False),
    ]


# The kernel.


def run(*command, text=None):
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise OSError(f"{' '.join(command)}: {(done.stderr.strip() or 'no reason given').splitlines()[0]}")
    return done.stdout


class Namespaces:
    """A server, a NAT and client nodes, joined by pairs of virtual links."""

    LIBC = ctypes.CDLL(None, use_errno=True)
    NEW_NETWORK = 0x40000000

    def __init__(self, nodes):
        self.names = ["server", "nat"] + [f"n{node}" for node in range(1, nodes + 1)]
        run("ip", "-batch", "-", text="".join(f"netns add {name}\n" for name in self.names))
        self.files = {name: os.open(f"/run/netns/{name}", os.O_RDONLY) for name in self.names}
        servers = [f"{address}/24" for address in SERVERS]
        self.join("server", servers, "out", [f"{PUBLIC_IP}/24"])
        for node in range(1, nodes + 1):
            self.join(f"n{node}", [f"10.10.{node}.2/24"], f"in{node}", [f"10.10.{node}.1/24"])
            run("ip", "-n", f"n{node}", "route", "add", "default", "via", f"10.10.{node}.1")
        self.enter("nat")
        setting("ipv4/ip_forward", 1)

    def join(self, name, addresses, nat_link, nat_addresses):
        run("ip", "link", "add", nat_link, "netns", "nat", "type", "veth", "peer", "name", "out", "netns", name)
        for place, link, own in [(name, "out", addresses), ("nat", nat_link, nat_addresses)]:
            lines = [f"address add {address} dev {link}" for address in own] + [f"link set {link} up", "link set lo up"]
            run("ip", "-n", place, "-batch", "-", text="\n".join(lines) + "\n")

    def enter(self, name):
        """What is opened from here on belongs there."""
        if self.LIBC.setns(self.files[name], self.NEW_NETWORK) != 0:
            raise OSError(ctypes.get_errno(), "a network namespace cannot be entered")

    def remove(self):
        for file in self.files.values():
            os.close(file)
        run("ip", "-batch", "-", text="".join(f"netns delete {name}\n" for name in self.names))


def setting(path, value):
    Path("/proc/sys/net", path).write_text(str(value))


def translate(case):
    """Source NAT as the case says, in the namespace entered, and a counter of the flows that ask for it."""
    rules = [
        f"ip saddr 10.10.{first}.2-10.10.{last}.2 meta l4proto {{ tcp, udp }} snat to {PUBLIC_IP}:{low}-{high}\n"
        for first, last, low, high in case.ranges()
    ]
    ruleset = f"""
        table ip lab {{
            counter new {{ }}
            chain before {{
                type filter hook postrouting priority 99
                ip saddr 10.10.0.0/16 ct state new counter name new
            }}
            chain translation {{
                type nat hook postrouting priority 100
                {"".join(rules)}
            }}
        }}
    """
    run("nft", "-f", "-", text=ruleset)
    setting("netfilter/nf_conntrack_tcp_timeout_time_wait", case.time_wait)
    setting("netfilter/nf_conntrack_tcp_timeout_close", case.after_rst)
    setting("netfilter/nf_conntrack_udp_timeout", case.udp)
    setting("netfilter/nf_conntrack_udp_timeout_stream", case.udp_stream)


def count_arrivals():
    """The same counter where the flows arrive: of SYNs and of first datagrams, known by their length."""
    ruleset = f"""
        table ip lab {{
            counter new {{ }}
            chain arriving {{
                type filter hook prerouting priority 0
                tcp flags & (syn | ack) == syn counter name new
                udp length {8 + len(FIRST)} counter name new
            }}
        }}
    """
    run("nft", "-f", "-", text=ruleset)


def counted():
    return int(re.search(r"packets (\d+)", run("nft", "list", "counter", "ip", "lab", "new")).group(1))


def serve():
    """Accepts everything, closes what the client closes, answers every datagram. Never returns."""
    poll = select.epoll()
    listeners, connections, datagram_sockets = {}, {}, {}
    for address, port in DESTINATIONS:
        listener = socket.create_server((address, port), backlog=4096)
        listener.setblocking(False)
        listeners[listener.fileno()] = listener
        datagram_socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        datagram_socket.bind((address, port))
        datagram_sockets[datagram_socket.fileno()] = datagram_socket
    for file in [*listeners, *datagram_sockets]:
        poll.register(file, select.EPOLLIN)
    while True:
        for file, _ in poll.poll():
            if file in listeners:
                connection, _ = listeners[file].accept()
                connections[connection.fileno()] = connection
                poll.register(connection.fileno(), select.EPOLLIN)
            elif file in datagram_sockets:
                datagram, sender = datagram_sockets[file].recvfrom(64)
                datagram_sockets[file].sendto(datagram, sender)
            else:
                connections.pop(file).close()


def server_process(namespaces):
    """The server as a process of its own; ready when this returns."""
    ready, tell = os.pipe()
    process = os.fork()
    if process == 0:
        try:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            namespaces.enter("server")
            setting("core/somaxconn", 4096)
            os.write(tell, b"1")
            serve()
        finally:
            os._exit(1)
    os.read(ready, 1)
    os.close(ready)
    os.close(tell)
    # Its sockets listen a moment later.
    time.sleep(0.2)
    return process


@dataclass
class Clients:
    """All clients of a case, in the order of the trace, in one process."""

    case: Case
    namespaces: Namespaces
    # (instant, order of entry, what to do, number of the attempt)
    events: list = field(default_factory=list)
    entries: itertools.count = field(default_factory=itertools.count)
    sockets: dict = field(default_factory=dict)
    # Attempts by the file that will tell of an answer.
    waiting: dict = field(default_factory=dict)
    succeeded: set = field(default_factory=set)
    late: float = 0.0

    def replay(self):
        self.answers = select.epoll()
        start = time.monotonic() + 0.1
        for number, attempt in enumerate(self.case.trace):
            self.at(start + attempt.opens, self.open, number)
        while self.events:
            wait = max(self.events[0][0] - time.monotonic(), 0)
            # Answers first: what came in time is no failure because this process was late.
            for file, _ in self.answers.poll(wait):
                self.answered(file)
            while self.events and self.events[0][0] <= time.monotonic():
                instant, _, act, number = heapq.heappop(self.events)
                self.late = max(self.late, time.monotonic() - instant)
                act(number)
        self.answers.close()

    def at(self, instant, act, number):
        heapq.heappush(self.events, (instant, next(self.entries), act, number))

    def open(self, number):
        attempt = self.case.trace[number]
        is_tcp = attempt.protocol == "tcp"
        self.namespaces.enter(f"n{attempt.node}")
        client = socket.socket(socket.AF_INET, (socket.SOCK_STREAM if is_tcp else socket.SOCK_DGRAM) | socket.SOCK_NONBLOCK)
        self.sockets[number] = client
        if is_tcp and self.case.falling:
            begin_at(client, 0x80000000 - number * 100_000)
        client.connect_ex(DESTINATIONS[attempt.destination])
        if not is_tcp:
            client.send(FIRST)
        self.waiting[client.fileno()] = number
        self.answers.register(client.fileno(), select.EPOLLOUT if is_tcp else select.EPOLLIN)
        self.at(time.monotonic() + CONNECT_TIMEOUT, self.give_up, number)

    def no_longer_waiting(self, file):
        self.answers.unregister(file)
        return self.waiting.pop(file)

    def answered(self, file):
        number = self.no_longer_waiting(file)
        attempt, client = self.case.trace[number], self.sockets[number]
        if client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0:
            client.close()
            return
        self.succeeded.add(number)
        now = time.monotonic()
        self.at(now + attempt.closes - attempt.opens, self.close, number)
        if attempt.every > 0:
            self.at(now + attempt.every, self.send, number)

    def give_up(self, number):
        client = self.sockets[number]
        if self.waiting.get(client.fileno()) == number:
            self.no_longer_waiting(client.fileno())
            client.close()

    def send(self, number):
        client = self.sockets[number]
        if client.fileno() >= 0:
            client.send(FURTHER)
            self.at(time.monotonic() + self.case.trace[number].every, self.send, number)

    def close(self, number):
        client = self.sockets[number]
        if self.case.trace[number].end == "rst":
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()


def begin_at(client, sequence_number):
    """The sequence number of a SYN to come."""
    repair, queue, next_number, sending, off = 19, 20, 21, 2, 0
    client.setsockopt(socket.IPPROTO_TCP, repair, 1)
    client.setsockopt(socket.IPPROTO_TCP, queue, sending)
    client.setsockopt(socket.IPPROTO_TCP, next_number, struct.pack("I", sequence_number))
    client.setsockopt(socket.IPPROTO_TCP, repair, off)


def measured(case):
    """The attempts that failed, how many flows came to the NAT and to the server, and how late the clients were."""
    namespaces = Namespaces(case.nodes())
    namespaces.enter("nat")
    translate(case)
    namespaces.enter("server")
    count_arrivals()
    server = server_process(namespaces)
    try:
        clients = Clients(case, namespaces)
        clients.replay()
        namespaces.enter("nat")
        asked = counted()
        namespaces.enter("server")
        granted = counted()
    finally:
        os.kill(server, signal.SIGKILL)
        os.waitpid(server, 0)
        namespaces.remove()
    failed = [number for number in range(len(case.trace)) if number not in clients.succeeded]
    return {"failed": failed, "asked": asked, "granted": granted, "late": clients.late}


def slips(case, kernel):
    """Why a measurement tells nothing about ports, if so."""
    attempts, failed = len(case.trace), len(kernel["failed"])
    if kernel["late"] > case.margin:
        return f"the clients were up to {kernel['late']:.2f} s late, allowed {case.margin} s"
    if (kernel["asked"], kernel["granted"]) != (attempts, attempts - failed):
        return (
            f"of {attempts} flows {kernel['asked']} came to the NAT, {kernel['granted']} through it, {attempts - failed} were "
            "answered in time"
        )
    return None


def try_everything():
    """Fails where the kernel, or whoever runs it here, lacks what the cases need."""
    if release() < (5, 0):
        raise OSError("the search is that of Linux 5.0 and later")
    namespaces = Namespaces(1)
    namespaces.enter("nat")
    translate(cases()[0])
    namespaces.enter("n1")
    begin_at(socket.socket(), 1)
    namespaces.remove()


def measure(folder):
    # Names of network namespaces are files of this folder; nobody else sees this one.
    run("mount", "-t", "tmpfs", "none", "/run")
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    try:
        try_everything()
    except OSError as error:
        (folder / "skipped").write_text(str(error))
        sys.exit(SKIPPED)
    found = {}
    for case in cases():
        found[case.name] = measured(case)
        if slips(case, found[case.name]):
            found[case.name] = measured(case)
    (folder / "measured.json").write_text(json.dumps(found))


# The simulator.


def scenario(case, trace):
    partition = '"shared"'
    if case.split:
        partition = f"{{ instances = {case.nodes()}, by_node = {list(range(1, case.nodes() + 1))} }}"
    take_over = "false" if case.falling or not takes_over() else "true"
    return f"""
        [outbound]
        model = "custom"
        search = "linux"
        first_port = {FIRST_PORT}
        ports = {case.ports}
        public_ips = 1
        partition = {partition}
        take_over = {take_over}
        hold_down = {{ fin = "{case.time_wait}s", rst = "{case.after_rst}s" }}
        udp_idle_timeout = "{case.udp}s"
        udp_stream_timeout = "{case.udp_stream}s"
        [[node_pool]]
        name = "n"
        nodes = {case.nodes()}
        [[workload]]
        syn = "none"
        arrivals.trace = {{ files = ["{trace.name}"], format = "lab", inside = ["10.10.0.0/16"] }}
        [run]
        duration = "1h"
        warm_up = "0s"
        replications = {1 if case.exact else REPLICATIONS}
    """


def simulated(case, folder, command):
    """The results, and the failed attempts of each replication."""
    trace, question = folder / f"{case.name}.csv", folder / f"{case.name}.toml"
    lines = [attempt.line(number) for number, attempt in enumerate(case.trace)]
    trace.write_text("\n".join(["id,t_open_s,t_close_s,proto,dst,node,close,send_every_s", *lines, ""]))
    question.write_text(scenario(case, trace))
    program, *arguments = command
    asked = [program, *arguments, str(question), "--format", "json", "--quiet"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"snatsim: {done.stderr.strip()}")
    results = json.loads(done.stdout)
    failed = Counter()
    for window in results["windows"]:
        failed[window["replication"]] += window["snat_failures"]
    return results, [failed[number] for number in range(results["replications"])]


def differences(case, kernel, results):
    """Nodes and destinations with other counts than the kernel's."""
    wrong = []
    for key, name in [("failures_by_node", lambda attempt: f"n-{attempt.node}"), ("failures_by_destination", Attempt.name)]:
        found = {row["name"]: row["snat_failures"] for row in results[key]}
        expected = Counter(name(case.trace[number]) for number in kernel["failed"])
        for one in sorted({name(attempt) for attempt in case.trace}):
            if found.get(one, 0) != expected[one]:
                wrong.append(f"{one}: {expected[one]} failed, {found.get(one, 0)} simulated")
    return wrong


def disagreements(case, kernel, results, failed):
    """The mean of the simulator, the allowed difference, and all that is wrong."""
    mean = sum(failed) / len(failed)
    count, wrong = len(kernel["failed"]), []
    allowed = 0
    if not case.exact:
        variance = sum((value - mean) ** 2 for value in failed) / (len(failed) - 1)
        allowed = math.ceil(DEVIATIONS * math.sqrt(variance))
    if abs(count - mean) > allowed:
        wrong.append(f"{count} failed, {mean:g} simulated")
    if case.exact:
        wrong += differences(case, kernel, results)
    return mean, allowed, wrong


def judge(folder, command):
    found = json.loads((folder / "measured.json").read_text())
    row = "{:<13} {:<55} {:>8} {:>13} {:>16} {:>8}  {}"
    print(f"Linux {platform.release()}; allowed: 0, or {DEVIATIONS} standard deviations of {REPLICATIONS} simulated runs")
    print(row.format("case", "what", "attempts", "kernel failed", "simulator failed", "allowed", "verdict"))
    status, notes = 0, []
    for case in cases():
        kernel = found[case.name]
        mean, allowed, wrong = disagreements(case, kernel, *simulated(case, folder, command))
        verdict = "disagrees" if wrong else "agrees"
        slipped = slips(case, kernel)
        if slipped:
            verdict, wrong = "not judged", [slipped]
            status = status or SKIPPED
        elif wrong:
            status = 1
        notes += [f"{case.name}: {what}" for what in wrong]
        simulator = f"{mean:g}" if case.exact else f"{mean:.1f}"
        print(row.format(case.name, case.what, len(case.trace), len(kernel["failed"]), simulator, allowed, verdict))
    print("".join(f"{note}\n" for note in notes), end="")
    sys.exit(status)


def main():
    action, folder, *command = sys.argv[1:]
    if action == "measure":
        measure(Path(folder))
    else:
        judge(Path(folder), command)


main()
