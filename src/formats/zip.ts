import { inflateSync } from "fflate";
import { FormatError } from "./format-error.ts";
import { limits } from "./limits.ts";

/** A zip archive whose directory has been checked; members are inflated when asked for. */
export interface Archive {
  readonly names: readonly string[];
  has(name: string): boolean;
  /** Inflated bytes of a member (a view of the file where it was stored), checked against its declared size. */
  read(name: string): Uint8Array;
}

interface Member {
  readonly name: string;
  readonly method: number;
  readonly checksum: number;
  readonly compressed: number;
  readonly size: number;
  readonly offset: number;
}

const save = "save or download the file again";

export function isZip(bytes: Uint8Array): boolean {
  return (
    bytes.length >= 4 &&
    bytes[0] === 0x50 &&
    bytes[1] === 0x4b &&
    ((bytes[2] === 3 && bytes[3] === 4) || (bytes[2] === 5 && bytes[3] === 6))
  );
}

/**
 * Open a zip (PKWARE APPNOTE 6.3). Sizes, names and the compression ratio are bounded by the central directory before anything is inflated.
 * @param checksums false for archives written by PyTorch, which may leave CRC-32 out
 * @throws FormatError on a truncated, encrypted, oversized or ambiguous archive
 */
export function openZip(bytes: Uint8Array, file: string, checksums = true): Archive {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const members = new Map<string, Member>();
  for (const member of directory(view, bytes, file)) {
    check(member, file);
    if (members.has(member.name)) throw new FormatError(file, `member '${member.name}'`, "appears twice", save);
    members.set(member.name, member);
  }
  let total = 0;
  return {
    names: [...members.keys()],
    has: (name) => members.has(name),
    read(name) {
      const member = members.get(name);
      if (!member) throw new FormatError(file, `member '${name}'`, "is missing", "give a complete checkpoint");
      total += member.size;
      if (total > limits.archive)
        throw new FormatError(file, "the archive", `inflates to more than ${limits.archive} bytes`, "give the checkpoint alone");
      return inflate(view, bytes, member, file, checksums);
    },
  };
}

function* directory(view: DataView, bytes: Uint8Array, file: string): Generator<Member> {
  const end = endOfDirectory(view);
  if (end < 0) throw new FormatError(file, "the zip directory", "is missing, so the file is cut off", save);
  let count = view.getUint16(end + 10, true);
  let offset = view.getUint32(end + 16, true);
  const locator = end - 20;
  if ((count === 0xffff || offset === 0xffffffff) && locator >= 0 && view.getUint32(locator, true) === 0x07064b50) {
    const wide = number64(view, locator + 8);
    if (wide + 56 > bytes.length || view.getUint32(wide, true) !== 0x06064b50) throw broken(file);
    count = number64(view, wide + 32);
    offset = number64(view, wide + 48);
  }
  if (count > limits.members) throw new FormatError(file, "the zip directory", `lists ${count} members, more than ${limits.members}`, save);
  const text = new TextDecoder();
  let at = offset;
  for (let i = 0; i < count; i++) {
    if (at + 46 > bytes.length || view.getUint32(at, true) !== 0x02014b50) throw broken(file);
    const nameLength = view.getUint16(at + 28, true);
    const extraLength = view.getUint16(at + 30, true);
    const next = at + 46 + nameLength + extraLength + view.getUint16(at + 32, true);
    if (next > bytes.length) throw broken(file);
    const name = text.decode(bytes.subarray(at + 46, at + 46 + nameLength));
    if (view.getUint16(at + 8, true) & 1) throw new FormatError(file, `member '${name}'`, "is encrypted", "save it without a password");
    const sizes = [view.getUint32(at + 24, true), view.getUint32(at + 20, true), view.getUint32(at + 42, true)];
    widen(view, at + 46 + nameLength, extraLength, sizes);
    yield {
      name,
      method: view.getUint16(at + 10, true),
      checksum: view.getUint32(at + 16, true),
      size: sizes[0],
      compressed: sizes[1],
      offset: sizes[2],
    };
    at = next;
  }
}

function endOfDirectory(view: DataView): number {
  for (let at = view.byteLength - 22; at >= Math.max(0, view.byteLength - 22 - 65_535); at--) {
    if (view.getUint32(at, true) === 0x06054b50) return at;
  }
  return -1;
}

/** The zip64 extra field holds, in order, those of [size, compressed, offset] that did not fit in 32 bits. */
function widen(view: DataView, start: number, length: number, sizes: number[]): void {
  for (let at = start; at + 4 <= start + length; ) {
    const id = view.getUint16(at, true);
    const end = at + 4 + view.getUint16(at + 2, true);
    if (id === 1) {
      let field = at + 4;
      for (let i = 0; i < 3; i++) {
        if (sizes[i] !== 0xffffffff || field + 8 > Math.min(end, start + length)) continue;
        sizes[i] = number64(view, field);
        field += 8;
      }
    }
    at = end;
  }
}

function number64(view: DataView, at: number): number {
  if (at + 8 > view.byteLength) return Number.MAX_SAFE_INTEGER;
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32;
}

function check(member: Member, file: string): void {
  const field = `member '${member.name}'`;
  const parts = member.name.split(/[/\\]/);
  if (member.name.includes("\0") || member.name.startsWith("/") || parts.includes("..") || /^[A-Za-z]:/.test(member.name)) {
    throw new FormatError(file, field, "points outside the archive", "do not trust this file");
  }
  if (member.size > limits.member)
    throw new FormatError(file, field, `declares ${member.size} bytes, more than ${limits.member}`, "give the checkpoint alone");
  if (member.size > limits.ratioFree && member.size > limits.ratio * member.compressed) {
    throw new FormatError(
      file,
      field,
      `inflates ${Math.round(member.size / Math.max(1, member.compressed))}-fold`,
      "do not trust this file",
    );
  }
}

function inflate(view: DataView, bytes: Uint8Array, member: Member, file: string, checksums: boolean): Uint8Array {
  const { offset, compressed, size } = member;
  const field = `member '${member.name}'`;
  if (offset + 30 > bytes.length || view.getUint32(offset, true) !== 0x04034b50)
    throw new FormatError(file, field, "is not where the directory says", save);
  const start = offset + 30 + view.getUint16(offset + 26, true) + view.getUint16(offset + 28, true);
  if (start + compressed > bytes.length) throw new FormatError(file, field, "is cut off", save);
  const packed = bytes.subarray(start, start + compressed);
  let content = packed;
  if (member.method === 8) {
    try {
      content = inflateSync(packed, { out: new Uint8Array(size + 1) });
    } catch {
      throw new FormatError(file, field, "does not inflate", save);
    }
  } else if (member.method !== 0) {
    throw new FormatError(file, field, `uses compression method ${member.method}`, "compress it with deflate or not at all");
  }
  if (content.length !== size) throw new FormatError(file, field, `does not hold the ${size} bytes it declares`, save);
  if (checksums && crc32(content) !== member.checksum) throw new FormatError(file, field, "does not match its checksum", save);
  return content;
}

function broken(file: string): FormatError {
  return new FormatError(file, "the zip directory", "is damaged", save);
}

const table = new Uint32Array(256).map((_, i) => {
  let c = i;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c;
});

export function crc32(bytes: Uint8Array): number {
  let c = -1;
  for (let i = 0; i < bytes.length; i++) c = table[(c ^ bytes[i]) & 255] ^ (c >>> 8);
  return ~c >>> 0;
}
