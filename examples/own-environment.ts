// An environment of one's own: its laws, a registration, the checks that ours pass, a plan for its task.
import { box, type Coordinates, discrete, make } from "vinverse";
import { checkEnvironment, type Physics, physicsEnvironment, registerEnvironment } from "vinverse/environments";
import { ownTask, planOnGrid, simulatorOfPhysics } from "vinverse/planning";

const low = [-1.2, -0.3];
const high = [1.2, 0.3];
const clip = (x: number, j: number) => Math.min(high[j], Math.max(low[j], x));
const finished = (states: Float64Array, i: number) => states[2 * i] >= 1;

const coordinates: Coordinates = {
  names: ["x", "v"],
  angular: [false, false],
  low,
  high,
  rateOf: [1, null], // v is the rate of x
  observe: (states) => states, // the state is seen as it is
  fromObservations: (observations) => observations.slice(),
};

/** A sled on a line, pushed either way: v' = v + 0.05 (a − 1), x' = x + v'. The finish line at 1 pays 1 and ends the episode. */
const sled: Physics = {
  horizon: 100,
  observationSpace: box(low, high),
  actionSpace: discrete(3),
  coordinates,
  initialState(random, out = new Float64Array(2), offset = 0) {
    out.set([random.uniform() - 0.5, 0], offset);
    return out;
  },
  observations: (states, n, out) => out.set(states.subarray(0, 2 * n)),
  rewards: (_states, _actions, n, out) => void out.fill(0, 0, n), // r(s, a): what is known before the step
  reward(_states, _actions, nextStates, n, out) {
    for (let i = 0; i < n; i++) out[i] = finished(nextStates, i) ? 1 : 0;
  },
  ended(states, n, out) {
    for (let i = 0; i < n; i++) out[i] = finished(states, i) ? 1 : 0;
  },
  step(states, actions, n, { nextStates, rewards, terminated }) {
    for (let i = 0; i < n; i++) {
      const v = clip(states[2 * i + 1] + 0.05 * (actions[i] - 1), 1);
      nextStates.set([clip(states[2 * i] + v, 0), v], 2 * i);
      terminated[i] = finished(nextStates, i) ? 1 : 0;
      rewards[i] = terminated[i];
    }
  },
};

registerEnvironment({
  ids: ["Sled-v0"],
  options: {},
  build: (_options, id) => physicsEnvironment(id, sled),
  task: { planner: "grid", discount: 0.95, sizes: [41, 31], tolerance: 1e-6 },
});

const environment = make("Sled-v0"); // loadWorldModel and the learners know it by this id, too
console.log("problems:", checkEnvironment(environment));

const { task, grid } = ownTask(environment);
const policy = await planOnGrid(simulatorOfPhysics(sled), task, grid);
let { observation } = environment.reset({ seed: 0 });
for (let step = 1; ; step++) {
  const { terminated, truncated, observation: next } = environment.step(await policy.act(observation as Float64Array));
  observation = next;
  if (terminated || truncated) {
    console.log(terminated ? "finished after steps:" : "not finished:", step);
    break;
  }
}
