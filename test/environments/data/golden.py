"""Makes golden.json.gz: single steps, episodes and tables, by the formulas that Gymnasium's documentation and the papers give.

Usage: python3 golden.py (NumPy only). Independent of the program: nothing here is taken from src.
"""

import gzip
import json
import pathlib

import numpy as np
from numpy import cos, pi, sin

random = np.random.RandomState(0)


def wrap(angle):
    return (angle + pi) % (2 * pi) - pi


def cart_pole(s, a):
    """Barto, Sutton and Anderson (1983), Euler steps of 0.02 s."""
    x, dx, t, dt = s
    force, mass, length = (10 if a else -10), 1.1, 0.5
    f = (force + 0.1 * length * dt**2 * sin(t)) / mass
    ddt = (9.8 * sin(t) - cos(t) * f) / (length * (4 / 3 - 0.1 * cos(t) ** 2 / mass))
    ddx = f - 0.1 * length * ddt * cos(t) / mass
    n = [x + 0.02 * dx, dx + 0.02 * ddx, t + 0.02 * dt, dt + 0.02 * ddt]
    return n, n, 1.0, bool(abs(n[0]) > 2.4 or abs(n[2]) > 12 * pi / 180)


def hill(s, push):
    p, v = s
    v = np.clip(v + push - 0.0025 * cos(3 * p), -0.07, 0.07)
    p = np.clip(p + v, -1.2, 0.6)
    return [p, 0.0 if p == -1.2 and v < 0 else v]


def mountain_car(s, a):
    """Moore (1990)."""
    n = hill(s, 0.001 * (a - 1))
    return n, n, -1.0, bool(n[0] >= 0.5 and n[1] >= 0)


def mountain_car_continuous(s, a):
    n = hill(s, 0.0015 * np.clip(a[0], -1, 1))
    done = bool(n[0] >= 0.45 and n[1] >= 0)
    return n, n, 100.0 * done - 0.1 * a[0] ** 2, done


def acrobot(s, a):
    """Sutton and Barto (1998): two unit links, classical Runge-Kutta over 0.2 s."""

    def slope(y):
        t1, t2, w1, w2 = y
        d1 = 0.25 + (1 + 0.25 + cos(t2)) + 2
        d2 = 0.25 + 0.5 * cos(t2) + 1
        phi2 = 0.5 * 9.8 * cos(t1 + t2 - pi / 2)
        phi1 = -0.5 * w2**2 * sin(t2) - w2 * w1 * sin(t2) + 1.5 * 9.8 * cos(t1 - pi / 2) + phi2
        dw2 = (a - 1 + d2 / d1 * phi1 - 0.5 * w1**2 * sin(t2) - phi2) / (1.25 - d2**2 / d1)
        return np.array([w1, w2, -(d2 * dw2 + phi1) / d1, dw2])

    y, h = np.array(s), 0.2
    k1 = slope(y)
    k2 = slope(y + h / 2 * k1)
    k3 = slope(y + h / 2 * k2)
    k4 = slope(y + h * k3)
    y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    n = [wrap(y[0]), wrap(y[1]), np.clip(y[2], -4 * pi, 4 * pi), np.clip(y[3], -9 * pi, 9 * pi)]
    done = bool(-cos(n[0]) - cos(n[1] + n[0]) > 1)
    return n, [cos(n[0]), sin(n[0]), cos(n[1]), sin(n[1]), n[2], n[3]], 0.0 if done else -1.0, done


def pendulum(s, a):
    t, w = s
    u = np.clip(a[0], -2, 2)
    cost = wrap(t) ** 2 + 0.1 * w**2 + 0.001 * u**2
    w = np.clip(w + (15 * sin(t) + 3 * u) * 0.05, -8, 8)
    n = [t + 0.05 * w, w]
    return n, [cos(n[0]), sin(n[0]), w], -cost, False


def uniform(low, high):
    return lambda: list(random.uniform(low, high))


def choice(n):
    return lambda: int(random.randint(n))


