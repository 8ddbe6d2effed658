/** What acts in a finite world and learns from it, one step at a time. */
export interface Agent {
  act(state: number): number;
  /** @param ended whether the episode is over: in a goal, or in a trap */
  observe(state: number, action: number, reward: number, next: number, ended: boolean): void;
  /** The next step begins an episode. */
  reset(): void;
  /** [states] what it would do if it explored no more */
  policy(): Int32Array;
}
