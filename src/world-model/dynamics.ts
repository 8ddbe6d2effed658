import type { Coordinates } from "../environments/environment.ts";
import type { Space } from "../spaces/space.ts";
import type { DynamicsFile } from "./dynamics-of.ts";
import { type NetworkDynamics, readNetwork } from "./network-dynamics.ts";
import { readStructured, type StructuredDynamics } from "./structured-dynamics.ts";

/** An amortised f in s' = s + f(s, a), of any kind. */
export type Dynamics = StructuredDynamics | NetworkDynamics;

/** How each kind is read from a file. */
const readers: { readonly [Kind in Dynamics["kind"]]: Reader<Extract<Dynamics, { readonly kind: Kind }>> } = {
  structured: readStructured,
  network: readNetwork,
};
type Reader<Read> = (file: DynamicsFile, coordinates: Coordinates, actionSpace: Space) => Read;

/** @throws FormatError by `file` where settings or tensors are wrong, or the kind is unknown */
export function readDynamics(kind: string, file: DynamicsFile, coordinates: Coordinates, actionSpace: Space): Dynamics {
  if (!Object.hasOwn(readers, kind)) throw file.refuse("dynamics.kind", `is '${kind}', not one of ${Object.keys(readers).join(", ")}`);
  return readers[kind as keyof typeof readers](file, coordinates, actionSpace);
}

/** What `readDynamics` and the reader of the noise need beside the tensors. */
export function savedSettings({ settings, noise }: Dynamics): Readonly<Record<string, unknown>> {
  return noise === undefined ? { ...settings } : { ...settings, noise };
}