classic = {
    "CartPole-v1": (cart_pole, uniform([-2.4, -3, -0.21, -3], [2.4, 3, 0.21, 3]), uniform([-0.05] * 4, [0.05] * 4), choice(2)),
    "MountainCar-v0": (mountain_car, uniform([-1.2, -0.07], [0.6, 0.07]), uniform([-0.6, 0], [-0.4, 0]), choice(3)),
    "MountainCarContinuous-v0": (mountain_car_continuous, uniform([-1.2, -0.07], [0.6, 0.07]), uniform([-0.6, 0], [-0.4, 0]), uniform([-1], [1])),
    "Acrobot-v1": (acrobot, uniform([-pi, -pi, -12, -28], [pi, pi, 12, 28]), uniform([-0.1] * 4, [0.1] * 4), choice(3)),
    "Pendulum-v1": (pendulum, uniform([-pi, -8], [pi, 8]), uniform([-pi, -1], [pi, 1]), uniform([-2], [2])),
}
golden = {}
for name, (step, anywhere, start, action) in classic.items():
    one = []
    for _ in range(100):
        s, a = anywhere(), action()
        n, o, r, done = step(s, a)
        one.append({"state": s, "action": a, "observation": list(map(float, o)), "nextState": list(map(float, n)), "reward": float(r), "terminated": done})
    first = s = start()
    path = []
    while len(path) < 60 and not (path and path[-1]["terminated"]):
        a = action()
        s, o, r, done = step(s, a)
        path.append({"action": a, "observation": list(map(float, o)), "reward": float(r), "terminated": done})
    golden[name] = {"oneStep": one, "rollout": {"start": list(first), "steps": path}}


def frozen_lake(rows, slippery):
    h, w = len(rows), len(rows[0])
    success = 1 / 3 if slippery else 1
    table = {}
    for s in range(h * w):
        table[s] = {}
        for a in range(4):
            if rows[s // w][s % w] in "GH":
                table[s][a] = [[1.0, s, 0, True]]
                continue
            outcomes = []
            for turn in (-1, 0, 1) if slippery else (0,):
                dr, dc = ((0, -1), (1, 0), (0, 1), (-1, 0))[(a + turn) % 4]
                r, c = min(max(s // w + dr, 0), h - 1), min(max(s % w + dc, 0), w - 1)
                chance = success if turn == 0 else (1 - success) / 2
                outcomes.append([chance, r * w + c, float(rows[r][c] == "G"), rows[r][c] in "GH"])
            table[s][a] = outcomes
    return table


def cliff_walking():
    table = {}
    for s in range(48):
        table[s] = {}
        for a, (dr, dc) in enumerate(((-1, 0), (0, 1), (1, 0), (0, -1))):
            r, c = min(max(s // 12 + dr, 0), 3), min(max(s % 12 + dc, 0), 11)
            cliff = r == 3 and 1 <= c <= 10
            table[s][a] = [[1.0, 36 if cliff else 12 * r + c, -100 if cliff else -1, (r, c) == (3, 11)]]
    return table


def taxi():
    walls = ["|R: | : :G|", "| : | : : |", "| : : : : |", "| | : | : |", "|Y| : |B: |"]
    depots = [(0, 0), (0, 4), (4, 0), (4, 3)]
    table = {}
    for s in range(500):
        destination, passenger, c, r = s % 4, s // 4 % 5, s // 20 % 5, s // 100
        table[s] = {}
        for a in range(6):
            nr, nc, np_, reward, done = r, c, passenger, -1, False
            if a == 0:
                nr = min(r + 1, 4)
            elif a == 1:
                nr = max(r - 1, 0)
            elif a == 2 and walls[r][2 * c + 2] == ":":
                nc = c + 1
            elif a == 3 and walls[r][2 * c] == ":":
                nc = c - 1
            elif a == 4:
                if passenger < 4 and (r, c) == depots[passenger]:
                    np_ = 4
                else:
                    reward = -10
            elif a == 5:
                if (r, c) == depots[destination] and passenger == 4:
                    np_, reward, done = destination, 20, True
                elif (r, c) in depots and passenger == 4:
                    np_ = depots.index((r, c))
                else:
                    reward = -10
            table[s][a] = [[1.0, ((nr * 5 + nc) * 5 + np_) * 4 + destination, reward, done]]
    return table


small = ["SFFF", "FHFH", "FFFH", "HFFG"]
large = ["SFFFFFFF", "FFFFFFFF", "FFFHFFFF", "FFFFFHFF", "FFFHFFFF", "FHHFFFHF", "FHFFHFHF", "FFFHFFFG"]
tables = {
    "FrozenLake-v1-4x4": frozen_lake(small, True),
    "FrozenLake-v1-8x8": frozen_lake(large, True),
    "FrozenLake-v1-8x8-deterministic": frozen_lake(large, False),
    "CliffWalking-v1": cliff_walking(),
    "Taxi-v4": taxi(),
}
golden |= {name: {"P": table} for name, table in tables.items()}
target = pathlib.Path(__file__).parent / "golden.json.gz"
target.write_bytes(gzip.compress(json.dumps(golden).encode(), 9, mtime=0))
