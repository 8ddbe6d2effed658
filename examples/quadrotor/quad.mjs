// A planar quadrotor: two rotors at the ends of an arm lift it, tilt it, and must bring it back to the origin.
const [dt, g] = [0.05, 9.81];
const clip = (x, most) => Math.min(most, Math.max(-most, x));
const wrap = (angle) => Math.atan2(Math.sin(angle), Math.cos(angle));

export default {
  coordinates: [
    { name: "x", low: -3, high: 3 },
    { name: "z", low: -3, high: 3 },
    { name: "tilt", angular: true, observed: "cosine and sine" },
    { name: "vx", low: -5, high: 5, rateOf: "x" },
    { name: "vz", low: -5, high: 5, rateOf: "z" },
    { name: "spin", low: -8, high: 8, rateOf: "tilt" },
  ],
  actionSpace: { low: [-1, -1], high: [1, 1] }, // thrust of each rotor around hovering
  maxEpisodeSteps: 100,
  options: { mass: 1 }, // --change mass=1.5
  reset: (random) => [2 * random.uniform() - 1, 2 * random.uniform() - 1, 0.4 * random.uniform() - 0.2, 0, 0, 0],
  step([x, z, tilt, vx, vz, spin], [left, right], { mass }) {
    const lift = (g * (1 + 0.5 * (left + right))) / mass;
    const ax = clip(vx - lift * Math.sin(tilt) * dt, 5);
    const az = clip(vz + (lift * Math.cos(tilt) - g) * dt, 5);
    const turn = clip(spin + 10 * (right - left) * dt, 8);
    return [clip(x + ax * dt, 3), clip(z + az * dt, 3), wrap(tilt + turn * dt), ax, az, turn];
  },
  reward: ([x, z, tilt, , , spin]) => -(x * x + z * z + 0.1 * (1 - Math.cos(tilt)) + 0.01 * spin * spin),
};
