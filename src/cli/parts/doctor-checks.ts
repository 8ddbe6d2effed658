import type { Probes } from "./doctor-probes.ts";

/** One part of the machine or of the installation. */
export interface Part {
  readonly name: string;
  /** `works`; `slower`: something else does its work, at less speed; `absent`: what it gives is not to be had. */
  readonly state: "works" | "slower" | "absent";
  /** Version, speed, or the reason why not. */
  readonly found: string;
  /** What the part gives. */
  readonly gives: string;
  /** How to get it, where it is not there. */
  readonly fix?: string;
}

export interface Diagnosis {
  readonly vinverse: string;
  readonly node: string;
  readonly platform: string;
  readonly cores: number;
  readonly memoryGigabytes: number;
  readonly runtime: { readonly name: string; readonly gigaflops: number | null };
  readonly parts: readonly Part[];
}

const BROWSERS = ["chromium", "chromium-browser", "google-chrome", "firefox"];

/** Ask for every part in turn. A part that is missing or broken is a line of the answer and stops no other one. */
export async function examine(probes: Probes, vinverse: string): Promise<Diagnosis> {
  const { node, platform, cores, memoryGigabytes } = probes;
  const { part: runtimePart, ...runtime } = await examineRuntime(probes);
  const parts = [runtimePart, await examineMujoco(probes), examineThree(probes), ...examinePython(probes), examineRedis(probes)];
  return { vinverse, node, platform, cores, memoryGigabytes, runtime, parts: [...parts, examineBrowser(probes)] };
}

const reasonOf = (error: unknown) => (error instanceof Error ? error.message : String(error)).split("\n")[0];

async function examineRuntime(probes: Probes) {
  const gives = "runs every critic and every model";
  const install = "npm install onnxruntime-node, with ONNXRUNTIME_NODE_INSTALL=skip in the environment where downloads are closed";
  try {
    const name = await probes.runtime();
    const gigaflops = await probes.speed();
    const speed = `${gigaflops.toPrecision(3)} Gflop/s on a product of 1024 × 256 by 256 × 256`;
    const part: Part =
      name === "native"
        ? { name: "ONNX Runtime", state: "works", found: `native ${probes.npmPackage("onnxruntime-node") ?? ""}, ${speed}`, gives }
        : {
            name: "ONNX Runtime",
            state: "slower",
            found: `WebAssembly, ${speed}`,
            gives: `${gives}; the native build is several times faster`,
            fix: install,
          };
    return { name, gigaflops, part };
  } catch (error) {
    const part: Part = { name: "ONNX Runtime", state: "absent", found: reasonOf(error), gives, fix: install };
    return { name: "none", gigaflops: null, part };
  }
}

async function examineMujoco(probes: Probes): Promise<Part> {
  const [name, gives] = ["MuJoCo", "the environments of the robot arm"];
  try {
    return { name, state: "works", found: await probes.mujoco(), gives };
  } catch (error) {
    return { name, state: "absent", found: reasonOf(error), gives, fix: "npm install @mujoco/mujoco" };
  }
}

function part(name: string, found: string | undefined, gives: string, fix: string): Part {
  return found === undefined ? { name, state: "absent", found: "not found", gives, fix } : { name, state: "works", found, gives };
}

function examineThree(probes: Probes): Part {
  return part(
    "three.js",
    probes.npmPackage("three"),
    "pages in which the arm's episodes can be looked at from all sides",
    "npm install three",
  );
}

function examinePython(probes: Probes): Part[] {
  const names = [process.env.VINVERSE_PYTHON ?? "", "python3", "/usr/bin/python3", "python"].filter((name) => name !== "");
  const python = names.find((name) => probes.program(name, ["--version"]) !== undefined);
  const version = python === undefined ? undefined : probes.program(python, ["--version"])?.replace(/^Python /, "");
  const withGymnasium = names.find((name) => gymnasiumOf(probes, name) !== undefined);
  const gymnasium = withGymnasium === undefined ? undefined : `${gymnasiumOf(probes, withGymnasium)}, in ${withGymnasium}`;
  return [
    part(
      "Python",
      version && `${version}, as ${python}`,
      "published rivals beside ours in benchmarks",
      "install Python 3, or set VINVERSE_PYTHON to it",
    ),
    part("Gymnasium", gymnasium, "transitions recorded in environments that vinverse does not have", "pip install gymnasium"),
  ];
}

function gymnasiumOf(probes: Probes, python: string): string | undefined {
  return probes.program(python, ["-c", "import gymnasium; print(gymnasium.__version__)"]);
}

function examineRedis(probes: Probes): Part {
  const said = probes.program("redis-server", ["--version"]) ?? probes.program("valkey-server", ["--version"]);
  const version = said && (/v=([\d.]+)/.exec(said)?.[1] ?? said);
  return part(
    "Redis",
    version,
    "a queue of jobs over many machines; all commands of this release work without it",
    "apt-get install redis-server",
  );
}

function examineBrowser(probes: Probes): Part {
  const name = BROWSERS.find((one) => probes.program(one, ["--version"]) !== undefined);
  const said = name && probes.program(name, ["--version"])?.split("\n")[0];
  return part("browser", said, "shows report.html, which can also be looked at on another machine", "install Chromium or Firefox");
}
