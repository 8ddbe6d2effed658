/// <reference lib="dom" />
import type * as Three from "three";

/** What a page of replays is given: everything that was recorded, as plain numbers. */
export interface ReplayData {
  readonly episodes: readonly ReplayEpisode[];
  /** Seconds between two states. */
  readonly interval: number;
  readonly links: { readonly shoulder: number; readonly upper: number; readonly fore: number; readonly tool: number };
  /** Half an edge of the cube, in metres. */
  readonly half: number;
  /** Names of what is real and what is imagined. */
  readonly names: readonly [real: string, imagined: string];
}

export interface ReplayEpisode {
  readonly title: string;
  /** [steps + 1][14 or 7] joints [5], fingers [2], and where there is a cube its place [3] and quaternion (w, x, y, z) [4] */
  readonly positions: readonly (readonly number[])[];
  readonly goal?: readonly number[];
  /** Boxes that stand in the way or are to be stacked on: centre and half edges. */
  readonly boxes: readonly { readonly centre: readonly number[]; readonly half: readonly number[] }[];
  readonly imagined: readonly {
    /** The step that it starts from. */
    readonly step: number;
    /** [steps + 1][7] grip [3], opening, cube [3] (4 numbers without a cube) */
    readonly states: readonly (readonly number[])[];
  }[];
}

/**
 * The page's program, embedded by its source text: it may use nothing from outside its own body.
 * Drag to orbit, wheel to come nearer; what a plan imagines is drawn in another colour beside what came of it.
 */
