import { loadSavedCritic, saveCritic } from "../src/formats/critic-folder.ts";
import { withoutAuxiliary } from "../src/learning/invertible/auxiliary-heads.ts";

/** Write what plain SAC would have left of zoo/Pendulum-v1-sac, its twin of the reward and no further heads, into a folder. */
export async function plainPendulum(folder: string): Promise<string> {
  await saveCritic(folder, withoutAuxiliary(await loadSavedCritic("zoo/Pendulum-v1-sac")));
  return folder;
}
