import type { ArmPart } from "./part.ts";

export interface RegisteredArmPart {
  readonly name: string;
  /** Of the first seed only, where it takes long and does not depend on the critic. */
  readonly once?: boolean;
  load(): Promise<ArmPart>;
}

/** Studies of the arm beside bringing the cube to goals. */
export const armParts: readonly RegisteredArmPart[] = [
  { name: "reach", load: async () => (await import("./reach.ts")).reachPart },
  { name: "unseen tasks", load: async () => (await import("./tasks.ts")).tasksPart },
  { name: "adaptation", load: async () => (await import("./adaptation.ts")).adaptationPart },
  { name: "replays", once: true, load: async () => (await import("./replays.ts")).replayPart },
  { name: "simulator", once: true, load: async () => (await import("./simulator.ts")).simulatorPart },
];
