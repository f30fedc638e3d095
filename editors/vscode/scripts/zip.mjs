// SPDX-License-Identifier: MIT
//
// A writer of ZIP files (APPNOTE.TXT 6.3, version 2.0: deflate, no encryption, no ZIP64). The same
// files give the same bytes.
import { deflateRawSync } from "node:zlib";

const table = Array.from({ length: 256 }, (_, n) => {
  for (let bit = 0; bit < 8; ++bit) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n >>> 0;
});

function crc32(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = table[(crc ^ byte) & 255] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

/** Fields in little endian: [bytes, value] pairs. */
function record(...fields) {
  const out = Buffer.alloc(fields.reduce((sum, [size]) => sum + size, 0));
  let at = 0;
  for (const [size, value] of fields) {
    out.writeUIntLE(value, at, size);
    at += size;
  }
  return out;
}

const date = 0x21; // 1 January 1980, midnight: no file has a time of its own

/**
 * @param {{name: string, data: Buffer, executable?: boolean}[]} files names with "/"
 * @returns {Buffer}
 */
export function zip(files) {
  const parts = [], directory = [];
  let offset = 0;
  for (const { name, data, executable } of files) {
    const path = Buffer.from(name, "utf8"), packed = deflateRawSync(data, { level: 9 });
    const common = [[2, 20], [2, 0x800], [2, 8], [2, 0], [2, date], [4, crc32(data)],
      [4, packed.length], [4, data.length], [2, path.length], [2, 0]];
    const local = record([4, 0x04034b50], ...common);
    parts.push(local, path, packed);
    directory.push(
      record([4, 0x02014b50], [2, 0x0314], ...common, [2, 0], [2, 0], [2, 0], [4, (executable ? 0o100755 : 0o100644) * 65536],
        [4, offset]), path);
    offset += local.length + path.length + packed.length;
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0);
  const end = record([4, 0x06054b50], [2, 0], [2, 0], [2, files.length], [2, files.length], [4, size],
    [4, offset], [2, 0]);
  return Buffer.concat([...parts, ...directory, end]);
}
