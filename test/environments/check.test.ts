import { describe, expect, test } from "vitest";
import { concat, mul, slice } from "../../src/engine/index.ts";
import { breakout } from "../../src/environments/breakout.ts";
import { cartPole } from "../../src/environments/cart-pole.ts";
import { checkEnvironment } from "../../src/environments/check.ts";
import type { Environment, Physics, Simulation } from "../../src/environments/environment.ts";
import { environmentIds, make, prepare } from "../../src/environments/make.ts";
import { pendulum } from "../../src/environments/pendulum.ts";
import { physicsEnvironment, simulationEnvironment } from "../../src/environments/physics-environment.ts";
import { buildTables } from "../../src/environments/tables.ts";
import { tablesEnvironment } from "../../src/environments/tables-environment.ts";
import { box, discrete } from "../../src/spaces/space.ts";

await Promise.all(environmentIds().map(prepare));

test.each(environmentIds())("%s keeps the contract", (id) => {
  expect(checkEnvironment(make(id))).toEqual([]);
});

describe("a broken environment is caught:", () => {
  const over = (environment: Environment, changes: Partial<Environment>): Environment =>
    Object.defineProperties(Object.create(environment), Object.getOwnPropertyDescriptors(changes));
  const bent = (changes: Partial<Physics>, physics: Physics = cartPole()) => physicsEnvironment("Bent-v0", { ...physics, ...changes });
  const fast = physicsEnvironment("CartPole-v1", cartPole({ force: 11 })).simulation;
  const game = (changes: Partial<Simulation>) => simulationEnvironment("Game-v0", { ...breakout(), ...changes });
  const twoStates = (probability: number, reward: number) =>
    tablesEnvironment(
      "Two-v0",
      buildTables(2, 1, 0, (s, _a, add) => add(1 - s, probability, reward, false)),
    );
  let count = 0;
  const narrow = make("CartPole-v1");

  const broken: [string, Environment, RegExp][] = [
    ["space too small", bent({ observationSpace: box([0, 0, 0, 0], [1, 1, 1, 1]) }), /outside the observation space/],
    ["a start that is not seeded", bent({ initialState: (_r, out = new Float64Array(4)) => out.fill(1e-6 * count++) }), /same seed/],
    [
      "hidden state",
      bent({
        step(states, actions, n, out) {
          cartPole().step(states, actions, n, out);
          out.nextStates[1] += 1e-9 * count++;
        },
      }),
      /same seed|bit-identical/,
    ],
    ["reward unlike its law", bent({ rewards: (_s, _a, n, out) => out.fill(2, 0, n) }), /physics.rewards/],
    ["reward of NaN", twoStates(1, Number.NaN), /reward/],
    ["rows that do not sum to one", twoStates(0.5, 0), /sum to 0.5/],
    ["tables that lie", over(make("CliffWalking-v1"), { tables: make("FrozenLake-v1", { map_name: "8x8" }).tables }), /tables/],
    ["a horizon that is not kept", over(make("CartPole-v1"), { horizon: 7 }), /truncated is false after 7 steps|horizons/],
    ["any action taken", over(make("MountainCar-v0"), { step: () => make("MountainCar-v0").step(0) }), /reset/],
    [
      "action space too wide",
      over(narrow, { actionSpace: discrete(3), step: (a) => narrow.step(a), reset: (o) => narrow.reset(o) }),
      /CartPole-v1: an action is/,
    ],
    ["bounds too narrow", bent({ coordinates: { ...cartPole().coordinates, low: [0, 0, 0, 0] } }), /coordinate x leaves its bounds/],
    [
      "observation graph with a wrong sign",
      bent({ coordinates: { ...pendulum().coordinates, observe: (s) => concat([mul(slice(s, 0, 1, 1), -1), s], 1) } }, pendulum()),
      /coordinates.observe differs/,
    ],
    ["ends unlike their law", bent({ ended: (_s, n, out) => void out.fill(0, 0, n) }), /physics.ended differs from the ends/],
    ["pay unlike its law", bent({ reward: (_s, _a, _next, n, out) => void out.fill(2, 0, n) }), /physics.reward differs from the rewards/],
    [
      "a reward that forgets the rows behind the first",
      bent({ reward: (_s, _a, _next, _n, out) => void out.fill(1, 0, 1) }),
      /physics.reward leaves rewards unwritten/,
    ],
    [
      "a step that tells no ends",
      bent({
        step(states, actions, n, out) {
          cartPole().step(states, actions, n, { ...out, terminated: new Uint8Array(n) });
        },
      }),
      /physics.step leaves terminated unwritten/,
    ],
    [
      "a step in batch that makes NaN",
      bent({
        step(states, actions, n, out) {
          cartPole().step(states, actions, n, out);
          if (n > 1) out.nextStates[5] = Number.NaN;
        },
      }),
      /physics.step leaves next states unwritten, or writes NaN/,
    ],
    ["a start of another length", bent({ initialState: (_r, out = new Float64Array(3)) => out }), /initialState gives 3 numbers for 4/],
    [
      "an observation graph one number short",
      bent({ coordinates: { ...cartPole().coordinates, observe: (s) => slice(s, 0, 3, 1) } }),
      /coordinates.observe differs/,
    ],
    [
      "coordinates one number short",
      bent({ coordinates: { ...cartPole().coordinates, fromObservations: (o, n) => o.slice(0, 3 * n) } }),
      /fromObservations gives 3 numbers for 4 coordinates/,
    ],
    [
      "a simulation that moves otherwise",
      over(narrow, { simulation: fast, step: (a) => narrow.step(a), reset: (o) => narrow.reset(o) }),
      /simulation.step and stepping lead to different states/,
    ],
    ["a game whose ends are untrue", game({ ended: (_s, n, out) => void out.fill(1, 0, n) }), /simulation.ended differs/],
    ["a game whose pay is untrue", game({ reward: (_s, _a, _next, n, out) => void out.fill(1, 0, n) }), /simulation.reward differs/],
    [
      "states that are not given back",
      bent({ coordinates: { ...cartPole().coordinates, fromObservations: (o) => o.map((x) => x + 1) } }),
      /fromObservations does not give x back/,
    ],
  ];
  test.each(broken)("%s", (_name, environment, sentence) => {
    expect(checkEnvironment(environment, { steps: 100 }).join("\n")).toMatch(sentence);
  });

  test("a state that is handed out, not copied", () => {
    const held = make("Pendulum-v1");
    const state = held.state;
    const shared: Environment = over(held, {});
    Object.defineProperty(shared, "state", {
      get: () => {
        state.set(held.state);
        return state;
      },
      set: (value) => {
        held.state = value;
      },
    });
    expect(checkEnvironment(shared).join("\n")).toMatch(/not a copy/);
  });
});
