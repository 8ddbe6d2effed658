import { Writer } from "protobufjs/minimal.js";

/** Named numbers of one step, as TensorBoard shows them. */
export interface ScalarEvent {
  readonly step: number;
  /** Seconds since 1970. */
  readonly wallTime: number;
  readonly scalars: Readonly<Record<string, number>>;
}

const POLYNOMIAL = 0x82f63b78;
const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
  return crc;
});

/** CRC-32C (Castagnoli; RFC 3720, B.4). */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = crcTable[(crc ^ byte) & 0xff] ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** As TFRecord stores it: rotated by 15 bits and moved, so that checksums of data with checksums do not repeat them. */
function masked(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** TFRecord: length (8 bytes, little endian), its masked CRC, data, their masked CRC. */
function frame(data: Uint8Array): Uint8Array {
  const out = new Uint8Array(data.length + 16);
  const view = new DataView(out.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, masked(out.subarray(0, 8)), true);
  out.set(data, 12);
  view.setUint32(12 + data.length, masked(data), true);
  return out;
}

/** What an event file begins with: Event { wall_time = 1, file_version = 3 }. */
export function eventFileHead(wallTime: number): Uint8Array {
  return frame(Writer.create().uint32(9).double(wallTime).uint32(26).string("brain.Event:2").finish());
}

/** Event { wall_time = 1, step = 2, summary = 5 } of Summary { value = 1 } of Value { tag = 1, simple_value = 2 }, to be appended to an event file. */
export function eventRecord({ step, wallTime, scalars }: ScalarEvent): Uint8Array {
  const event = Writer.create().uint32(9).double(wallTime).uint32(16).int64(step).uint32(42).fork();
  for (const [tag, value] of Object.entries(scalars)) event.uint32(10).fork().uint32(10).string(tag).uint32(21).float(value).ldelim();
  return frame(event.ldelim().finish());
}

/**
 * The records at the front of an event file that are whole and not past a step: what a training that goes on from there keeps.
 * A file that was cut off within a record ends before it.
 */
export function eventsUpTo(bytes: Uint8Array, last: number): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  while (at + 16 <= bytes.length) {
    const length = Number(view.getBigUint64(at, true));
    if (view.getUint32(at + 8, true) !== masked(bytes.subarray(at, at + 8)) || at + 16 + length > bytes.length) break;
    const data = bytes.subarray(at + 12, at + 12 + length);
    if (view.getUint32(at + 12 + length, true) !== masked(data) || stepOf(data) > last) break;
    at += 16 + length;
  }
  return bytes.subarray(0, at);
}

/** Field 2 of an Event that `eventRecord` wrote, behind the nine bytes of its time; 0 where it has none. */
function stepOf(event: Uint8Array): number {
  if (event[9] !== 16) return 0;
  let step = 0;
  for (let i = 10, scale = 1; i < event.length; i++, scale *= 128) {
    step += (event[i] & 127) * scale;
    if (event[i] < 128) break;
  }
  return step;
}