export function viewArm(three: typeof Three, data: ReplayData, root: HTMLElement): void {
  const { links, half, interval, names } = data;
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const paper = dark ? 0x1a1e23 : 0xffffff;
  const colours = {
    real: dark ? 0x56b4e9 : 0x0072b2,
    imagined: dark ? 0xf2955a : 0xd55e00,
    goal: dark ? 0x3ecf9f : 0x00805c,
    cube: 0xe6a02d,
  };

  const renderer = new three.WebGLRenderer({ antialias: true });
  renderer.setPixelRatio(Math.min(2, devicePixelRatio));
  renderer.shadowMap.enabled = true;
  renderer.domElement.style.touchAction = "none";
  renderer.domElement.setAttribute("aria-label", "The robot arm, its cube and the goal. Drag to orbit, wheel to zoom.");
  root.append(renderer.domElement);
  const scene = new three.Scene();
  scene.background = new three.Color(paper);
  const camera = new three.PerspectiveCamera(38, 1, 0.01, 20);
  camera.up.set(0, 0, 1);
  scene.add(new three.HemisphereLight(0xffffff, 0x8d8678, 1.6));
  const sun = new three.DirectionalLight(0xffffff, 2);
  sun.position.set(0.2, -0.7, 1.4);
  sun.castShadow = true;
  sun.shadow.mapSize.set(2048, 2048);
  const view = sun.shadow.camera;
  view.left = view.bottom = -0.7;
  view.right = view.top = 0.7;
  sun.shadow.bias = -0.0005;
  scene.add(sun, sun.target);
  sun.target.position.set(0.35, 0, 0);

  const solid = (colour: number) => new three.MeshStandardMaterial({ color: colour, roughness: 0.6 });
  const glass = (colour: number) =>
    new three.MeshStandardMaterial({ color: colour, transparent: true, opacity: 0.38, depthWrite: false, roughness: 0.8 });
  const mesh = (shape: Three.BufferGeometry, material: Three.Material, parent: Three.Object3D) => {
    const made = new three.Mesh(shape, material);
    made.castShadow = !material.transparent;
    made.receiveShadow = !material.transparent;
    parent.add(made);
    return made;
  };
  const box = (x: number, y: number, z: number) => new three.BoxGeometry(2 * x, 2 * y, 2 * z);
  const group = (parent: Three.Object3D) => {
    const made = new three.Group();
    parent.add(made);
    return made;
  };

  const table = mesh(box(0.4, 0.4, 0.02), solid(dark ? 0x3a3f46 : 0xe6e1d8), scene);
  table.position.set(0.4, 0, -0.0205);
  const grid = new three.GridHelper(0.8, 16, dark ? 0x5a616b : 0xbdb6a8, dark ? 0x4a5059 : 0xd3ccbf);
  grid.rotation.x = Math.PI / 2;
  grid.position.set(0.4, 0, 0.0002);
  scene.add(grid);

  const skin = solid(dark ? 0xc9d1da : 0xdfe4ea);
  const joint = solid(colours.real);
  const rubber = solid(0x2b2f36);
  const alongX = (length: number, radius: number, parent: Three.Object3D) => {
    const made = mesh(new three.CapsuleGeometry(radius, length, 6, 20), skin, parent);
    made.rotation.z = Math.PI / 2;
    made.position.x = length / 2;
  };
  const hinge = (radius: number, width: number, parent: Three.Object3D) =>
    mesh(new three.CylinderGeometry(radius, radius, width, 28), joint, parent);
  const foot = mesh(new three.CylinderGeometry(0.06, 0.07, links.shoulder - 0.05, 32), rubber, scene);
  foot.rotation.x = Math.PI / 2;
  foot.position.z = (links.shoulder - 0.05) / 2;
  const turret = group(scene);
  turret.position.z = links.shoulder;
  mesh(new three.CylinderGeometry(0.055, 0.055, 0.1, 32), skin, turret).rotation.x = Math.PI / 2;
  const upper = group(turret);
  hinge(0.045, 0.13, upper);
  alongX(links.upper, 0.034, upper);
  const fore = group(upper);
  fore.position.x = links.upper;
  hinge(0.038, 0.1, fore);
  alongX(links.fore, 0.028, fore);
  const wrist = group(fore);
  wrist.position.x = links.fore;
  hinge(0.032, 0.08, wrist);

  const gripper = (parent: Three.Object3D, palm: Three.Material, pad: Three.Material, stem: boolean) => {
    const hand = group(parent);
    if (stem) {
      const rod = mesh(new three.CapsuleGeometry(0.022, 0.06, 6, 16), palm, hand);
      rod.rotation.x = Math.PI / 2;
      rod.position.z = -0.04;
    }
    mesh(box(0.02, 0.055, 0.012), palm, hand).position.z = -0.09;
    const fingers = [1, -1].map((side) => {
      const finger = group(hand);
      finger.position.z = -links.tool;
      mesh(box(0.011, 0.005, 0.018), pad, finger).position.y = 0.005 * side;
      mesh(box(0.008, 0.005, 0.025), palm, finger).position.set(0, 0.007 * side, 0.042);
      return finger;
    });
    return { hand, fingers };
  };
  const real = gripper(wrist, skin, rubber, true);
  const imaginedGlass = glass(colours.imagined);
  const ghost = gripper(scene, imaginedGlass, imaginedGlass, false);
  const cube = mesh(box(half, half, half), solid(colours.cube), scene);
  const ghostCube = mesh(box(half, half, half), imaginedGlass, scene);
  const goal = mesh(new three.SphereGeometry(0.02, 32, 16), glass(colours.goal), scene);
  const ring = new three.LineSegments(new three.EdgesGeometry(box(half, half, half)), new three.LineBasicMaterial({ color: colours.goal }));
  goal.add(ring);
  const drop = new three.Line(
    new three.BufferGeometry().setFromPoints([new three.Vector3(), new three.Vector3(0, 0, -1)]),
    new three.LineDashedMaterial({ color: colours.goal, dashSize: 0.01, gapSize: 0.008 }),
  );
  scene.add(drop);
  const furniture = group(scene);
  const paths = group(scene);

  const tube = (points: readonly Three.Vector3[], colour: number, radius: number, faint: boolean) => {
    // a tube needs two different points
    const kept = points.filter((point, i) => i === 0 || point.distanceTo(points[i - 1]) > 1e-5);
    if (kept.length < 2) return;
    const curve = new three.CatmullRomCurve3(kept);
    mesh(
      new three.TubeGeometry(curve, 4 * kept.length, radius, 8),
      new three.MeshBasicMaterial({ color: colour, transparent: faint, opacity: faint ? 0.55 : 1 }),
      paths,
    ).castShadow = false;
  };

  const chosen = (selector: string) => root.ownerDocument.querySelector(selector);
  const pick = chosen("#episode") as HTMLSelectElement;
  const slider = chosen("#step") as HTMLInputElement;
  const playing = chosen("#play") as HTMLButtonElement;
  const speed = chosen("#speed") as HTMLSelectElement;
  const imagination = chosen("#imagined") as HTMLInputElement;
  const words = chosen("#words") as HTMLElement;
  let episode = data.episodes[0];
  let time = 0;
  let running = true;
  let drawnPlan = -2;

  const point = (p: readonly number[], at: number) => new three.Vector3(p[at], p[at + 1], p[at + 2]);
  const planAt = (step: number) => {
    let found = -1;
    episode.imagined.forEach((plan, i) => {
      if (plan.step <= step) found = i;
    });
    return found;
  };

  const open = (index: number) => {
    episode = data.episodes[index];
    slider.max = String(episode.positions.length - 1);
    time = 0;
    drawnPlan = -2;
    furniture.clear();
    for (const { centre, half: edges } of episode.boxes) {
      mesh(box(edges[0], edges[1], edges[2]), solid(dark ? 0x77808b : 0x9aa3ad), furniture).position.set(centre[0], centre[1], centre[2]);
    }
    goal.visible = drop.visible = episode.goal !== undefined;
    if (episode.goal) {
      goal.position.copy(point(episode.goal, 0));
      drop.position.copy(goal.position);
      drop.scale.z = Math.max(1e-3, episode.goal[2]);
      drop.computeLineDistances();
    }
    cube.visible = episode.positions[0].length > 7;
  };

  const gripOf = (q: readonly number[]): readonly [number, number, number] => {
    const elbow = q[1] + q[2];
    const tilt = elbow + q[3];
    const radius = links.upper * Math.cos(q[1]) + links.fore * Math.cos(elbow) + links.tool * Math.sin(tilt);
    const height = links.shoulder + links.upper * Math.sin(q[1]) + links.fore * Math.sin(elbow) - links.tool * Math.cos(tilt);
    return [radius * Math.cos(q[0]), radius * Math.sin(q[0]), height];
  };

  const drawPaths = (plan: number) => {
    drawnPlan = plan;
    for (const old of paths.children as Three.Mesh[]) old.geometry.dispose();
    paths.clear();
    const body = (q: readonly number[]) => (q.length > 7 ? point(q, 7) : point(gripOf(q), 0));
    tube(episode.positions.map(body), colours.real, 0.0016, true);
    if (plan < 0 || !imagination.checked) return;
    const { step, states } = episode.imagined[plan];
    tube(
      states.map((state) => point(state, state.length > 4 ? 4 : 0)),
      colours.imagined,
      0.0026,
      false,
    );
    tube(episode.positions.slice(step, step + states.length).map(body), colours.real, 0.0026, false);
  };

  const between = (a: number, b: number, share: number) => a + share * (b - a);
  const from = new three.Quaternion();
  const to = new three.Quaternion();
  const show = () => {
    const last = episode.positions.length - 1;
    const step = Math.min(last, Math.floor(time));
    const share = Math.min(1, time - step);
    const a = episode.positions[step];
    const b = episode.positions[Math.min(last, step + 1)];
    const q = a.map((value, k) => between(value, b[k], share));
    turret.rotation.z = q[0];
    upper.rotation.y = -q[1];
    fore.rotation.y = -q[2];
    wrist.rotation.y = -q[3];
    real.hand.rotation.z = q[4];
    real.fingers.forEach((finger, k) => {
      finger.position.y = (k === 0 ? 1 : -1) * q[5 + k];
    });
    if (q.length > 7) {
      cube.position.set(q[7], q[8], q[9]);
      from.set(a[11], a[12], a[13], a[10]);
      to.set(b[11], b[12], b[13], b[10]);
      cube.quaternion.slerpQuaternions(from, to, share);
    }
    const plan = planAt(step);
    const states = plan < 0 ? [] : episode.imagined[plan].states;
    const ahead = plan < 0 ? 0 : time - episode.imagined[plan].step;
    const present = imagination.checked && plan >= 0 && ahead <= states.length - 1;
    ghost.hand.visible = present;
    ghostCube.visible = present && states[0].length > 4;
    let apart = "";
    if (present) {
      const i = Math.min(states.length - 1, Math.floor(ahead));
      const later = states[Math.min(states.length - 1, i + 1)];
      const s = states[i].map((value, k) => between(value, later[k], ahead - i));
      ghost.hand.position.set(s[0], s[1], s[2] + links.tool);
      ghost.fingers.forEach((finger, k) => {
        finger.position.y = (k === 0 ? 0.5 : -0.5) * s[3];
      });
      if (s.length > 4) {
        ghostCube.position.set(s[4], s[5], s[6]);
        const yaw = 2 * Math.atan2(q[13], q[10]);
        ghostCube.rotation.set(0, 0, yaw);
        apart = ` · cube imagined ${(1000 * Math.hypot(s[4] - q[7], s[5] - q[8], s[6] - q[9])).toFixed(1)} mm off`;
      } else {
        const [x, y, z] = gripOf(q);
        apart = ` · grip imagined ${(1000 * Math.hypot(s[0] - x, s[1] - y, s[2] - z)).toFixed(1)} mm off`;
      }
    }
    if (plan !== drawnPlan) drawPaths(plan);
    slider.value = String(time);
    words.textContent = `${(time * interval).toFixed(2)} s · step ${step} of ${last}${apart}`;
    playing.textContent = running ? "Pause" : "Play";
  };

  let azimuth = -0.9;
  let elevation = 0.5;
  let distance = 1.6;
  const centre = new three.Vector3(0.3, 0, 0.24);
  const aim = () => {
    const flat = distance * Math.cos(elevation);
    camera.position.set(
      centre.x + flat * Math.cos(azimuth),
      centre.y + flat * Math.sin(azimuth),
      centre.z + distance * Math.sin(elevation),
    );
    camera.lookAt(centre);
  };
  let held: readonly [number, number] | undefined;
  const canvas = renderer.domElement;
  canvas.addEventListener("pointerdown", (event) => {
    held = [event.clientX, event.clientY];
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!held) return;
    azimuth -= 0.008 * (event.clientX - held[0]);
    elevation = Math.min(1.5, Math.max(0.02, elevation + 0.008 * (event.clientY - held[1])));
    held = [event.clientX, event.clientY];
  });
  for (const name of ["pointerup", "pointercancel"] as const) {
    canvas.addEventListener(name, () => {
      held = undefined;
    });
  }
  canvas.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      distance = Math.min(3, Math.max(0.3, distance * Math.exp(0.001 * event.deltaY)));
    },
    { passive: false },
  );
  playing.addEventListener("click", () => {
    running = !running;
  });
  slider.addEventListener("input", () => {
    running = false;
    time = Number(slider.value);
  });
  pick.addEventListener("change", () => open(Number(pick.value)));
  imagination.addEventListener("change", () => {
    drawnPlan = -2;
  });
  addEventListener("keydown", (event) => {
    if (event.target instanceof HTMLSelectElement || event.target instanceof HTMLButtonElement) return;
    if (event.key === " ") running = !running;
    else if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
      running = false;
      time = Math.min(episode.positions.length - 1, Math.max(0, Math.round(time) + (event.key === "ArrowRight" ? 1 : -1)));
    } else return;
    event.preventDefault();
  });
  const resize = () => {
    const { clientWidth, clientHeight } = root;
    renderer.setSize(clientWidth, clientHeight);
    camera.aspect = clientWidth / Math.max(1, clientHeight);
    camera.updateProjectionMatrix();
  };
  addEventListener("resize", resize);
  data.episodes.forEach(({ title }, index) => {
    const option = root.ownerDocument.createElement("option");
    option.value = String(index);
    option.textContent = title;
    pick.append(option);
  });
  (chosen("#names") as HTMLElement).hidden = data.episodes.every(({ imagined }) => imagined.length === 0);
  (chosen("#real") as HTMLElement).textContent = names[0];
  (chosen("#planned") as HTMLElement).textContent = names[1];

  // #step=12&episode=1 in the address opens there, standing still
  const asked = new URLSearchParams(location.hash.slice(1));
  open(Math.min(data.episodes.length - 1, Number(asked.get("episode") ?? 0)));
  pick.value = String(data.episodes.indexOf(episode));
  if (asked.has("step")) {
    time = Math.min(episode.positions.length - 1, Number(asked.get("step")));
    running = false;
  }
  resize();
  let before = performance.now();
  let rest = 0;
  renderer.setAnimationLoop((now) => {
    const passed = Math.min(0.1, Math.max(0, (now - before) / 1000));
    before = now;
    if (running) {
      time += (passed * Number(speed.value)) / interval;
      if (time >= episode.positions.length - 1) {
        time = episode.positions.length - 1;
        rest += passed;
        if (rest > 1.2) {
          rest = 0;
          time = 0;
        }
      }
    }
    aim();
    show();
    renderer.render(scene, camera);
  });
}
