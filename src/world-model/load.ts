import { files } from "#files";
import { FormatError } from "../formats/format-error.ts";
import { type LoadWorldModelOptions, loadContinuous } from "./load-continuous.ts";
import { format as continuousFormat } from "./model-file.ts";
import { loadTabularWorldModel } from "./tabular.ts";
import type { WorldModel } from "./world-model.ts";

/**
 * Read a model that `save` wrote.
 * @throws FormatError naming the file and field that are wrong
 */
export async function loadWorldModel(folder: string, options: LoadWorldModelOptions = {}): Promise<WorldModel> {
  const path = `${folder}/model.json`;
  if ((await files.kind(folder)) !== "folder" || (await files.kind(path)) !== "file")
    throw new FormatError(folder, "the folder", "holds no model.json", "give a folder that vinverse infer wrote");
  let json: { readonly format?: unknown };
  try {
    json = JSON.parse(new TextDecoder().decode(await files.read(path))) as { format?: unknown };
  } catch (error) {
    if (error instanceof SyntaxError) throw new FormatError(path, "the file", "is not JSON", "infer the model again");
    throw error;
  }
  return json.format === continuousFormat ? loadContinuous(folder, json, options) : loadTabularWorldModel(folder);
}
