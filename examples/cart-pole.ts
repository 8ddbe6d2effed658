// A critic that ships with vinverse, its model, its score on transitions that inference did not see, and a rollout.
import { inferDynamics, loadCritic, make, scoreModel } from "vinverse";

const critic = await loadCritic("zoo/CartPole-v1");
const { model, identifiability } = await inferDynamics(critic, { environment: "CartPole-v1", method: "pointwise" });
console.log(identifiability.verdict.sentence);

const score = await scoreModel(model, make("CartPole-v1"));
console.log("error over true change:", score.error.toFixed(3));

const push = [1, 1, 1, 0, 0, 0]; // right three times, then left
console.log(await model.rollout([0, 0, 0.05, 0], push)); // flat [7, 4]: position, velocity, angle, angular velocity
