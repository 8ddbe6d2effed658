import { isAbsolute, relative, resolve } from "node:path";

/** "id": one of ours, or registered. "module": a program in JavaScript. */
export type AddressKind = "id" | "module";

/** What an address of an environment is of, told by its form alone. */
export function addressKind(address: string): AddressKind {
  return /\.[mc]?[jt]s$/.test(address) ? "module" : "id";
}

/** The address of a module as folders keep it: from the working folder, ./first; absolute where it lies elsewhere. Ids stay. */
export function normalAddress(address: string): string {
  if (addressKind(address) === "id") return address;
  const path = relative(process.cwd(), resolve(address)).replaceAll("\\", "/");
  return path.startsWith("..") || isAbsolute(path) ? resolve(address) : `./${path}`;
}
