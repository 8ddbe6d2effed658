import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { crc32c, eventFileHead, eventRecord, eventsUpTo, type ScalarEvent } from "../../src/formats/tfevents.ts";

const joined = (...parts: readonly Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));
const events: readonly ScalarEvent[] = [
  { step: 0, wallTime: 1700000000.25, scalars: { "return/evaluation": -199.5 } },
  { step: 300, wallTime: 1700000001.5, scalars: { "return/evaluation": 12.25, "loss/critic loss": 1e-3 } },
  { step: 3_000_000_000, wallTime: 1700000002, scalars: { γ: 0.5 } },
];
const file = joined(eventFileHead(1700000000), ...events.map(eventRecord));

/** TFRecord and protobuf by their specifications, bit by bit, with nothing of ours. */
const reader = `
import json, struct, sys
def crc(data):
    c = 0xFFFFFFFF
    for b in data:
        c ^= b
        for _ in range(8): c = (c >> 1) ^ (0x82F63B78 if c & 1 else 0)
    return c ^ 0xFFFFFFFF
def masked(data):
    c = crc(data)
    return (((c >> 15) | (c << 17)) + 0xA282EAD8) & 0xFFFFFFFF
def varint(data, at):
    value = shift = 0
    while True:
        b = data[at]; at += 1
        value |= (b & 127) << shift; shift += 7
        if b < 128: return value, at
def fields(data):
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        number, wire = key >> 3, key & 7
        if wire == 0: value, at = varint(data, at)
        elif wire == 1: value, at = struct.unpack('<d', data[at:at + 8])[0], at + 8
        elif wire == 5: value, at = struct.unpack('<f', data[at:at + 4])[0], at + 4
        else:
            n, at = varint(data, at)
            value, at = data[at:at + n], at + n
        yield number, value
data, at, out = open(sys.argv[1], 'rb').read(), 0, []
while at < len(data):
    (n,), (check,) = struct.unpack('<Q', data[at:at + 8]), struct.unpack('<I', data[at + 8:at + 12])
    assert check == masked(data[at:at + 8])
    body = data[at + 12:at + 12 + n]
    assert struct.unpack('<I', data[at + 12 + n:at + 16 + n])[0] == masked(body)
    at += 16 + n
    event = dict(fields(body))
    if 3 in event: out.append(event[3].decode()); continue
    values = [dict(fields(v)) for k, v in fields(event[5]) if k == 1]
    out.append({'step': event.get(2, 0), 'wallTime': event[1], 'scalars': {v[1].decode(): v[2] for v in values}})
print(json.dumps(out))
`;
const python = spawnSync("python3", ["--version"]).status === 0;

describe("event files of TensorBoard", () => {
  test("CRC-32C of RFC 3720", () => {
    expect(crc32c(new TextEncoder().encode("123456789"))).toBe(0xe3069283);
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
  });

  test.skipIf(!python)("an independent reader finds what was written", () => {
    const folder = mkdtempSync(join(tmpdir(), "vinverse-events-"));
    writeFileSync(join(folder, "events"), file);
    const [head, ...read] = JSON.parse(execFileSync("python3", ["-c", reader, join(folder, "events")], { encoding: "utf8" }));
    rmSync(folder, { recursive: true });
    expect(head).toBe("brain.Event:2");
    const rounded = events.map((event) => ({
      ...event,
      scalars: Object.fromEntries(Object.entries(event.scalars).map(([tag, value]) => [tag, Math.fround(value)])),
    }));
    expect(read).toEqual(rounded);
  });

  test("what a resumed training keeps: whole records up to its step", () => {
    const until = (count: number) => joined(eventFileHead(1700000000), ...events.slice(0, count).map(eventRecord));
    expect(eventsUpTo(file, 299)).toEqual(until(1));
    expect(eventsUpTo(file, 300)).toEqual(until(2));
    expect(eventsUpTo(file, 1e10)).toEqual(file);
    for (let cut = 1; cut < eventRecord(events[2]).length; cut++)
      expect(eventsUpTo(file.subarray(0, file.length - cut), 1e10)).toEqual(until(2));
    const damaged = file.slice();
    damaged[until(1).length + 20] ^= 1;
    expect(eventsUpTo(damaged, 1e10)).toEqual(until(1));
  });
});
