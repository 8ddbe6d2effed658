import type { Reproduce } from "./harness/reproduction.ts";

export type { Reproduce, Reproduction } from "./harness/reproduction.ts";

export interface RegisteredReproduction {
  /** One line: what is run again, and from whom. */
  readonly describe: string;
  /** What the folder of critics must hold, where the result needs one: a path in it. */
  readonly critics?: string;
  load(): Promise<Reproduce>;
}

/** Everything `vinverse reproduce NAME` knows; each is loaded only when it is run. */
export const reproductions: Readonly<Record<string, RegisteredReproduction>> = {
  adaptation: {
    describe: "steps to recover when doors close and open, actions turn, ice gets smoother; and how soon the change is told",
    load: async () => (await import("./adaptation/adaptation.ts")).reproduceAdaptation,
  },
  arm: {
    describe: "a robot arm picks up a cube and brings it to goals, planning only in dynamics inferred from values of coordinates",
    load: async () => (await import("./arm/arm.ts")).reproduceArm,
  },
  dyna: {
    describe: "real steps to a new reward for the pendulum, with and without steps imagined in the model of an old critic",
    load: async () => (await import("./dyna.ts")).reproduceDyna,
  },
  exploration: {
    describe: "steps to a goal that nobody named, in models inferred from other goals, against R-max and others",
    load: async () => (await import("./exploration.ts")).reproduceExploration,
  },
  "fetch-reach": {
    describe: "the gripper's motion in FetchReach from a published goal-conditioned critic asked about 32 goals",
    critics: "tqc/FetchReach-v1_1",
    load: async () => (await import("./fetch-reach.ts")).reproduceFetchReach,
  },
  "few-next-states": {
    describe: "distributions over the next states of slippery mazes of 10^4 and 10^5 states, no support known",
    load: async () => (await import("./few-next-states.ts")).reproduceFewNextStates,
  },
  "few-shot": {
    describe: "a few noisy transitions with and without published critics beside them",
    critics: "sac/Pendulum-v1_1",
    load: async () => (await import("./few-shot.ts")).reproduceFewShot,
  },
  "four-rooms": {
    describe: "transition probabilities of windy and teleporting four rooms from few rewards (Letcher et al. 2026)",
    load: async () => (await import("./four-rooms.ts")).reproduceFourRooms,
  },
  identifiable: {
    describe: "critics trained to be inverted: Pendulum and CartPole pair by pair from general value functions",
    load: async () => (await import("./identifiable.ts")).reproduceIdentifiable,
  },
  learning: {
    describe: "returns of our model-free learners, and the Bellman residual that general value functions are left with",
    load: async () => (await import("./learning.ts")).reproduceLearning,
  },
  "mountain-car": {
    describe: "the mountain car, wall and all, from four sparse goals, and from nearly exact values",
    load: async () => (await import("./mountain-car.ts")).reproduceMountainCar,
  },
  noise: {
    describe: "mean and covariance of the next state where it scatters: a world with exact values, a shaken pendulum with learned ones",
    load: async () => (await import("./noise.ts")).reproduceNoise,
  },
  "paper-figure": {
    describe: "right next states against the error of the values (Adamczyk 2025, figure 1)",
    load: async () => (await import("./paper-figure.ts")).reproducePaperFigure,
  },
  reacher: {
    describe: "the reacher's motion from four sparse goals of its fingertip (Letcher et al. 2026)",
    load: async () => (await import("./reacher.ts")).reproduceReacher,
  },
  scaling: {
    describe: "time and memory of matching a million states, against SciPy's cKDTree in the same run",
    load: async () => (await import("./scaling.ts")).reproduceScaling,
  },
  transfer: {
    describe: "policies for unseen goals, without a step and in the first episode; Reacher and mountain car; TicTacToe and Sokoban",
    load: async () => (await import("./transfer/transfer.ts")).reproduceTransfer,
  },
  uncertainty: {
    describe:
      "what 90 % bounds hold on held-out seeds, with and without transitions; what is abstained from; two critics that agree and are wrong",
    load: async () => (await import("./uncertainty.ts")).reproduceUncertainty,
  },
  wvf: {
    describe: "next states of a world value function (Nangue Tasse et al. 2022), all of them right",
    critics: "WVF.npy",
    load: async () => (await import("./wvf.ts")).reproduceWvf,
  },
  zoo: {
    describe: "what published RL Zoo checkpoints give up, by one rule, and which are refused",
    critics: "sac/Pendulum-v1_1",
    load: async () => (await import("./zoo.ts")).reproduceZoo,
  },
};
