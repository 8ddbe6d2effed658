import { inferDynamics, loadCritic, make, scoreModel } from "../src/index.ts";

/** A child of bench/runtime.ts: the inference once by the runtime that VINVERSE_RUNTIME names, timed from the loaded critic to the score. */
const [path, seed] = process.argv.slice(2);
const critic = await loadCritic(path);
const begun = performance.now();
const { model, identifiability } = await inferDynamics(critic, { environment: "Pendulum-v1", seed: Number(seed) });
const score = await scoreModel(model, make("Pendulum-v1"), { seed: Number(seed) });
const seconds = (performance.now() - begun) / 1000;
if (model.kind !== "continuous" || score.kind !== "continuous") throw new Error("the model of the pendulum is not of coordinates");
const states = Float64Array.from({ length: 200 }, (_, i) => (i % 2 === 0 ? Math.sin(i) * Math.PI : Math.cos(3 * i) * 8));
const actions = Float64Array.from({ length: 100 }, (_, i) => 2 * Math.sin(7 * i));
const { nextStates } = await model.predict(states, actions);
console.log(
  JSON.stringify({ seconds, error: score.error, sentence: identifiability.verdict.sentence, nextStates: Array.from(nextStates) }),
);
