"""The same with SimPy: a process per node makes the arrivals, and each flow ends by a bare timeout with a callback.

SimPy's documentation gives each flow a process of its own; a callback does the same and costs less, so this is
the style that favours SimPy. The random streams are Python's: counts agree with the other programs within chance, not
to the digit.

`python simpy_loop.py <workload> <expected arrivals> <seed>` prints its counts as one line of JSON.
"""

import json
import random
import sys

import simpy

MEAN_HOLD = 240.0

# Nodes, ports and offered load in erlang of each node, and whether each flow lasts exactly the mean.
WORKLOADS = {
    "loss-1024": (64, 1_024, 1_000, False),
    "loss-det": (64, 1_024, 1_000, True),
    "nat-pool": (1, 16 * 64_512, 1_000_000, False),
}


class Node:
    """A loss system, warm: as many flows are open as its offered load in erlang."""

    def __init__(self, environment, stream, ports, offered_load, constant):
        self.ports, self.busy = ports, offered_load
        self.arrivals = self.blocked = self.departures = 0
        exponential, uniform = stream.expovariate, stream.random
        self.gap = lambda: exponential(offered_load / MEAN_HOLD)
        if constant:
            self.hold = lambda: MEAN_HOLD
            residual = lambda: MEAN_HOLD * uniform()
        else:
            self.hold = residual = lambda: exponential(1 / MEAN_HOLD)
        for _ in range(offered_load):
            environment.timeout(residual()).callbacks.append(self.depart)
        environment.process(self.arrive(environment.timeout))

    def arrive(self, timeout):
        while True:
            yield timeout(self.gap())
            self.arrivals += 1
            if self.busy < self.ports:
                self.busy += 1
                timeout(self.hold()).callbacks.append(self.depart)
            else:
                self.blocked += 1

    def depart(self, _timeout):
        self.departures += 1
        self.busy -= 1


def main(workload, arrivals, seed):
    count, ports, offered_load, constant = WORKLOADS[workload]
    environment = simpy.Environment()
    nodes = [
        Node(environment, random.Random(f"{seed} {index}"), ports, offered_load, constant) for index in range(count)
    ]
    environment.run(until=float(arrivals) * MEAN_HOLD / (offered_load * count))
    arrived = sum(node.arrivals for node in nodes)
    print(
        json.dumps(
            {
                "workload": workload,
                "arrivals": arrived,
                "blocked": sum(node.blocked for node in nodes),
                "events": arrived + sum(node.departures for node in nodes),
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
