import { fuzz } from "./fuzz.ts";

// a hundred times as many stand under test/slow
fuzz(2_000);
