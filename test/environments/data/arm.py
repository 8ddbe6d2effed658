"""Steps the arm in Python's MuJoCo, as an independent record: python arm.py MODEL.xml < episodes.json > arm.json

episodes.json: a list of {"name", "qpos", "actions"}; MODEL.xml: what armModel() writes for a cube of 50 g.
"""

import json
import sys

import mujoco
import numpy as np
from scipy.optimize import root

model = mujoco.MjModel.from_xml_path(sys.argv[1])
LOW, HIGH = np.array([0.26, -0.18, 0.02]), np.array([0.5, 0.18, 0.3])
STIFFNESS, DAMPING = np.array([3000, 4000, 3000, 1000, 1000]), np.array([60, 80, 60, 20, 20])
STEPS, SECONDS = 20, 0.05

scratch = mujoco.MjData(model)


def hand(q):
    """Place of the grip, and how far the hand is from pointing down with its fingers along y."""
    scratch.qpos[:5] = q
    mujoco.mj_kinematics(model, scratch)
    axes = scratch.site_xmat[0].reshape(3, 3)
    return scratch.site_xpos[0].copy(), axes


def joints_for(place, near):
    """Inverse kinematics by root finding on MuJoCo's own forward kinematics."""

    def miss(q):
        at, axes = hand(q)
        return [*(at - place), axes[0, 2], axes[0, 1]]

    found = root(miss, near, tol=1e-14)
    assert np.max(np.abs(found.fun)) < 1e-12, found
    return found.x


def run(qpos, actions):
    data = mujoco.MjData(model)
    data.qpos[:] = qpos
    rows = []
    for action in actions:
        action = np.clip(action, -1, 1)
        start = data.qpos[:5].copy()
        target = joints_for(np.clip(hand(start)[0] + 0.02 * action[:3], LOW, HIGH), start)
        for t in range(1, STEPS + 1):
            data.ctrl[:5] = start + (target - start) * t / STEPS + DAMPING / STIFFNESS * (target - start) / SECONDS
            data.ctrl[5:] = 0.02 * (action[3] + 1)
            mujoco.mj_step(model, data)
        rows.append([round(x, 13) for x in data.qpos.tolist()])
    return rows


episodes = json.load(sys.stdin)
json.dump(
    {"mujoco": mujoco.__version__, "episodes": [{**one, "positions": run(one["qpos"], one["actions"])} for one in episodes]},
    sys.stdout,
)
