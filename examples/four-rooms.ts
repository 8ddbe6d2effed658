// A table: next states of a grid world from value functions alone, then a plan for a goal that no critic was trained for.
import { inferDynamics, loadCritic } from "vinverse";
import { valueIteration } from "vinverse/planning";

const critic = await loadCritic("zoo/FourRooms104-v0");
const { model } = await inferDynamics(critic, { method: "matching" });

const { nextStates, answers } = await model.predict([0, 0, 0, 0], [0, 1, 2, 3]); // up, right, down, left in the first cell
console.log(nextStates, answers);

const goal = 103; // the last cell, where no head has its goal
const terminal = new Uint8Array(model.states);
terminal[goal] = 1;
const rewards = new Float64Array(model.states * model.actions).fill(-1);
const { v } = valueIteration(model.transitions({ rewards, terminal }), { discount: 1 - 1e-9, tolerance: 1e-3 });
console.log("steps from the first cell to the last:", Math.round(-v[0]));
