// The package carries ONNX Runtime's WebAssembly build, two files of onnxruntime-web, for where the native one is not installed.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

const MODULE = "ort-wasm-simd-threaded.mjs";
const source = dirname(createRequire(import.meta.url).resolve(`onnxruntime-web/${MODULE}`));
const folder = fileURLToPath(new URL("../dist/engine/runtime/onnxruntime/", import.meta.url));
mkdirSync(folder, { recursive: true });
for (const name of [MODULE, "ort-wasm-simd-threaded.wasm"]) copyFileSync(`${source}/${name}`, `${folder}${name}`);

const { version } = JSON.parse(readFileSync(`${source}/../package.json`, "utf8"));
writeFileSync(
  `${folder}LICENSE`,
  `ort-wasm-simd-threaded.mjs and ort-wasm-simd-threaded.wasm are those of onnxruntime-web ${version}
(https://github.com/microsoft/onnxruntime), under this licence:

MIT License

Copyright (c) Microsoft Corporation

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
`,
);
