#!/usr/bin/env node
import { processIo } from "./parts/io.ts";
import { handleSignals } from "./parts/signals.ts";
import { main } from "./program.ts";

handleSignals();
process.exitCode = await main(process.argv.slice(2), processIo);
