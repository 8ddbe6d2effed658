// Imported by a thread before its own file, where threads run from source: tsx itself loads for the main thread only.
import { register } from "tsx/esm/api";

register();
